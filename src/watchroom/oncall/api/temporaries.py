"""Temporary schedules over the API."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Status

from ...accounts.actors import Actor
from ...accounts.queries import person_by
from ...accounts.roles import Action
from ...api.auth import actor_of
from ...kernel import clock
from .. import commands, outlook, queries
from ..models import Schedule
from ..schemas import MovesOut, TemporariesOut, TemporaryIn, TemporaryOut
from .planning import moves_of
from .times import aware

router = Router(tags=["On call"])


def _fields(by: Actor, body: TemporaryIn) -> dict[str, Any]:
    other: Schedule | None = queries.schedule_by(by, body.other) if body.other else None
    return {
        "name": body.name,
        "starts_at": aware(body.starts_at, "starts_at"),
        "ends_at": aware(body.ends_at, "ends_at"),
        "other": other,
        "members": [[person_by(each) for each in turn] for turn in body.members],
        "unit": body.unit,
        "length": body.length,
        "restrictions": [each.model_dump(exclude_none=True) for each in body.restrictions],
    }


@router.get("/schedules/{slug:slug}/temporary", response=TemporariesOut, summary="Temporary schedules")
def list_temporaries(request: HttpRequest, slug: str) -> TemporariesOut:
    """What replaces the schedule's rotations for a while, unless it is over."""
    row = queries.schedule_by(actor_of(request), slug)
    rows = row.temporaries.filter(ends_at__gt=clock.now()).select_related("schedule", "other")
    return TemporariesOut(items=TemporaryOut.all_of(rows))


@router.post("/schedules/{slug:slug}/temporary", response={201: TemporaryOut}, summary="Add a temporary schedule")
def create_temporary(request: HttpRequest, slug: str, body: TemporaryIn) -> Status[TemporaryOut]:
    """People taking turns, or another schedule, instead of all that the schedule has but its overrides. For managers."""
    by = actor_of(request)
    made = commands.add_temporary(by, queries.schedule_by(by, slug), **_fields(by, body))
    return Status(201, TemporaryOut.all_of([made])[0])


@router.post("/schedules/{slug:slug}/temporary/preview", response=MovesOut, summary="Preview a temporary schedule")
def preview_temporary(request: HttpRequest, slug: str, body: TemporaryIn) -> MovesOut:
    """Who would gain and who would lose which time. Nothing is saved."""
    by = actor_of(request)
    row = queries.schedule_by(by, slug)
    by.require(Action.MANAGE, row.team)
    draft = commands.draft_temporary(row, **_fields(by, body))
    return MovesOut(items=moves_of(*outlook.preview_temporary(draft)))


@router.delete("/temporary-schedules/{int:id}", response={204: None}, summary="End a temporary schedule")
def delete_temporary(request: HttpRequest, id: int) -> Status[None]:
    """One that runs ends now; what has passed of it stays."""
    by = actor_of(request)
    commands.end_temporary(by, outlook.temporary_for(by, id))
    return Status(204, None)
