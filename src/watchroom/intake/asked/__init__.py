"""What senders ask that stands in the database, such as their open alerts. One module per source, named like it.

The gate hands such requests to the web process (`sources/base.py`, ``Asked``); the key in the address says for which
integration. A module offers ``answer(request, integration, path) -> HttpResponse``.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from ...kernel.errors import NotAllowed, NotFound, NotSignedIn, WatchroomError
from ...kernel.signing import fingerprint
from ..models import Integration


@csrf_exempt  # who asks shows the integration's key, and no cookie counts
def entry(request: HttpRequest, key: str, rest: str) -> HttpResponse:
    """`/in/<key>/<rest>`: find the integration and have the question answered. Every refusal is a problem document."""
    try:
        return answer(request, integration_with(key), f"/{rest}")
    except WatchroomError as error:
        return _problem(error)


def integration_with(key: str) -> Integration:
    """The integration with this key.

    :raises NotSignedIn: there is none.
    :raises NotAllowed: it is paused.
    """
    found = Integration.objects.select_related("team", "service").filter(key_hash=fingerprint(key)).first()
    if found is None:
        raise NotSignedIn(
            "No integration has this key.",
            fix="Copy the address from the integration's page again; its key may have been replaced.",
        )
    if found.paused:
        raise NotAllowed(f"The integration {found.name!r} is paused.", fix="Resume it on its page in Watchroom.")
    return found


def answer(request: HttpRequest, integration: Integration, path: str) -> HttpResponse:
    """Have the module of the integration's source answer.

    :raises NotFound: nothing of this source can be asked.
    """
    name = f"{__name__}.{integration.source}"
    if not integration.source.isidentifier() or find_spec(name) is None:
        raise NotFound(
            f"Nothing can be asked at {path[:100]!r}.",
            field="path",
            value=path[:100],
            fix="Compare the address with the integration's page.",
        )
    told: HttpResponse = import_module(name).answer(request, integration, path)
    told.headers.setdefault("Cache-Control", "no-store")
    return told


def _problem(error: WatchroomError) -> HttpResponse:
    said = {"title": error.title, "status": error.status, "detail": error.message}
    said |= {"field": error.field, "value": error.value} if error.field else {}
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    return JsonResponse(
        said | {"fix": error.fix}, status=error.status, content_type="application/problem+json", headers=headers
    )
