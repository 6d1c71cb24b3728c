"""LaunchDarkly: a feature flag's targeting is switched off (or on) in one environment, by a semantic patch.

https://launchdarkly.com/docs/api/feature-flags/update-feature-flag: ``PATCH /api/v2/flags/{project}/{flag}`` with
``Content-Type: application/json; domain-model=launchdarkly.semanticpatch`` and the instructions ``turnFlagOff`` or
``turnFlagOn``; ``?dryRun=true`` checks it and keeps nothing. Switching off what is off changes nothing, so the same order
may be sent twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from .. import base
from ..base import Field, Inputs, Order, Progress, RunFailed, Settings

_KEY = r"[A-Za-z0-9][\w.-]{0,199}"
_CONTENT = "application/json; domain-model=launchdarkly.semanticpatch"


class LaunchDarkly:
    """See the module's text."""

    name = "launchdarkly"
    label = "LaunchDarkly"
    summary = "Switches a feature flag off, or on, in one environment."
    fields = (
        Field(
            "url", "API", "Elsewhere: https://app.eu.launchdarkly.com.", "url", default="https://app.launchdarkly.com"
        ),
        Field("token", "Access token", "With a role that may update flags of the project.", "password", True, True),
        Field("project", "Project", "Its key.", default="default"),
    )
    inputs = (
        Field("flag", "Flag", "Its key.", required=True),
        Field("turn", "Switch it", kind="choice", choices=("off", "on"), default="off"),
        Field("environment", "Environment", "Its key.", default="production"),
    )
    has_dry_run = True

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        cleaned = base.check(settings, self.fields)
        base.must_match(cleaned, "project", _KEY, "Write its key as LaunchDarkly shows it.")
        return dict(cleaned)

    def check_inputs(self, inputs: dict[str, Any]) -> dict[str, str]:
        cleaned = base.check(inputs, self.inputs)
        for name in ("flag", "environment"):
            base.must_match(cleaned, name, _KEY, "Write its key as LaunchDarkly shows it.")
        return cleaned

    def is_idempotent(self, settings: Settings) -> bool:
        return True

    def describe(self, settings: Settings) -> str:
        return f"Project {settings.get('project', '')}"

    def plan(self, settings: Settings, inputs: Inputs) -> str:
        return f"Switches the flag {inputs.get('flag')} {inputs.get('turn')} in {inputs.get('environment')}."

    def try_it(self, settings: Settings) -> str:
        url = f"{settings['url']}/api/v2/flags/{quote(str(settings['project']))}?limit=1&summary=true"
        found = base.read(base.call("GET", url, headers=_headers(settings)))
        return f"It knows {found.get('totalCount', 0)} flags of {settings['project']}."

    def start(self, settings: Settings, order: Order) -> Progress:
        inputs = order.inputs
        turn, flag, environment = inputs["turn"], inputs["flag"], inputs["environment"]
        path = f"{quote(str(settings['project']))}/{quote(flag)}"
        body = {
            "environmentKey": environment,
            "comment": f"Incident #{order.incident}: {order.title} ({order.person})"[:500],
            "instructions": [{"kind": "turnFlagOff" if turn == "off" else "turnFlagOn"}],
        }
        answer = base.call(
            "PATCH", f"{settings['url']}/api/v2/flags/{path}{'?dryRun=true' if order.dry_run else ''}",
            headers=_headers(settings), body=body, content_type=_CONTENT, changes=not order.dry_run,
        )  # fmt: skip
        if order.dry_run:
            return Progress("succeeded", f"LaunchDarkly would switch {flag} {turn} in {environment}.")
        is_on = _is_on(base.read(answer, changed=True), environment)
        if is_on is not None and is_on != (turn == "on"):
            raise RunFailed(f"{flag} is still {'on' if is_on else 'off'}.", fix="Does it need an approval there?")
        link = f"{settings['url']}/projects/{quote(str(settings['project']))}/flags/{quote(flag)}"
        return Progress("succeeded", f"{flag} is {turn} in {environment}.", link=link)

    def poll(self, settings: Settings, order: Order, reference: Mapping[str, Any]) -> Progress:
        return Progress("succeeded")


def _is_on(flag: dict[str, Any], environment: str) -> bool | None:
    """How the answer says that it stands; None where it does not say."""
    found = flag.get("environments")
    found = found.get(environment) if isinstance(found, dict) else None
    return bool(found["on"]) if isinstance(found, dict) and "on" in found else None


def _headers(settings: Settings) -> dict[str, str]:
    return {"Authorization": str(settings["token"])}


runner = LaunchDarkly()
