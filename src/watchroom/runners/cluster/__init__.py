"""What is to be known of a Kubernetes cluster, for the runners that change something in one."""

from __future__ import annotations

from typing import Any

from ...kernel import http
from ...kernel.errors import Refused
from .. import base
from ..base import Field, RunFailed, Settings
from . import kubeconfig


def fields(token: str = "") -> tuple[Field, ...]:
    """What is to be known of a cluster; ``token`` says what the account must be allowed."""
    return (
        Field("kubeconfig", "Kubeconfig", f"What “{kubeconfig.COMMAND}” prints: it fills in the rest.", "lines", secret=True,
              instead_of=("url", "token")),
        Field("url", "API server", "Such as https://10.0.0.1:6443.", "url", True),
        Field("token", "Service account's token", token, "password", True, True),
        Field("ca", "Certificate authority (PEM)", "Of the cluster; without it the usual ones count.", "lines"),
        Field("identity", "Client certificate and key (PEM)", "Instead of a token, both in one text.", "lines", secret=True,
              instead_of=("token",)),
        Field("namespaces", "Namespaces", "With commas. Only these may be touched; empty: what the account may."),
    )  # fmt: skip


def check(settings: dict[str, Any], asked: tuple[Field, ...]) -> dict[str, Any]:
    """:func:`base.check`, with what a kubeconfig says in the place of what is set; the kubeconfig itself is not kept.

    :raises Refused: a setting is not accepted.
    """
    given = dict(settings)
    if text := str(given.pop("kubeconfig", None) or "").strip():
        said = kubeconfig.read(text)
        given = {name: value for name, value in given.items() if name not in kubeconfig.SAYS} | said
    cleaned = base.check(given, asked)
    if cleaned.get("ca") and not http.is_ca(cleaned["ca"]):
        raise Refused(
            "That is not a certificate.",
            field="ca",
            value=cleaned["ca"][:40],
            fix="Paste the PEM text, from BEGIN CERTIFICATE to END CERTIFICATE.",
        )
    if cleaned.get("identity") and not http.is_identity(cleaned["identity"]):
        raise Refused(
            "That is not a certificate with its key.",
            field="identity",
            value="(secret)",
            fix="Paste both PEM texts, one after the other; the key without a passphrase.",
        )
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
