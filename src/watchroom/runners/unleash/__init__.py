"""Unleash: a feature flag is switched off (or on) in one environment.

https://docs.getunleash.io/api/toggle-feature-environment-off and …-on:
``POST /api/admin/projects/{project}/features/{flag}/environments/{environment}/off``; how it stands:
``GET /api/admin/projects/{project}/features/{flag}/environments/{environment}``. Switching off what is off changes nothing, so
the same order may be sent twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from .. import base
from ..base import Field, Inputs, Order, Progress, Settings

_NAME = r"(?!\.{1,2}$)[\w.~:-]{1,200}"  # no step to another address


class Unleash:
    """See the module's text."""

    name = "unleash"
    label = "Unleash"
    summary = "Switches a feature flag off, or on, in one environment."
    fields = (
        Field("url", "Address", "Without /api, such as https://unleash.example.org.", "url", True),
        Field("token", "Token", "Of a service account that may switch flags of the project.", "password", True, True),
        Field("project", "Project", default="default"),
    )
    inputs = (
        Field("flag", "Flag", required=True),
        Field("turn", "Switch it", kind="choice", choices=("off", "on"), default="off"),
        Field("environment", "Environment", default="production"),
    )
    has_dry_run = True

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        cleaned = base.check(settings, self.fields)
        base.must_match(cleaned, "project", _NAME, "Write its id.")
        return dict(cleaned)

    def check_inputs(self, inputs: dict[str, Any]) -> dict[str, str]:
        cleaned = base.check(inputs, self.inputs)
        for name in ("flag", "environment"):
            base.must_match(cleaned, name, _NAME, "Write its name as Unleash shows it.")
        return cleaned

    def is_idempotent(self, settings: Settings) -> bool:
        return True

    def describe(self, settings: Settings) -> str:
        return f"{str(settings.get('url', '')).partition('://')[2]}, {settings.get('project', '')}"

    def plan(self, settings: Settings, inputs: Inputs) -> str:
        return f"Switches the flag {inputs.get('flag')} {inputs.get('turn')} in {inputs.get('environment')}."

    def try_it(self, settings: Settings) -> str:
        found = base.read(base.call("GET", f"{_project(settings)}/features", headers=_headers(settings)))
        flags = found.get("features")
        return f"It knows {len(flags) if isinstance(flags, list) else 0} flags of {settings['project']}."

    def start(self, settings: Settings, order: Order) -> Progress:
        turn, flag = order.inputs["turn"], order.inputs["flag"]
        if order.dry_run:
            found = base.read(base.call("GET", _environment(settings, order.inputs), headers=_headers(settings)))
            is_on = bool(found.get("enabled"))
            return Progress("succeeded", f"It is {'on' if is_on else 'off'} now, and would be switched {turn}.")
        base.call("POST", f"{_environment(settings, order.inputs)}/{turn}", headers=_headers(settings), changes=True)
        link = f"{settings['url']}/projects/{quote(str(settings['project']))}/features/{quote(flag)}"
        return Progress("succeeded", f"{flag} is {turn} in {order.inputs['environment']}.", link=link)

    def poll(self, settings: Settings, order: Order, reference: Mapping[str, Any]) -> Progress:
        return Progress("succeeded")


def _project(settings: Settings) -> str:
    return f"{settings['url']}/api/admin/projects/{quote(str(settings['project']), safe='')}"


def _environment(settings: Settings, inputs: Inputs) -> str:
    flag, environment = quote(inputs["flag"], safe=""), quote(inputs["environment"], safe="")
    return f"{_project(settings)}/features/{flag}/environments/{environment}"


def _headers(settings: Settings) -> dict[str, str]:
    return {"Authorization": str(settings["token"])}


runner = Unleash()
