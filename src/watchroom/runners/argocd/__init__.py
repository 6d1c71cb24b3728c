"""Argo CD: an application is rolled back or synced, and followed until it is healthy.

The REST API of Argo CD as its own ``/swagger-ui`` describes it: ``GET /api/v1/applications/{name}``,
``POST …/sync``, ``POST …/rollback`` (https://argo-cd.readthedocs.io/en/stable/developer-guide/api-docs/). A rollback names
an entry of the application's history by id; where none is given, the one before the present is taken. Argo CD refuses a
rollback while automated sync is on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from .. import base
from ..base import Field, Inputs, Order, Progress, RunFailed, Settings

_PHASE_FAILED = {"Failed", "Error"}


class ArgoCD:
    """See the module's text."""

    name = "argocd"
    label = "Argo CD"
    summary = "Rolls an application back, or syncs it, and waits until it is healthy."
    fields = (
        Field("url", "Address", "Such as https://argocd.example.org.", "url", True),
        Field("token", "Token", "Of an account that may get and sync these applications.", "password", True, True),
        Field("ca", "Certificate authority", "PEM, if its certificate is signed by one of your own.", "lines"),
    )
    inputs = (
        Field("do", "What", kind="choice", choices=("rollback", "sync"), default="rollback"),
        Field("application", "Application", required=True),
        Field("history", "History entry", "Its id; empty: the one before the present. Only for a rollback."),
        Field("revision", "Revision", "What to sync to; empty: as the application says. Only for a sync."),
        Field("prune", "Remove what is no longer there", kind="choice", choices=("no", "yes"), default="no"),
        Field("namespace", "Its own namespace", "Only for applications outside of Argo CD's namespace."),
    )
    has_dry_run = True

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        return dict(base.check(settings, self.fields))

    def check_inputs(self, inputs: dict[str, Any]) -> dict[str, str]:
        cleaned = base.check(inputs, self.inputs)
        name = r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?"
        base.must_match(cleaned, "application", name, "Write its name: small letters, digits, - and .")
        base.must_match(cleaned, "namespace", name, "Write its name: small letters, digits and -.")
        base.must_match(cleaned, "history", r"\d{1,9}", "Write the number that its history shows.")
        base.must_match(cleaned, "revision", r"[\w./-]{1,200}", "Write a branch, a tag or a commit.")
        return cleaned

    def is_idempotent(self, settings: Settings) -> bool:
        return False

    def describe(self, settings: Settings) -> str:
        return str(settings.get("url", "")).partition("://")[2]

    def plan(self, settings: Settings, inputs: Inputs) -> str:
        app = inputs.get("application")
        if inputs.get("do") == "sync":
            return f"Syncs {app}" + (f" to {inputs['revision']}." if inputs.get("revision") else ".")
        return f"Rolls {app} back to " + (
            f"entry {inputs['history']}." if inputs.get("history") else "what ran before."
        )

    def try_it(self, settings: Settings) -> str:
        found = base.read(_call(settings, "GET", "/api/v1/session/userinfo"))
        if not found.get("loggedIn"):
            raise RunFailed("It does not know this token.", fix="Make one with `argocd account generate-token`.")
        return f"It knows us as {found.get('username') or 'somebody without a name'}."

    def start(self, settings: Settings, order: Order) -> Progress:
        inputs = order.inputs
        now = base.read(_call(settings, "GET", _path(inputs) + _query(inputs)))
        before = str(_map(now, "status", "operationState").get("startedAt") or "")
        if now.get("operation"):
            raise RunFailed("Another operation of this application is under way.", fix="Wait for it, or end it there.")
        body: dict[str, Any] = {"dryRun": order.dry_run, "prune": inputs.get("prune") == "yes"}
        if inputs.get("namespace"):
            body["appNamespace"] = inputs["namespace"]
        if inputs.get("do") == "sync":
            said = f"Syncing to {inputs.get('revision') or 'what the application says'}."
            if inputs.get("revision"):
                body["revision"] = inputs["revision"]
        else:
            body["id"], said = _entry(now, inputs.get("history", ""))
        verb = "sync" if inputs.get("do") == "sync" else "rollback"
        found = base.read(
            _call(settings, "POST", f"{_path(inputs)}/{verb}", body, changes=not order.dry_run),
            changed=not order.dry_run,
        )
        if order.dry_run:
            return Progress("succeeded", f"Argo CD would do it. {said}")
        link = f"{settings['url']}/applications/{quote(inputs['application'])}"
        started = str(_map(found, "status", "operationState").get("startedAt") or "")
        return Progress("running", said, {"before": before if started in {"", before} else ""}, link)

    def poll(self, settings: Settings, order: Order, reference: Mapping[str, Any]) -> Progress:
        found = base.read(_call(settings, "GET", _path(order.inputs) + _query(order.inputs)))
        kept, state = dict(reference), _map(found, "status", "operationState")
        phase, said = str(state.get("phase") or ""), str(state.get("message") or "")
        is_ours = not reference.get("before") or state.get("startedAt") != reference["before"]
        if not is_ours or found.get("operation") or phase in {"", "Running", "Terminating"}:
            return Progress("running", said if is_ours and said else "It has begun.", kept)
        if phase in _PHASE_FAILED:
            return Progress("failed", f"{phase}: {said}".rstrip(": "), kept)
        health = str(_map(found, "status", "health").get("status") or "Unknown")
        sync = str(_map(found, "status", "sync").get("status") or "Unknown")
        text = (
            f"Carried out; the application is {health.lower()} and {'in sync' if sync == 'Synced' else 'not in sync'}."
        )
        if health == "Progressing":
            return Progress("running", text, kept)
        return Progress("failed" if health in {"Degraded", "Missing"} else "succeeded", text, kept)


def _entry(app: dict[str, Any], wanted: str) -> tuple[int, str]:
    """The entry of the history to go back to, and a sentence about it."""
    status = app.get("status")
    rows = status.get("history") if isinstance(status, dict) else None
    history = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    ids = [int(row.get("id") or 0) for row in history]
    if wanted:
        if int(wanted) not in ids:
            raise RunFailed(
                f"Its history has no entry {wanted}.", fix=f"It has {', '.join(map(str, ids[-5:])) or 'none'}."
            )
        chosen = history[ids.index(int(wanted))]
    elif len(history) < 2:
        raise RunFailed("Nothing ran before the present: there is nothing to roll back to.")
    else:
        chosen = history[-2]
    revision = str(chosen.get("revision") or "")[:12]
    return int(
        chosen.get("id") or 0
    ), f"Rolling back to entry {chosen.get('id') or 0}{f' ({revision})' if revision else ''}."


def _map(found: Any, *names: str) -> dict[str, Any]:
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _path(inputs: Inputs) -> str:
    return f"/api/v1/applications/{quote(inputs['application'], safe='')}"


def _query(inputs: Inputs) -> str:
    return f"?{urlencode({'appNamespace': inputs['namespace']})}" if inputs.get("namespace") else ""


def _call(settings: Settings, method: str, path: str, body: Any = None, *, changes: bool = False) -> Any:
    headers = {"Authorization": f"Bearer {settings['token']}"}
    url = f"{settings['url']}{path}"
    return base.call(method, url, headers=headers, body=body, ca=str(settings.get("ca", "")), changes=changes)


runner = ArgoCD()
