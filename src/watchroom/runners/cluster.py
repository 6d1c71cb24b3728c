"""The API of a Kubernetes cluster, for the runners that change something in one."""

from __future__ import annotations

import ssl
from typing import Any

from ..kernel import http
from ..kernel.errors import Refused
from . import base
from .base import Field, RunFailed, Settings

MERGE = "application/merge-patch+json"


def fields(token: str = "") -> tuple[Field, ...]:
    """What is to be known of a cluster; ``token`` says what the account must be allowed."""
    return (
        Field("url", "API server", "Such as https://10.0.0.1:6443.", "url", True),
        Field("token", "Service account's token", token, "password", True, True),
        Field("ca", "Certificate authority (PEM)", "Of the cluster; without it the usual ones count.", "lines"),
        Field("namespaces", "Namespaces", "With commas. Only these may be touched; empty: what the token may."),
    )


def check(settings: dict[str, Any], asked: tuple[Field, ...]) -> dict[str, Any]:
    """:func:`base.check`, and the certificate authority is one.

    :raises Refused: a setting is not accepted.
    """
    cleaned = base.check(settings, asked)
    if cleaned.get("ca"):
        try:
            ssl.create_default_context(cadata=cleaned["ca"])
        except (ssl.SSLError, ValueError):
            raise Refused(
                "That is not a certificate.",
                field="ca",
                value=cleaned["ca"][:40],
                fix="Paste the PEM text, from BEGIN CERTIFICATE to END CERTIFICATE.",
            ) from None
    return dict(cleaned)


def check_names(cleaned: dict[str, str], pattern: str) -> None:
    """The namespace and the name are such as a cluster has.

    :raises Refused: one of them is not.
    """
    for name in ("namespace", "name"):
        base.must_match(cleaned, name, pattern, "Use lower-case letters, digits and dashes, as the cluster does.")


def must_be_allowed(settings: Settings, namespace: str) -> None:
    """:raises RunFailed: this runner may not touch the namespace."""
    allowed = {each.strip() for each in str(settings.get("namespaces", "")).split(",") if each.strip()}
    if allowed and namespace not in allowed:
        raise RunFailed(f"This runner may not touch the namespace {namespace}.", fix="See its settings.")


def try_it(settings: Settings) -> str:
    """Whether the cluster answers.

    :raises RunFailed: it does not.
    """
    found = base.read(call(settings, "GET", "/version"))
    return f"It is Kubernetes {found.get('gitVersion', 'of an unknown version')}."


def call(
    settings: Settings,
    method: str,
    path: str,
    body: Any = None,
    content_type: str = "application/json",
    *,
    changes: bool = False,
) -> http.Answer:
    """One request, with the account's token (see :func:`base.call`)."""
    return base.call(
        method,
        f"{settings['url']}{path}",
        headers={"Authorization": f"Bearer {settings['token']}"},
        body=body,
        content_type=content_type,
        ca=str(settings.get("ca", "")),
        changes=changes,
    )
