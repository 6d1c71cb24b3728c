"""What a team bears, over the API."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest
from ninja import Query, Router

from ...accounts.queries import team_by
from ...accounts.roles import Action
from ...api.auth import actor_of
from ...api.lists import Page
from ...api.pages import Cursor, Limit, page
from .. import bearing, limits
from ..schemas import CrossingDetail, CrossingOut, LimitsBody, LimitsOut

router = Router(tags=["Insights"])


@router.get("/insights/limits/{team}", response=LimitsOut, operation_id="get_load_limits")
def get_load_limits(request: HttpRequest, team: str) -> Any:
    """What a team bears, and whether anybody is told when that is crossed."""
    chosen = team_by(team)
    actor_of(request).require(Action.SEE, chosen)
    return LimitsOut.of(chosen)


@router.put("/insights/limits/{team}", response=LimitsOut, operation_id="set_load_limits")
def set_load_limits(request: HttpRequest, team: str, body: LimitsBody) -> Any:
    """From then on whoever crosses one is told, and the team's managers. What is left out keeps its value; 0: no limit."""
    chosen = team_by(team)
    bearing.set_limits(actor_of(request), chosen, body.model_dump(exclude_none=True))
    return LimitsOut.of(chosen)


@router.delete("/insights/limits/{team}", response=LimitsOut, operation_id="remove_load_limits")
def remove_load_limits(request: HttpRequest, team: str) -> Any:
    """Nobody is told any more; the defaults go on warning on the page of the team's load."""
    chosen = team_by(team)
    bearing.set_limits(actor_of(request), chosen, None)
    return LimitsOut.of(chosen)


@router.get("/insights/crossings", response=Page[CrossingOut], operation_id="list_crossings")
def list_crossings(
    request: HttpRequest,
    team: str = Query("", description="Slug; empty: of all teams."),
    state: Literal["open", "closed", "all"] = "open",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Any:
    """Who carried more than their team's limits; the latest first."""
    rows = limits.crossings_visible_to(actor_of(request))
    rows = rows.filter(team=team_by(team)) if team else rows
    rows = rows.filter(closed_at__isnull=state == "open") if state != "all" else rows
    items, following = page(rows, cursor=cursor, limit=limit, key="-noticed_at")
    return Page[CrossingOut](items=[CrossingOut.of(row) for row in items], next_cursor=following)


@router.get("/insights/crossings/{int:id}", response=CrossingDetail, operation_id="get_crossing")
def get_crossing(request: HttpRequest, id: int) -> Any:
    """One of them, with what would help as things are now."""
    return CrossingDetail.of(limits.crossing_for(actor_of(request), id))


@router.post("/insights/crossings/{int:id}/accept", response=CrossingDetail, operation_id="accept_proposal")
def accept_proposal(request: HttpRequest, id: int, proposal: Literal["rest_day", "swap", "fix"]) -> Any:
    """Take what is proposed: a rest day with cover, somebody for the next shift, or the alerts to mend as your tasks. For the
    person, and for managers of the team."""
    by = actor_of(request)
    return CrossingDetail.of(bearing.ACCEPT[proposal](by, limits.crossing_for(by, id)))


@router.post("/insights/crossings/{int:id}/close", response=CrossingDetail, operation_id="close_crossing")
def close_crossing(request: HttpRequest, id: int) -> Any:
    """It is dealt with, or known."""
    by = actor_of(request)
    return CrossingDetail.of(bearing.close_crossing(by, limits.crossing_for(by, id)))
