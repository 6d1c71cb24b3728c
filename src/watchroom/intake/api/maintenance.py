"""Maintenance windows over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema, Status

from ...accounts.queries import team_by
from ...api.auth import actor_of
from ...api.lists import Page
from ...api.pages import Cursor, Limit, page
from ...catalog.queries import service_by
from ...kernel.errors import Refused
from ...kernel.times import Instant
from .. import commands
from ..models import MaintenanceWindow
from ..queries import maintenance_visible_to, window_for
from ..schemas.repeating import Clocks, ExtendBody, RepeatingOut, Rule, SkipBody

router = Router(tags=["Silences and maintenance"])


class MaintenanceBody(Schema):
    """A maintenance window as it is written."""

    team: str
    title: str
    services: list[str]
    starts_at: Instant
    ends_at: Instant
    repeats: Rule = ""
    timezone: Clocks = ""


class MaintenanceOut(Schema):
    """A maintenance window as it is read."""

    id: int
    state: str
    team: str
    title: str
    services: list[str]
    starts_at: datetime
    ends_at: datetime
    repeats: RepeatingOut | None

    @classmethod
    def of(cls, row: MaintenanceWindow) -> MaintenanceOut:
        return cls(
            id=row.pk,
            state=row.state,
            team=row.team.slug,
            title=row.title,
            services=[service.slug for service in row.services.all()],
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            repeats=RepeatingOut.of(row),
        )


@router.get("/maintenance-windows", response=Page[MaintenanceOut], operation_id="list_maintenance_windows")
def list_maintenance(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:
    """Planned work, newest first."""
    found, following = page(maintenance_visible_to(actor_of(request)), cursor=cursor, limit=limit)
    return {"items": [MaintenanceOut.of(row) for row in found], "next_cursor": following}


def _save_window(request: HttpRequest, window: MaintenanceWindow | None, body: MaintenanceBody) -> MaintenanceWindow:
    actor = actor_of(request)
    if len(body.services) > 200:
        raise Refused("Too many services.", field="services", value=len(body.services), fix="Name 200 at most.")
    return commands.save_maintenance(
        actor,
        window,
        team=team_by(body.team),
        title=body.title,
        services=[service_by(actor, slug) for slug in dict.fromkeys(body.services)],
        starts_at=body.starts_at,
        ends_at=body.ends_at,
        repeats=body.repeats,
        timezone=body.timezone,
    )


@router.post("/maintenance-windows", response={201: MaintenanceOut}, operation_id="create_maintenance_window")
def create_maintenance(request: HttpRequest, body: MaintenanceBody) -> Any:
    """Plan work on services: their alerts page nobody meanwhile."""
    return Status(201, MaintenanceOut.of(_save_window(request, None, body)))


@router.get("/maintenance-windows/{id}", response=MaintenanceOut, operation_id="get_maintenance_window")
def get_maintenance(request: HttpRequest, id: int) -> Any:
    """One maintenance window."""
    return MaintenanceOut.of(window_for(actor_of(request), id))


@router.put("/maintenance-windows/{id}", response=MaintenanceOut, operation_id="update_maintenance_window")
def update_maintenance(request: HttpRequest, id: int, body: MaintenanceBody) -> Any:
    """Change a plan."""
    return MaintenanceOut.of(_save_window(request, window_for(actor_of(request), id), body))


@router.post("/maintenance-windows/{id}/extend", response=MaintenanceOut, operation_id="extend_maintenance_window")
def extend_maintenance(request: HttpRequest, id: int, body: ExtendBody) -> Any:
    """Let it end at another time. Of one that repeats only the occurrence that runs, or comes next, is changed."""
    actor = actor_of(request)
    return MaintenanceOut.of(commands.extend_maintenance(actor, window_for(actor, id), body.ends_at))


@router.post("/maintenance-windows/{id}/skip", response=MaintenanceOut, operation_id="skip_maintenance_window")
def skip_maintenance(request: HttpRequest, id: int, body: SkipBody) -> Any:
    """End the occurrence that runs, or leave out the next; the one after it comes as planned."""
    actor = actor_of(request)
    return MaintenanceOut.of(commands.skip_maintenance(actor, window_for(actor, id), body.starts_at))


@router.post("/maintenance-windows/{id}/end", response=MaintenanceOut, operation_id="end_maintenance_window")
def end_maintenance(request: HttpRequest, id: int) -> Any:
    """End it now, or call it off; for good if it repeats."""
    actor = actor_of(request)
    return MaintenanceOut.of(commands.end_maintenance(actor, window_for(actor, id)))
