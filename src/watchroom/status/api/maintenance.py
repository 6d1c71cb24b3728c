"""Scheduled maintenance on status pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from ...api.auth import actor_of
from ...api.lists import Page
from ...api.pages import Cursor, Limit, page
from ...intake.schemas.repeating import RepeatingOut
from ...kernel.times import Instant
from .. import commands
from ..models import Maintenance
from ..queries import maintenance_by, page_by

router = Router(tags=["Status pages"])
_AT = "/status-pages/{slug}/maintenance"


class StatusMaintenanceBody(Schema):
    """Planned work that readers are told of."""

    title: str = Field(max_length=200, description="In the words of your customers.")
    starts_at: Instant
    ends_at: Instant
    components: list[int | str] = Field([], description="Ids or names.")
    text: str = Field("", max_length=5000, description="What readers should know.")
    hold_alerts: bool = Field(False, description="Alerts of the components' services page nobody meanwhile.")
    repeats: str = Field(
        "",
        max_length=300,
        description="Again and again, as in RFC 5545, such as `FREQ=WEEKLY;BYDAY=TU`; the times are those of the first.",
    )
    timezone: str = Field("", max_length=64, description="By whose clocks it repeats; the page's, if not given.")


class MaintenanceNoteBody(Schema):
    """How it goes."""

    text: str = Field("", max_length=5000)


class EndBody(MaintenanceNoteBody):
    """How it went."""

    for_good: bool = Field(False, description="Of what repeats: all that would follow is called off, too.")


class MaintenanceNoteOut(Schema):
    stage: str
    text: str
    at: datetime


class StatusMaintenanceOut(Schema):
    """A maintenance as it is read."""

    id: int
    title: str
    stage: str = Field(description="scheduled, in_progress, completed or cancelled.")
    starts_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    components: list[str]
    holds_alerts: bool
    notes: list[MaintenanceNoteOut]
    repeats: RepeatingOut | None = Field(
        description="How it comes again; null: once, or another occurrence has followed."
    )

    @classmethod
    def of(cls, row: Maintenance) -> StatusMaintenanceOut:
        return cls(
            id=row.pk,
            title=row.title,
            stage=row.stage,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            ended_at=row.ended_at,
            components=[each.name for each in row.components.all()],
            holds_alerts=row.window_id is not None,
            notes=[MaintenanceNoteOut(stage=each.stage, text=each.text, at=each.at) for each in row.notes.all()],
            repeats=RepeatingOut.of(row),
        )


@router.get(_AT, response=Page[StatusMaintenanceOut], operation_id="list_status_maintenance")
def list_maintenance(request: HttpRequest, slug: str, cursor: Cursor = None, limit: Limit = 50) -> Any:
    """Maintenance of a page, the newest first."""
    rows = page_by(actor_of(request), slug).maintenance.prefetch_related("components", "notes")
    found, following = page(rows, cursor=cursor, limit=limit)
    return {"items": [StatusMaintenanceOut.of(row) for row in found], "next_cursor": following}


@router.post(_AT, response={201: StatusMaintenanceOut}, operation_id="schedule_status_maintenance")
def schedule(request: HttpRequest, slug: str, body: StatusMaintenanceBody) -> Any:
    """Announce planned work."""
    actor = actor_of(request)
    row = commands.schedule(actor, page_by(actor, slug), **body.model_dump())
    return Status(201, StatusMaintenanceOut.of(row))


@router.get(f"{_AT}/{{id}}", response=StatusMaintenanceOut, operation_id="get_status_maintenance")
def get(request: HttpRequest, slug: str, id: int) -> Any:
    """One maintenance."""
    return StatusMaintenanceOut.of(maintenance_by(actor_of(request), slug, id))


@router.put(f"{_AT}/{{id}}", response=StatusMaintenanceOut, operation_id="change_status_maintenance")
def change(request: HttpRequest, slug: str, id: int, body: StatusMaintenanceBody) -> Any:
    """Change what was announced."""
    actor = actor_of(request)
    row = maintenance_by(actor, slug, id)
    return StatusMaintenanceOut.of(commands.schedule(actor, row.page, row, **body.model_dump()))


@router.post(f"{_AT}/{{id}}/notes", response={201: StatusMaintenanceOut}, operation_id="note_status_maintenance")
def note(request: HttpRequest, slug: str, id: int, body: MaintenanceNoteBody) -> Any:
    """Say how it goes."""
    actor = actor_of(request)
    row = maintenance_by(actor, slug, id)
    commands.add_note(actor, row, body.text)
    return Status(201, StatusMaintenanceOut.of(row))


@router.post(f"{_AT}/{{id}}/end", response=StatusMaintenanceOut, operation_id="end_status_maintenance")
def end(request: HttpRequest, slug: str, id: int, body: EndBody) -> Any:
    """It is done; before its beginning: it is called off. Of what repeats this occurrence only, if not said otherwise."""
    actor = actor_of(request)
    return StatusMaintenanceOut.of(
        commands.end(actor, maintenance_by(actor, slug, id), body.text, for_good=body.for_good)
    )
