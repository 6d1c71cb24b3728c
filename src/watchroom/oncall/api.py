"""Schedules and who is on call over the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from ..accounts.models import Person
from ..accounts.queries import person_by, team_by
from ..api.auth import actor_of
from ..api.pages import page
from ..kernel import clock
from ..kernel.errors import NotFound, Refused
from . import commands, queries
from .models import Override, Rotation, Schedule

router = Router(tags=["On call"])
_LONGEST = timedelta(days=366)
_FROM = Query(None, alias="from", description="Left out: now.")
_TO = Query(None, alias="to", description="Left out: two weeks later. At most a year.")
_AT = Query(None, description="Left out: now.")


class Who(Schema):
    """A person, briefly."""

    id: int
    name: str

    @classmethod
    def of(cls, row: Person) -> Who:
        """Of a person."""
        return cls(id=row.pk, name=row.name)


class WindowIO(Schema):
    """A window of local time: daily, or weekly with both days."""

    start: str = Field(description="09:00")
    end: str = Field(description="17:00; may be 24:00")
    start_day: str | None = Field(None, description="monday")
    end_day: str | None = Field(None, description="friday")


class RotationIn(Schema):
    """People taking turns."""

    name: str = ""
    precedence: int = Field(
        0, ge=0, le=1000, description="The highest that has somebody wins; equal ones are on call together."
    )
    unit: Literal["hours", "days", "weeks", "months"] = "weeks"
    length: int = Field(1, ge=1, le=1000)
    starts_at: str = Field(description="The first hand-off in the schedule's local time: 2026-03-02T09:00")
    until: datetime | None = None
    restrictions: list[WindowIO] = []
    members: list[list[int]] = Field(
        description="Turns in order; each is the ids of the people who are on call together."
    )


class RotationOut(RotationIn):
    """A rotation."""

    id: int

    @classmethod
    def of(cls, row: Rotation) -> RotationOut:
        """Of a rotation with prefetched members."""
        turns: dict[int, list[int]] = {}
        for place in row.members.all():
            turns.setdefault(place.turn, []).append(place.person_id)
        return cls(
            id=row.pk,
            name=row.name,
            precedence=row.precedence,
            unit=row.unit,  # type: ignore[arg-type]
            length=row.length,
            starts_at=row.starts_at,
            until=row.until,
            restrictions=[WindowIO(**each) for each in row.restrictions],
            members=[turns[turn] for turn in sorted(turns)],
        )


class OverrideOut(Schema):
    """Somebody takes over for a while."""

    id: int
    person: Who
    replaces: Who | None = Field(description="Null: everybody who is on call.")
    starts_at: datetime
    ends_at: datetime
    reason: str

    @classmethod
    def of(cls, row: Override) -> OverrideOut:
        """Of an override."""
        return cls(
            id=row.pk,
            person=Who.of(row.person),
            replaces=Who.of(row.replaces) if row.replaces else None,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            reason=row.reason,
        )


class OverrideIn(Schema):
    """A new override."""

    person: str = Field(description="Who takes over: id or e-mail address.")
    replaces: str | None = Field(None, description="From whom: id or e-mail address. Left out: from everybody.")
    starts_at: datetime
    ends_at: datetime
    reason: str = ""


class ScheduleOut(Schema):
    """Who is on call when."""

    id: int
    name: str
    slug: str
    team: str = Field(description="Slug of the owner.")
    timezone: str
    description: str

    @classmethod
    def fields_of(cls, row: Schedule) -> dict[str, Any]:
        """What a schedule has by itself."""
        return {
            "id": row.pk,
            "name": row.name,
            "slug": row.slug,
            "team": row.team.slug,
            "timezone": row.timezone,
            "description": row.description,
        }


class ScheduleDetail(ScheduleOut):
    """A schedule with its rotations and the overrides that are not over."""

    rotations: list[RotationOut]
    overrides: list[OverrideOut]
    on_call: list[Who] = Field(description="Right now.")


class SchedulesOut(Schema):
    """A page of schedules."""

    items: list[ScheduleOut]
    next_cursor: str | None = Field(None, description="Give it as `cursor` to read on.")


class ScheduleIn(Schema):
    """A new schedule."""

    name: str
    team: str = Field(description="Slug of the owner.")
    slug: str | None = Field(None, description="Left out, it is made of the name.")
    timezone: str = "UTC"
    description: str = ""
    rotations: list[RotationIn] = []


class SchedulePatch(Schema):
    """What is given changes; `rotations` replaces all of them."""

    name: str | None = None
    team: str | None = None
    slug: str | None = None
    timezone: str | None = None
    description: str | None = None
    rotations: list[RotationIn] | None = None


class ShiftOut(Schema):
    """Somebody is on call from one instant up to another."""

    person: Who
    starts_at: datetime
    ends_at: datetime
    why: Literal["rotation", "override"]
    rotation: int | None
    override: int | None


class GapOut(Schema):
    """Nobody is on call."""

    starts_at: datetime
    ends_at: datetime


class ShiftsOut(Schema):
    """The final schedule of a span of time."""

    items: list[ShiftOut]
    gaps: list[GapOut]


class OnCallOut(Schema):
    """Who is on call in one schedule."""

    schedule: str = Field(description="Slug.")
    name: str
    team: str = Field(description="Slug.")
    people: list[Who]


class OnCallNow(Schema):
    """Who is on call in every schedule at an instant."""

    at: datetime
    items: list[OnCallOut]


def _detail(request: HttpRequest, slug: str) -> ScheduleDetail:
    row = queries.schedule_by(actor_of(request), slug)
    now = clock.now()
    overrides = row.overrides.filter(ends_at__gt=now).select_related("person", "replaces")
    return ScheduleDetail(
        **ScheduleOut.fields_of(row),
        rotations=[RotationOut.of(each) for each in row.rotations.prefetch_related("members")],
        overrides=[OverrideOut.of(each) for each in overrides],
        on_call=[Who.of(person) for person in queries.who(row, now)],
    )


def _aware(value: datetime, field: str) -> datetime:
    if value.tzinfo is None:
        raise Refused("This time has no offset.", field=field, value=value, fix="Write it like 2026-03-02T09:00:00Z.")
    return value.astimezone(UTC)


def _rotations(given: list[RotationIn] | None) -> list[dict[str, Any]] | None:
    return None if given is None else [each.model_dump(exclude_none=True) for each in given]


@router.get("/schedules", response=SchedulesOut, summary="List schedules")
def list_schedules(
    request: HttpRequest,
    team: str = Query("", description="Slug."),
    cursor: str | None = None,
    limit: int = Query(50, ge=1, le=200),
) -> SchedulesOut:
    """Newest first."""
    rows = queries.schedules_visible_to(actor_of(request))
    if team:
        rows = rows.filter(team__slug=team)
    items, following = page(rows, cursor=cursor, limit=limit)
    return SchedulesOut(items=[ScheduleOut(**ScheduleOut.fields_of(row)) for row in items], next_cursor=following)


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
    given = {"name": row.name, "timezone": row.timezone, "description": row.description}
    given |= body.model_dump(exclude_none=True, exclude={"team", "rotations"})
    team = team_by(body.team) if body.team else row.team
    saved = commands.save_schedule(by, row, team=team, rotations=_rotations(body.rotations), **given)
    return _detail(request, saved.slug)


@router.delete("/schedules/{slug:slug}", response={204: None}, summary="Delete a schedule")
def delete_schedule(request: HttpRequest, slug: str) -> Status[None]:
    """Refused while an escalation policy uses it."""
    by = actor_of(request)
    commands.delete_schedule(by, queries.schedule_by(by, slug))
    return Status(204, None)


@router.get("/schedules/{slug:slug}/shifts", response=ShiftsOut, summary="The final schedule")
def get_shifts(
    request: HttpRequest,
    slug: str,
    start: datetime | None = _FROM,
    end: datetime | None = _TO,
) -> ShiftsOut:
    """Who is on call from when until when, overrides included, and when nobody is."""
    row = queries.schedule_by(actor_of(request), slug)
    start = _aware(start, "from") if start else clock.now()
    try:
        end = _aware(end, "to") if end else start + timedelta(days=14)
        fine = timedelta() < end - start <= _LONGEST
    except OverflowError:
        fine = False
    if not fine or end is None:
        raise Refused(
            "That span of time is not accepted.",
            field="to",
            value=end,
            fix="Let it end after it begins, at most a year later.",
        )
    found, gaps = queries.shifts_and_gaps(row, start, end)
    people = queries.people_of(shift.person for shift in found)
    return ShiftsOut(
        items=[
            ShiftOut(
                person=Who.of(people[shift.person]),
                starts_at=shift.starts_at,
                ends_at=shift.ends_at,
                why=shift.why,
                rotation=shift.layer,
                override=shift.override,
            )
            for shift in found
            if shift.person in people
        ],
        gaps=[GapOut(starts_at=a, ends_at=b) for a, b in gaps],
    )


@router.get("/on-call", response=OnCallNow, summary="Who is on call")
def get_on_call(request: HttpRequest, at: datetime | None = _AT) -> OnCallNow:
    """In every schedule, at one instant."""
    moment = _aware(at, "at") if at else clock.now()
    found = queries.on_call_now(moment, queries.schedules_visible_to(actor_of(request)))
    return OnCallNow(
        at=moment,
        items=[
            OnCallOut(
                schedule=row.slug, name=row.name, team=row.team.slug, people=[Who.of(person) for person in people]
            )
            for row, people in found.items()
        ],
    )


@router.post("/schedules/{slug:slug}/overrides", response={201: OverrideOut}, summary="Add an override")
def create_override(request: HttpRequest, slug: str, body: OverrideIn) -> Status[OverrideOut]:
    """Somebody takes over, from everybody or from one person. For responders of the team."""
    by = actor_of(request)
    made = commands.add_override(
        by,
        queries.schedule_by(by, slug),
        person=person_by(body.person),
        replaces=person_by(body.replaces) if body.replaces else None,
        starts_at=_aware(body.starts_at, "starts_at"),
        ends_at=_aware(body.ends_at, "ends_at"),
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
