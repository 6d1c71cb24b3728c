"""The API of routes and time intervals."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Status

from ...accounts.queries import team_by
from ...accounts.roles import Action
from ...api.auth import actor_of
from ...api.lists import Page
from ...api.pages import Cursor, Limit, page
from ...catalog.queries import service_by
from ...paging.views.policies import policy_for
from .. import commands
from ..models import Route, TimeInterval
from ..queries import intervals_visible_to, routes_visible_to
from ..rules import Declares
from ..schemas.intervals import IntervalBody, IntervalOut
from ..schemas.routes import (
    DeclaresBody,
    LabelsBody,
    OutcomeOut,
    RouteBody,
    RouteDrillOut,
    RouteOut,
    TestOut,
    VisitOut,
    WayOut,
)
from ..trying import End, Way, try_labels
from ..views.routes import interval_for, route_for

router = Router(tags=["Routes"])


@router.get("/routes", response=Page[RouteOut], operation_id="list_routes")
def list_routes(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:
    """The routes of the tree."""
    rows, following = page(routes_visible_to(actor_of(request)), cursor=cursor, limit=limit)
    return {"items": [RouteOut.of(row) for row in rows], "next_cursor": following}


def _save_route(request: HttpRequest, id: int | None, body: RouteBody) -> Route:
    actor = actor_of(request)
    return commands.save_route(
        actor,
        route_for(actor, id) if id else None,
        **body.dict(exclude={"parent", "team", "service", "policy", "severities", "declares"}),
        parent=route_for(actor, body.parent) if body.parent else None,
        team=team_by(body.team) if body.team else None,
        service=service_by(actor, body.service) if body.service else None,
        policy=policy_for(actor, body.policy) if body.policy else None,
        severities=None
        if body.severities is None
        else [commands.SeverityRule(each.severity, each.matcher) for each in body.severities],
        declares=Declares(**body.declares.dict()) if isinstance(body.declares, DeclaresBody) else body.declares,
    )


@router.post("/routes", response={201: RouteOut}, operation_id="create_route")
def create_route(request: HttpRequest, body: RouteBody) -> Any:
    """Make a route."""
    return Status(201, RouteOut.of(_save_route(request, None, body)))


def _end(end: End) -> OutcomeOut:
    return OutcomeOut(
        path=list(end.outcome.path),
        group_by=list(end.outcome.group_by),
        group_labels=end.shared,
        group_wait_seconds=end.outcome.group_wait_seconds,
        group_interval_seconds=end.outcome.group_interval_seconds,
        repeat_interval_seconds=end.outcome.repeat_interval_seconds,
        service=end.service.slug if end.service else None,
        policy=end.policy.slug if end.policy else None,
        severity=end.severity,
        urgency=end.urgency,
        muted=end.muted,
        waits=end.waits,
        declares=str(end.outcome.declares or ""),
        pages=[line["text"] for line in end.pages],
    )


def _way(way: Way) -> dict[str, Any]:
    visits = [
        VisitOut(
            route=each.route,
            name=each.name,
            depth=each.depth,
            verdict=each.verdict,
            why=each.why,
            tests=[TestOut(matcher=text, value=value, accepted=ok) for text, value, ok in each.tests],
        )
        for each in way.visits
    ]
    return {"outcomes": [_end(end) for end in way.ends], "visits": visits}


@router.post("/routes/test", response=WayOut, operation_id="test_routes")
def test_routes(request: HttpRequest, body: LabelsBody) -> Any:
    """The way of an alert with these labels through the tree, node by node, and whom it would page now."""
    actor_of(request).require(Action.SEE)
    return _way(try_labels(body.labels))


@router.post("/routes/drill", response={202: RouteDrillOut}, operation_id="drill_routes")
def drill_routes(request: HttpRequest, body: LabelsBody) -> Any:
    """Send an alert with these labels, marked as a drill: it pages like a real one, and ends after 15 minutes."""
    signal, way = commands.send_drill(actor_of(request), body.labels)
    return Status(202, {"signal": signal.pk, "integration": signal.integration.slug, **_way(way)})


@router.get("/routes/{int:id}", response=RouteOut, operation_id="get_route")
def get_route(request: HttpRequest, id: int) -> Any:
    """One route."""
    return RouteOut.of(route_for(actor_of(request), id))


@router.put("/routes/{int:id}", response=RouteOut, operation_id="change_route")
def change_route(request: HttpRequest, id: int, body: RouteBody) -> Any:
    """Change a route. What is open on it keeps its due times."""
    return RouteOut.of(_save_route(request, id, body))


@router.delete("/routes/{int:id}", response={204: None}, operation_id="delete_route")
def delete_route(request: HttpRequest, id: int) -> Any:
    """Delete a route and those below it."""
    actor = actor_of(request)
    commands.delete_route(actor, route_for(actor, id))
    return Status(204, None)


@router.get("/time-intervals", response=Page[IntervalOut], operation_id="list_time_intervals")
def list_intervals(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:
    """Time intervals: what routes mute, page or wait by."""
    rows, following = page(intervals_visible_to(actor_of(request)), cursor=cursor, limit=limit)
    return {"items": [IntervalOut.of(row) for row in rows], "next_cursor": following}


def _save_interval(request: HttpRequest, interval: TimeInterval | None, body: IntervalBody) -> TimeInterval:
    team = team_by(body.team) if body.team else None
    return commands.save_interval(
        actor_of(request), interval, name=body.name, intervals=body.intervals, team=team
    )  # fmt: skip


@router.post("/time-intervals", response={201: IntervalOut}, operation_id="create_time_interval")
def create_interval(request: HttpRequest, body: IntervalBody) -> Any:
    """Make a time interval."""
    return Status(201, IntervalOut.of(_save_interval(request, None, body)))


@router.put("/time-intervals/{id}", response=IntervalOut, operation_id="change_time_interval")
def change_interval(request: HttpRequest, id: int, body: IntervalBody) -> Any:
    """Change a time interval; the routes that name it follow at once."""
    return IntervalOut.of(_save_interval(request, interval_for(actor_of(request), id), body))


@router.delete("/time-intervals/{id}", response={204: None}, operation_id="delete_time_interval")
def delete_interval(request: HttpRequest, id: int) -> Any:
    """Delete a time interval that no route names."""
    actor = actor_of(request)
    commands.delete_interval(actor, interval_for(actor, id))
    return Status(204, None)
