"""A policy that proposes, and what is read and said about it in a chat."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import factories as make
from chat.pressing import PEERS, text_of
from watchroom.accounts.models import Team
from watchroom.engine.loop import run_due
from watchroom.intake.commands.lifecycle import start_paging
from watchroom.mitigations import commands
from watchroom.mitigations.models import Mitigation, Runner
from watchroom.paging.commands import save_policy
from watchroom.paging.models import EscalationPolicy
from watchroom.venues.commands import save_plan
from watchroom.workspaces.models import Workspace

Connect = Callable[[str], tuple[Any, Workspace]]
Reached = Callable[..., Any]
ROOMS = {"slack": "#alerts", "mattermost": "~town-square", "matrix": "#alerts:example.org", "telegram": "-1001234"}
each_product = pytest.mark.parametrize("kind", sorted(PEERS))
each_with_channels = pytest.mark.parametrize("kind", ["slack", "mattermost", "matrix"])


def saved(row: Mitigation | None, runner: Runner | None, team: Team, **fields: Any) -> Mitigation:
    given = {"name": "Roll back", "how": "Press <the> red button.", "risk": "low", "runner": runner} | fields
    return commands.save_mitigation(make.actor(), row, team=team, **given)


def changed(row: Mitigation, **fields: Any) -> Mitigation:
    return saved(row, row.runner, row.team, **fields)


def policy(mitigation: Mitigation, *targets: dict[str, Any]) -> EscalationPolicy:
    """Its step posts in ``targets``, pages Anna, and proposes."""
    step = {"wait_seconds": 3600, "targets": [*targets, anna(), {"mitigation": mitigation.slug}]}
    return save_policy(make.actor(), None, team=mitigation.team, name="P", steps=[step])


def anna() -> dict[str, Any]:
    """Somebody who is reached, and not in a chat."""
    person = make.person("Anna", "responder")
    make.contact_method(person, "browser", {"person": person.pk})
    return {"person": person.pk}


def fire(chosen: EscalationPolicy, **fields: Any) -> Any:
    service = make.service(team=chosen.team, policy=chosen)
    group = make.group("Checkout is slow", service=service, team=chosen.team, policy=chosen, **fields)
    start_paging([group])
    run_due()
    return group


def in_room(workspace: Workspace, mitigation: Mitigation) -> Any:
    return fire(policy(mitigation, {"chat": workspace.slug, "room": ROOMS[workspace.kind]}))


def refusal(server: Any, answer: Any) -> str:
    """What was said to whoever pressed last."""
    if answer is not None and answer.content:
        return str(answer.content.decode())
    said = server.peer.requests[-1]
    return str(said.body.decode())


def message(server: Any) -> str:
    return text_of(list(server.messages.values())[-1])


def meet(connect: Connect, kind: str) -> tuple[Any, Workspace]:
    """A chat in which incidents get their channel."""
    server, workspace = connect(kind)
    save_plan(make.actor(), None, team=None, name="Meet", workspace=workspace)
    return server, workspace
