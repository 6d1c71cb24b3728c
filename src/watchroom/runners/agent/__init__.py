"""A command on a machine that Watchroom can't reach: an agent there asks for it (``watchroom agent run``).

Nothing is sent from here. An order is handed out by ``POST /api/v1/agents/{runner}/fetch`` to whoever knows the runner's
key, once: what was handed out is never handed out again. Which commands there are, with what arguments, is said only in
the agent's own file: here a command has a name and parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...kernel.errors import Refused
from .. import base
from ..base import Field, Inputs, Order, Progress, RunFailed, Settings

_KEY_LENGTH = 24
_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"


class Agent:
    """See the module's text."""

    name = "agent"
    label = "Agent"
    summary = "A command on a machine of yours, from a list that only its own file allows. It asks; no port is opened."
    fields = (
        Field(
            "key", "Key", f"At least {_KEY_LENGTH} random characters; the same is in the agent's key file.", "password",
            True, True,
        ),
    )  # fmt: skip
    inputs = (
        Field("command", "Command", "Its name in the agent's file.", required=True),
        Field("parameters", "Parameters", "Lines of name=value, as the agent's file allows.", "lines"),
    )
    has_dry_run = False

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        cleaned = base.check(settings, self.fields)
        if len(cleaned["key"]) < _KEY_LENGTH:
            raise Refused(
                "The key is too short.",
                field="key",
                value="(secret)",
                fix=f"Use {_KEY_LENGTH} random characters or more.",
            )
        return dict(cleaned)

    def check_inputs(self, inputs: dict[str, Any]) -> dict[str, str]:
        cleaned = base.check(inputs, self.inputs)
        base.must_match(cleaned, "command", _NAME, "Letters, digits, ., _ and - make a name.")
        for name in base.pairs(cleaned.get("parameters", ""), "parameters"):
            base.must_match({"parameters": name}, "parameters", _NAME, "Letters, digits, ., _ and - make a name.")
        return cleaned

    def is_idempotent(self, settings: Settings) -> bool:
        return True  # nothing has been sent when an order is cut off here: the agent asks for it

    def describe(self, settings: Settings) -> str:
        return "Asks for its orders itself"

    def plan(self, settings: Settings, inputs: Inputs) -> str:
        given = ", ".join(f"{k}={v}" for k, v in base.pairs(inputs.get("parameters", ""), "parameters").items())
        return f"Has the agent run “{inputs.get('command')}”{f' with {given}' if given else ''}."

    def try_it(self, settings: Settings) -> str:
        raise RunFailed("An agent asks us, and is not asked.", fix="Its page says when it was last heard from.")

    def start(self, settings: Settings, order: Order) -> Progress:
        if order.dry_run:
            raise RunFailed("An agent has no dry run.", fix="Make a command of it that only looks.")
        return Progress("running", "Waits for the agent to fetch it.")

    def poll(self, settings: Settings, order: Order, reference: Mapping[str, Any]) -> Progress:
        return Progress("running")  # the agent tells


runner = Agent()
