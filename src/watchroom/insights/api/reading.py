"""The API of insights."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Status

from ...accounts.queries import team_by
from ...accounts.roles import Action
from ...actions.api import ActionItemOut
from ...api.auth import actor_of
from ...api.pages import Limit
from ...intake.schemas.routes import RouteOut
from .. import commands, queries, responding
from ..schemas import FixBody, IncidentNumbersOut, ScoreOut, TeamLoadOut, WaitBody, WeeklyListBody, WeeklyListOut
from ..worth import alert_rules

router = Router(tags=["Insights"])


@router.get("/insights/alert-rules", response=list[ScoreOut], operation_id="list_alert_rules")
def list_alert_rules(request: HttpRequest, days: int = 28, team: str = "", limit: Limit = 100) -> Any:
    """Which kinds of alerts page people for nothing, the worst first, and what would mend them."""
    actor = actor_of(request)
    found = alert_rules(actor, *queries.window(days), team_by(team) if team else None, most=limit)
    return [ScoreOut.of(score) for score in found.scores]


@router.get("/insights/load", response=TeamLoadOut, operation_id="get_team_load")
def get_team_load(request: HttpRequest, team: str, days: int = 28) -> Any:
    """What on-call cost the people of a team."""
    actor = actor_of(request)
    chosen = team_by(team)
    actor.require(Action.SEE, chosen)
    return TeamLoadOut.of(queries.team_load(chosen, *queries.window(days)))


@router.get("/insights/incidents", response=IncidentNumbersOut, operation_id="get_incident_numbers")
def get_incident_numbers(request: HttpRequest, days: int = 28, team: str = "") -> Any:
    """How the incidents of the last so many days went, beside as long a time before: how many, how long until they were
    detected, acknowledged, mitigated and resolved, and which services were hurt."""
    chosen = team_by(team) if team else None
    return IncidentNumbersOut.of(responding.incident_numbers(actor_of(request), *queries.window(days), chosen))


@router.post("/insights/fix", response={201: ActionItemOut}, operation_id="fix_alert_rule")
def fix_alert_rule(request: HttpRequest, body: FixBody) -> Any:
    """Make it my task to mend a kind of alert, with what is known about it; one that is open already is given back."""
    return Status(201, ActionItemOut.of(commands.fix_alert(actor_of(request), rule=body.rule, team=team_by(body.team))))


@router.post("/insights/wait", response={201: RouteOut}, operation_id="accept_wait")
def accept_wait(request: HttpRequest, body: WaitBody) -> Any:
    """Let paging for a kind of alert wait as suggested: gives the route that is made for it."""
    made = commands.accept_wait(actor_of(request), rule=body.rule, team=team_by(body.team), days=body.days)
    return Status(201, RouteOut.of(made))


@router.put("/insights/weekly-list/{team}", response=WeeklyListOut, operation_id="set_weekly_list")
def set_weekly_list(request: HttpRequest, team: str, body: WeeklyListBody) -> Any:
    """Have the managers of a team told on Mondays which of its alerts to fix, or no longer."""
    chosen = team_by(team)
    commands.set_weekly_list(actor_of(request), chosen, body.on)
    return WeeklyListOut.of(chosen)


@router.get("/insights/weekly-list/{team}", response=WeeklyListOut, operation_id="get_weekly_list")
def get_weekly_list(request: HttpRequest, team: str) -> Any:
    """Whether the managers of a team are told on Mondays which of its alerts to fix."""
    chosen = team_by(team)
    actor_of(request).require(Action.SEE, chosen)
    return WeeklyListOut.of(chosen)
