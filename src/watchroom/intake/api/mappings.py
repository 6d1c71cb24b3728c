"""Mappings over HTTP, and the tray of what was refused."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field

from ...accounts.roles import Action
from ...api.auth import actor_of
from ...api.lists import Page
from ...api.pages import Cursor, Limit, page
from ...sources import mapping as mappings
from .. import commands
from ..models import Integration
from ..queries import last_payloads, tray_of
from ..schemas.integrations import SignalOut
from ..views.integrations import integration_for

router = Router(tags=["Alerts"])


class MappingOut(Schema):
    """How an integration's payloads become alerts; empty where it has no mapping."""

    mapping: dict[str, Any]


class MappingBody(Schema):
    """A mapping: an object, or the same as YAML; empty takes it away."""

    mapping: dict[str, Any] | str


class TryBody(Schema):
    """What is to be tried: another mapping than the one that is kept, another payload than the last ones that came."""

    mapping: dict[str, Any] | str | None = None
    payload: Any = None
    last: int = Field(5, ge=1, le=20, description="How many of the last payloads are tried.")


class TestedOut(Schema):
    """One of the tests beside the mapping."""

    name: str
    differences: list[str] = Field(description="What is not as it should be; empty: it holds.")


class MappingTriedOut(Schema):
    """What one payload becomes."""

    signal: int | None
    payload: Any
    alerts: list[dict[str, Any]]
    problems: list[dict[str, str]]


class MappingTryOut(Schema):
    """What came of trying a mapping."""

    tests: list[TestedOut]
    payloads: list[MappingTriedOut]


class ReplayedOut(Schema):
    """How many signals are read again."""

    replayed: int


def _managed(request: HttpRequest, slug: str) -> Integration:
    actor = actor_of(request)
    integration = integration_for(actor, slug)
    actor.require(Action.MANAGE, integration.team)
    return integration


def _out(integration: Integration) -> MappingOut:
    return MappingOut(mapping=(integration.settings or {}).get("mapping") or {})


@router.get("/integrations/{slug}/mapping", response=MappingOut, operation_id="get_mapping")
def get_mapping(request: HttpRequest, slug: str) -> Any:
    """How an integration's payloads become alerts."""
    return _out(_managed(request, slug))


@router.put("/integrations/{slug}/mapping", response=MappingOut, operation_id="set_mapping")
def set_mapping(request: HttpRequest, slug: str, body: MappingBody) -> Any:
    """Set a mapping. Its tests are run first; if one fails, nothing is changed."""
    return _out(commands.save_mapping(actor_of(request), _managed(request, slug), body.mapping))


@router.post("/integrations/{slug}/mapping/try", response=MappingTryOut, operation_id="try_mapping")
def try_mapping(request: HttpRequest, slug: str, body: TryBody) -> Any:
    """What a mapping would make of the last real payloads, or of one that is given; changes nothing."""
    integration = _managed(request, slug)
    kept = (integration.settings or {}).get("mapping")
    said = mappings.checked(kept if body.mapping is None else body.mapping)
    given: list[tuple[int | None, Any, str]]
    if body.payload is not None:
        given = [(None, body.payload, "")]
    else:
        given = [(each.signal.pk, each.content, each.problem) for each in last_payloads(integration, body.last)]
    tried = []
    for signal, payload, problem in given:
        outcome = mappings.try_on(said, payload) if said and not problem else mappings.Outcome()
        problems = [{"field": each.field, "value": each.value, "fix": each.fix} for each in outcome.problems]
        problems += [{"field": "body", "value": "", "fix": problem}] if problem else []
        tried.append(MappingTriedOut(signal=signal, payload=payload, alerts=list(outcome.alerts), problems=problems))
    tests = [TestedOut(name=each.name, differences=list(each.differences)) for each in mappings.run_tests(said)]
    return MappingTryOut(tests=tests, payloads=tried)


@router.get("/integrations/{slug}/tray", response=Page[SignalOut], operation_id="list_tray")
def list_tray(request: HttpRequest, slug: str, cursor: Cursor = None, limit: Limit = 50) -> Any:
    """What was refused, in whole or in part, and has not been read again; newest first."""
    found, following = page(tray_of(_managed(request, slug)), cursor=cursor, limit=limit)
    return {"items": [SignalOut.of(row, True) for row in found], "next_cursor": following}


@router.post("/integrations/{slug}/replay-tray", response={202: ReplayedOut}, operation_id="replay_tray")
def replay_tray(request: HttpRequest, slug: str) -> Any:
    """Read everything again that was refused of this integration, 500 signals at most."""
    return Status(202, ReplayedOut(replayed=commands.replay_tray(actor_of(request), _managed(request, slug))))
