"""The official client of Kubernetes (PyPI ``kubernetes``), which asks through :mod:`watchroom.kernel.http`, as everything
else here does.

The package makes each request; its ``ApiClient`` hands it to a ``rest_client``, in whose place ours stands, so that addresses
are judged, time and size are limited, and neither a proxy nor a file of this machine has a say. What a cluster answers is
taken as it was sent, not as the package's classes: they would drop what a newer cluster knows, and refuse what it leaves out.
The package is imported only where something is asked: it is large.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec

from .. import base
from ..base import Settings

_MANAGER = "watchroom"  # who changed a field, as the cluster notes it


def api(settings: Settings, name: str) -> Any:
    """One of the client's APIs, such as ``AppsV1Api``, for this cluster."""
    from kubernetes import client

    made = client.ApiClient(client.Configuration(host=str(settings["url"])))
    made.rest_client = _Transport(settings)
    return getattr(client, name)(made)


def call(operation: Callable[..., Any], *given: str, **named: Any) -> dict[str, Any]:
    """One operation of an API: the JSON object that it answers with.

    :raises RunFailed: it was refused, nobody knows whether it was done, or the answer is no such object.
    """
    answer: _Answer = operation(*given, **named, _preload_content=False)
    return answer.found


def patch(operation: Callable[..., Any], *place: str, body: Any, dry_run: bool) -> None:
    """:func:`call`, for an operation that patches what is at ``place``; a dry run goes through the cluster's whole admission
    and is not kept."""
    call(operation, *place, body=body, field_manager=_MANAGER, **({"dry_run": "All"} if dry_run else {}))


def version(settings: Settings) -> str:
    """Whether the cluster answers, in words.

    :raises RunFailed: it does not.
    """
    found = call(api(settings, "VersionApi").get_code)
    return f"It is Kubernetes {found.get('gitVersion', 'of an unknown version')}."


class _Answer:
    """What the package hands through. Only a success comes so far: :func:`base.call` raises what is none."""

    def __init__(self, found: dict[str, Any], status: int, headers: Mapping[str, str]) -> None:
        self.found, self.status, self._headers = found, status, headers

    def getheaders(self) -> Mapping[str, str]:
        return self._headers


class _Transport:
    """Stands in the place of ``kubernetes.client.rest.RESTClientObject``: the two methods that are used here, and none
    besides. See https://github.com/kubernetes-client/python/blob/master/kubernetes/client/rest.py."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def GET(self, url: str, headers: Mapping[str, str], query_params: Any = None, **_: Any) -> _Answer:
        return self._ask("GET", url, query_params, dict(headers))

    def PATCH(
        self, url: str, headers: Mapping[str, str], query_params: Any = None, body: Any = None, **_: Any
    ) -> _Answer:
        sent = dict(headers)
        if sent["Content-Type"] == "application/json-patch+json" and not isinstance(body, list):
            sent["Content-Type"] = "application/strategic-merge-patch+json"  # as the package's own transport does
        return self._ask("PATCH", url, query_params, sent, msgspec.json.encode(body))

    def _ask(self, method: str, url: str, query: Any, headers: dict[str, str], content: bytes = b"") -> _Answer:
        if self.settings.get("token"):
            headers["Authorization"] = f"Bearer {self.settings['token']}"
        changes = method != "GET" and ("dryRun", "All") not in (query or ())
        answer = base.call(
            method,
            f"{url}?{urlencode(query)}" if query else url,
            headers=headers,
            content=content,
            ca=str(self.settings.get("ca", "")),
            identity=str(self.settings.get("identity", "")),
            changes=changes,
        )
        return _Answer(base.read(answer, changed=changes), answer.status, answer.headers)
