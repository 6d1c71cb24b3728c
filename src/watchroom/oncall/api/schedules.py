"""Schedules and who is on call over the API."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Status

from ...accounts.queries import person_by, team_by
from ...api.auth import actor_of
from ...api.lists import Page
from ...api.pages import Cursor, Limit, page
from ...kernel import clock
from ...kernel.errors import NotFound
from .. import commands, facts, queries
from ..models import Override
from ..schemas import (
    ChatGroupOut,
    GapOut,
    OnCallNow,
    OnCallOut,
    OverrideIn,
    OverrideOut,
    RotationIn,
    RotationOut,
    ScheduleDetail,
    ScheduleIn,
    ScheduleOut,
    SchedulePatch,
    ShiftOut,
    ShiftsOut,
    Who,
)
from .times import aware, span

router = Router(tags=["On call"])
_FROM = Query(None, alias="from", description="Left out: now.")
_TO = Query(None, alias="to", description="Left out: two weeks later. At most a year.")
_AT = Query(None, description="Left out: now.")


def _detail(request: HttpRequest, slug: str) -> ScheduleDetail:
    row = queries.schedule_by(actor_of(request), slug)
    now = clock.now()
    overrides = row.overrides.filter(ends_at__gt=now).select_related("person", "replaces")
    return ScheduleDetail(
        **ScheduleOut.fields_of(row),
        rotations=[RotationOut.of(each) for each in row.rotations.prefetch_related("members")],
        overrides=[OverrideOut.of(each) for each in overrides],
        on_call=[Who.of(person) for person in queries.who(row, now)],
        chat_group=ChatGroupOut.of(group) if (group := queries.group_of(row)) else None,
    )


def _rotations(given: list[RotationIn] | None) -> list[dict[str, Any]] | None:
    return None if given is None else [each.model_dump(exclude_none=True) for each in given]


@router.get("/schedules", response=Page[ScheduleOut], summary="List schedules")
def list_schedules(
    request: HttpRequest,
    team: str = Query("", description="Slug."),
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ScheduleOut]:
    """Newest first."""
    rows = queries.schedules_visible_to(actor_of(request))
    if team:
        rows = rows.filter(team__slug=team)
    items, following = page(rows, cursor=cursor, limit=limit)
    return Page[ScheduleOut](items=[ScheduleOut(**ScheduleOut.fields_of(row)) for row in items], next_cursor=following)


@router.post("/schedules", response={201: ScheduleDetail}, summary="Make a schedule")
def create_schedule(request: HttpRequest, body: ScheduleIn) -> Status[ScheduleDetail]:
    """For managers of the team that owns it."""
    given = body.model_dump(exclude={"team", "rotations"})
    made = commands.save_schedule(
        actor_of(request), None, team=team_by(body.team), rotations=_rotations(body.rotations), **given
    )
    return Status(201, _detail(request, made.slug))


@router.get("/schedules/{slug:slug}", response=ScheduleDetail, summary="One schedule")
def get_schedule(request: HttpRequest, slug: str) -> ScheduleDetail:
    """With its rotations, the overrides that are not over, and who is on call now."""
    return _detail(request, slug)


@router.patch("/schedules/{slug:slug}", response=ScheduleDetail, summary="Change a schedule")
def patch_schedule(request: HttpRequest, slug: str, body: SchedulePatch) -> ScheduleDetail:
    """For managers of the team that owns it."""
    by = actor_of(request)
    row = queries.schedule_by(by, slug)
    given: dict[str, Any] = {"name": row.name, "timezone": row.timezone, "description": row.description}
    given |= body.model_dump(exclude_none=True, exclude={"team", "rotations"})
    if "chat_group" in body.model_fields_set and body.chat_group is None:
        given["chat_group"] = {}
    team = team_by(body.team) if body.team else row.team
    saved = commands.save_schedule(by, row, team=team, rotations=_rotations(body.rotations), **given)
    return _detail(request, saved.slug)


@router.delete("/schedules/{slug:slug}", response={204: None}, summary="Delete a schedule")
def delete_schedule(request: HttpRequest, slug: str) -> Status[None]:
    """Refused while an escalation policy uses it."""
    by = actor_of(request)
    commands.delete_schedule(by, queries.schedule_by(by, slug))
    return Status(204, None)


@router.post("/schedules/{slug:slug}/chat-group/again", response=ScheduleDetail, summary="Put its user group right")
def again_chat_group(request: HttpRequest, slug: str) -> ScheduleDetail:
    """Tell the chat anew whoever is on call, whatever it was told before. For responders of the team."""
    by = actor_of(request)
    commands.put_group_right(by, queries.schedule_by(by, slug))
    return _detail(request, slug)


@router.get("/schedules/{slug:slug}/shifts", response=ShiftsOut, summary="The final schedule")
def get_shifts(
    request: HttpRequest,
    slug: str,
    start: datetime | None = _FROM,
    end: datetime | None = _TO,
) -> ShiftsOut:
    """Who is on call from when until when, overrides included, and when nobody is."""
    row = queries.schedule_by(actor_of(request), slug)
    start, end = span(start, end, timedelta(days=14))
    found, gaps = queries.shifts_and_gaps(row, start, end)
    people = queries.people_of(shift.person for shift in found)
    return ShiftsOut(
        items=[
            ShiftOut(
                person=Who.of(people[shift.person]),
                starts_at=shift.starts_at,
                ends_at=shift.ends_at,
                why=shift.why,
                rotation=shift.layer if shift.why == "rotation" and shift.layer and shift.layer > 0 else None,
                temporary=-shift.layer - facts.TEMPORARY if shift.layer and shift.layer < -facts.TEMPORARY else None,
                calendar=-shift.layer if shift.why == "calendar" and shift.layer else None,
                override=shift.override,
            )
            for shift in found
            if shift.person in people
        ],
        gaps=[GapOut(starts_at=a, ends_at=b) for a, b in gaps],
    )


@router.get("/on-call", response=OnCallNow, summary="Who is on call")
def get_on_call(
    request: HttpRequest,
    at: datetime | None = _AT,
    team: str = Query("", description="Slug: only its schedules."),
    schedule: str = Query("", description="Slug: only this one."),
    person: str = Query(
        "", description="Id or e-mail address: only where they are on call; a page may hold fewer then."
    ),
    cursor: Cursor = None,
    limit: Limit = 50,
) -> OnCallNow:
    """At one instant, schedule by schedule, by their slugs. With a cursor, say the same ``at`` again."""
    by = actor_of(request)
    moment = aware(at, "at") if at else clock.now()
    rows = queries.schedules_visible_to(by)
    if team:
        rows = rows.filter(team=team_by(team))
    if schedule:
        rows = rows.filter(pk=queries.schedule_by(by, schedule).pk)
    only = person_by(person) if person else None
    if only:
        rows = rows.filter(pk__in=queries.schedules_with(only, moment).order_by().values("pk"))
    chosen, following = page(rows, cursor=cursor, limit=limit, key="slug")
    found = queries.on_call_now(moment, chosen)
    return OnCallNow(
        at=moment,
        items=[
            OnCallOut(
                schedule=row.slug, name=row.name, team=row.team.slug, people=[Who.of(person) for person in people]
            )
            for row, people in found.items()
            if only is None or only in people
        ],
        next_cursor=following,
    )


@router.post("/schedules/{slug:slug}/overrides", response={201: OverrideOut}, summary="Add an override")
def create_override(request: HttpRequest, slug: str, body: OverrideIn) -> Status[OverrideOut]:
    """Somebody takes over, from everybody or from one person. For responders of the team. A beginning that has passed means now:
    what was worked is corrected, see POST /schedules/{slug}/corrections."""
    by = actor_of(request)
    made = commands.add_override(
        by,
        queries.schedule_by(by, slug),
        person=person_by(body.person),
        replaces=person_by(body.replaces) if body.replaces else None,
        starts_at=aware(body.starts_at, "starts_at") if body.starts_at else clock.now(),
        ends_at=aware(body.ends_at, "ends_at"),
        reason=body.reason,
    )
    return Status(201, OverrideOut.of(made))


@router.delete("/overrides/{int:id}", response={204: None}, summary="Remove an override")
def delete_override(request: HttpRequest, id: int) -> Status[None]:
    """One that is running ends now; one that is over stays, because it says who was on call."""
    by = actor_of(request)
    schedules = queries.schedules_visible_to(by)
    row = Override.objects.select_related("schedule", "person").filter(pk=id, schedule__in=schedules).first()
    if row is None:
        raise NotFound("There is no such override.", field="override", value=id, fix="See GET /schedules/{slug}.")
    commands.remove_override(by, row)
    return Status(204, None)
