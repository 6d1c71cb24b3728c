"""What teams still lack, by API."""

from __future__ import annotations

from dataclasses import asdict

from django.http import HttpRequest
from ninja import Router, Status

from ...accounts.models import Team
from ...accounts.roles import Action
from ...api.auth import actor_of
from ...api.lists import Page
from ...api.pages import Cursor, Limit, page
from ...kernel import clock
from .. import commands
from ..commands.looking import found_of
from ..gathering import thresholds
from ..queries import standing as queries
from ..schemas import LackIn, PutOffIn, ReadinessOut, StandingOut, ThresholdsIO

router = Router(tags=["Readiness"])


@router.get("/readiness", response=Page[StandingOut], operation_id="list_readiness", summary="How ready your teams are")
def list_readiness(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Page[StandingOut]:
    """As they were when they were last looked at, within the hour; where most will hurt comes first. Administrators see every
    team and the installation."""
    by = actor_of(request)
    by.require(Action.SEE)
    rows, more = page(queries.visible_to(by), cursor=cursor, limit=limit, key="-hurts")
    return Page(items=[StandingOut.of(row) for row in rows], next_cursor=more)


@router.get("/readiness/teams/{team}", response=ReadinessOut, operation_id="get_readiness", summary="What a team lacks")
def of_team(request: HttpRequest, team: str) -> ReadinessOut:
    """At this moment; for its members, whoever manages it, and administrators."""
    by = actor_of(request)
    return _of(request, queries.team_for(by, team))


@router.get(
    "/readiness/installation", response=ReadinessOut, operation_id="get_readiness_of_installation",
    summary="What the installation lacks",
)  # fmt: skip
def of_installation(request: HttpRequest) -> ReadinessOut:
    """At this moment; for administrators."""
    actor_of(request).require(Action.ADMINISTER)
    return _of(request, None)


def _of(request: HttpRequest, team: Team | None) -> ReadinessOut:
    found = found_of([team], clock.now())[team.pk if team else None]
    return ReadinessOut.of(queries.readiness_of(actor_of(request), team, found), queries.history_of(team))


@router.post("/readiness/put-off", response={204: None}, operation_id="put_off_lack", summary="Put it off until a day")
def put_off(request: HttpRequest, body: PutOffIn) -> Status[None]:
    """With a reason; it stays in the list, and comes back."""
    by = actor_of(request)
    team = queries.team_for(by, body.team) if body.team is not None else None
    commands.put_off(by, team, body.key, until=body.until, reason=body.reason)
    return Status(204, None)


@router.post("/readiness/take-up", response={204: None}, operation_id="take_up_lack", summary="Mend it now after all")
def take_up(request: HttpRequest, body: LackIn) -> Status[None]:
    """What was put off."""
    by = actor_of(request)
    commands.take_up(by, queries.team_for(by, body.team) if body.team is not None else None, body.key)
    return Status(204, None)


@router.get("/readiness/thresholds", response=ThresholdsIO, operation_id="get_readiness_thresholds")
def get_thresholds(request: HttpRequest) -> ThresholdsIO:
    """From when on something counts as lacking."""
    actor_of(request).require(Action.SEE)
    return ThresholdsIO(**asdict(thresholds()))


@router.put("/readiness/thresholds", response=ThresholdsIO, operation_id="set_readiness_thresholds")
def put_thresholds(request: HttpRequest, body: ThresholdsIO) -> ThresholdsIO:
    """Say from when on; for administrators."""
    said = {name: value for name, value in body.model_dump().items() if value is not None}
    return ThresholdsIO(**asdict(commands.set_thresholds(actor_of(request), said)))


@router.delete("/readiness/thresholds", response=ThresholdsIO, operation_id="reset_readiness_thresholds")
def reset_thresholds(request: HttpRequest) -> ThresholdsIO:
    """As Watchroom comes; for administrators."""
    return ThresholdsIO(**asdict(commands.set_thresholds(actor_of(request), None)))
