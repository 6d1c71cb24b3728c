"""Reads a kubeconfig that somebody pasted: one cluster and one account, all of it in the text.

The format: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/. The official client's own loader is not asked: it
runs the programs that such a file names, opens files of this machine, and writes keys into temporary ones.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from ...kernel import yamls
from ...kernel.asked import MOST_LINES
from ...kernel.errors import Refused
from .. import base

COMMAND = "kubectl config view --raw --minify --flatten"
SAYS = ("url", "ca", "token", "identity")
# What changes nothing of how the cluster is asked.
_IGNORED = {"extensions", "disable-compression"}
_CLUSTER = {"server", "certificate-authority-data"}
_USER = {"token", "client-certificate-data", "client-key-data"}
_WHY = {
    "exec": "runs a program to sign in, which Watchroom does not do",
    "auth-provider": "runs a program to sign in, which Watchroom does not do",
    "certificate-authority": "refers to a file",
    "client-certificate": "refers to a file",
    "client-key": "refers to a file",
    "tokenFile": "refers to a file",
    "insecure-skip-tls-verify": "trusts whoever answers, which Watchroom does not do",
}
_INSTEAD = {
    "runs": "Make a service account for Watchroom and paste its token (kubectl create token).",
    "refers": f"Paste what “{COMMAND}” prints: it puts files into the text.",
    "trusts": "Give the cluster's certificate authority.",
}


def read(text: str) -> dict[str, str]:
    """The settings for which it stands: ``url``, and as it says ``ca``, and ``token`` or ``identity``.

    :raises Refused: it can't be read, has nothing to sign in with, or asks for more than is said here.
    """
    if len(text) > MOST_LINES:  # reading it would hold up everybody else
        raise _refused(
            f"It is too long: it has {len(text)} characters, and at most {MOST_LINES} are read.",
            f"Paste what “{COMMAND}” prints: only what one cluster needs.",
        )
    try:
        found = yamls.read(text)
    except yamls.NotYaml as error:
        raise _refused(str(error)) from None
    if not isinstance(found, dict) or not found.get("clusters"):
        raise _refused("That is not a kubeconfig.")
    context = _named(found, "contexts", "context", str(found.get("current-context") or ""))
    cluster = _named(found, "clusters", "cluster", str(context.get("cluster") or ""))
    user = _named(found, "users", "user", str(context.get("user") or ""))
    _only(cluster, _CLUSTER)
    _only(user, _USER)
    said = {"url": str(cluster.get("server") or "")}
    if cluster.get("certificate-authority-data"):
        said["ca"] = _decoded(cluster, "certificate-authority-data")
    if user.get("client-certificate-data") and user.get("client-key-data"):
        pair = (_decoded(user, name).strip() for name in ("client-certificate-data", "client-key-data"))
        said["identity"] = "\n".join(pair)
    elif user.get("token"):
        said["token"] = str(user["token"])
    else:
        raise _refused("It has nothing to sign in with.", "It needs a token, or a certificate and its key.")
    return said


def _named(found: dict[str, Any], several: str, one: str, name: str) -> dict[str, Any]:
    """The entry of this name, or the only one where no name is said."""
    entries = found.get(several) or []
    if not isinstance(entries, list):
        raise _refused(f"Its {several} are no list.")
    rows = [each for each in entries if isinstance(each, dict)]
    fitting = [each for each in rows if each.get("name") == name] if name else rows
    if len(fitting) != 1:
        raise _refused(f"It does not say which {one} is meant." if not name else f"It has no {one} {name[:80]!r}.")
    return base.part(fitting[0], one)


def _only(entry: dict[str, Any], known: set[str]) -> None:
    for name, value in entry.items():
        if name in known or name in _IGNORED or not value:
            continue
        why = _WHY.get(str(name), "asks for something that Watchroom does not do")
        raise _refused(f"Its {str(name)[:40]} {why}.", _INSTEAD.get(why.split()[0], "Fill in the fields instead."))


def _decoded(entry: dict[str, Any], name: str) -> str:
    try:
        return base64.b64decode(str(entry[name]), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        raise _refused(f"Its {name} is not base64 of a PEM text.") from None


def _refused(text: str, fix: str = "") -> Refused:
    return Refused(text, field="kubeconfig", value="(secret)", fix=fix or f"Paste what “{COMMAND}” prints.")
