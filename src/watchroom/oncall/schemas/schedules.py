"""Schedules, rotations, overrides and shifts."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from ninja import Field, Schema

from ..models import Override, Rotation, Schedule
from .groups import ChatGroupIn, ChatGroupOut
from .people import Who


class WindowIO(Schema):
    """A window of local time: daily, or weekly with both days."""

    start: str = Field(description="09:00")
    end: str = Field(description="17:00; may be 24:00")
    start_day: str | None = Field(None, description="monday")
    end_day: str | None = Field(None, description="friday")


class _Rotation(Schema):
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
    shadows: list[list[int]] = Field(
        [], description="Turn by turn, who learns beside them: shown in the schedule, never paged."
    )


class RotationIn(_Rotation):
    """People taking turns."""

    id: int | None = Field(
        None, description="Of the one that goes on, whatever changes; left out: that of the same name."
    )


class RotationOut(_Rotation):
    """A rotation."""

    id: int

    @classmethod
    def of(cls, row: Rotation) -> RotationOut:
        """Of a rotation with prefetched members."""
        turns: dict[int, list[int]] = {}
        shadows: dict[int, list[int]] = {}
        for place in row.members.all():
            turns.setdefault(place.turn, [])
            (shadows if place.is_shadow else turns).setdefault(place.turn, []).append(place.person_id)
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
            shadows=[shadows.get(turn, []) for turn in sorted(turns)] if shadows else [],
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
    starts_at: datetime | None = Field(None, description="Left out, or over: now.")
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
    remind_hours: int = Field(description="How long before a shift whoever comes is reminded of it; 0: not at all.")

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
            "remind_hours": row.remind_hours,
        }


class ScheduleDetail(ScheduleOut):
    """A schedule with its rotations and the overrides that are not over."""

    rotations: list[RotationOut]
    overrides: list[OverrideOut]
    on_call: list[Who] = Field(description="Right now.")
    chat_group: ChatGroupOut | None = Field(description="Null: no user group follows who is on call.")


class ScheduleIn(Schema):
    """A new schedule."""

    name: str
    team: str = Field(description="Slug of the owner.")
    slug: str | None = Field(None, description="Left out, it is made of the name.")
    timezone: str = "UTC"
    description: str = ""
    remind_hours: int = Field(12, ge=0, le=168, description="Before a shift; 0: no reminder.")
    rotations: list[RotationIn] = []
    chat_group: ChatGroupIn | None = None


class SchedulePatch(Schema):
    """What is given changes; `rotations` replaces all of them."""

    name: str | None = None
    team: str | None = None
    slug: str | None = None
    timezone: str | None = None
    description: str | None = None
    remind_hours: int | None = Field(None, ge=0, le=168, description="Before a shift; 0: no reminder.")
    rotations: list[RotationIn] | None = None
    chat_group: ChatGroupIn | None = Field(None, description="Left out, it stays; null takes it away.")


class ShiftOut(Schema):
    """Somebody is on call from one instant up to another."""

    person: Who
    starts_at: datetime
    ends_at: datetime
    why: Literal["rotation", "override", "calendar"]
    rotation: int | None = Field(description="Of a shift that a rotation gives.")
    temporary: int | None = Field(None, description="Of a shift that a temporary schedule gives by turns of its own.")
    calendar: int | None = Field(None, description="Of a shift that was read from a calendar.")
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
    """Who is on call at an instant, one page of schedules."""

    at: datetime
    items: list[OnCallOut]
    next_cursor: str | None = None
