"""Suggestions to group alerts that always fire together, over the API."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest
from ninja import Router

from ...api.auth import actor_of
from ...api.lists import Page
from ...api.pages import Cursor, Limit, page
from .. import grouping
from ..schemas import GroupingOut

router = Router(tags=["Insights"])


@router.get("/grouping-suggestions", response=Page[GroupingOut], operation_id="list_grouping_suggestions")
def list_suggestions(
    request: HttpRequest,
    state: Literal["open", "accepted", "dismissed", "all"] = "open",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Any:
    """Alerts that always fire together, and the label by which they would be one alert group; counted once a day."""
    rows = grouping.suggestions_visible_to(actor_of(request))
    found, following = page(rows if state == "all" else rows.filter(state=state), cursor=cursor, limit=limit)
    return {"items": [GroupingOut.of(row) for row in found], "next_cursor": following}


@router.get("/grouping-suggestions/{int:id}", response=GroupingOut, operation_id="get_grouping_suggestion")
def get_suggestion(request: HttpRequest, id: int) -> Any:
    """One of them."""
    return GroupingOut.of(grouping.suggestion_for(actor_of(request), id))


@router.post("/grouping-suggestions/{int:id}/accept", response=GroupingOut, operation_id="accept_grouping_suggestion")
def accept_suggestion(request: HttpRequest, id: int) -> Any:
    """Group as it is suggested: a route is changed, or made, as ``effect`` says."""
    by = actor_of(request)
    return GroupingOut.of(grouping.accept(by, grouping.suggestion_for(by, id)))


@router.post("/grouping-suggestions/{int:id}/dismiss", response=GroupingOut, operation_id="dismiss_grouping_suggestion")
def dismiss_suggestion(request: HttpRequest, id: int) -> Any:
    """They stay as they are; it is not suggested again."""
    by = actor_of(request)
    return GroupingOut.of(grouping.dismiss(by, grouping.suggestion_for(by, id)))
