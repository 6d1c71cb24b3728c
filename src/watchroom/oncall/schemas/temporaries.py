"""What replaces a schedule for a while."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal

from ninja import Field, Schema

from ..models import Temporary
from ..queries import people_of
from .people import Who
from .schedules import WindowIO


class TemporaryIn(Schema):
    """What replaces a schedule's rotations for a while: another schedule, or people who take turns."""

    name: str
    starts_at: datetime
    ends_at: datetime
    other: str | None = Field(None, description="Slug of the schedule that stands in; without it, ``members``.")
    members: list[Annotated[list[str], Field(max_length=20)]] = Field(
        [], max_length=100, description="Turns in order, each the people on call together: ids or e-mail addresses."
    )
    unit: Literal["hours", "days", "weeks", "months"] = "weeks"
    length: int = Field(1, ge=1, le=1000)
    restrictions: list[WindowIO] = Field([], max_length=50)


class TemporaryOut(Schema):
    """A temporary schedule."""

    id: int
    schedule: str
    name: str
    starts_at: datetime
    ends_at: datetime
    other: str | None
    members: list[list[Who]]
    unit: Literal["hours", "days", "weeks", "months"]
    length: int
    restrictions: list[WindowIO]

    @classmethod
    def all_of(cls, rows: Iterable[Temporary]) -> list[TemporaryOut]:
        rows = list(rows)
        people = people_of(pk for row in rows for turn in row.members for pk in turn)
        return [
            cls(
                id=row.pk,
                schedule=row.schedule.slug,
                name=row.name,
                starts_at=row.starts_at,
                ends_at=row.ends_at,
                other=row.other.slug if row.other else None,
                members=[[Who.of(people[pk]) for pk in turn if pk in people] for turn in row.members],
                unit=row.unit,  # type: ignore[arg-type]
                length=row.length,
                restrictions=[WindowIO(**each) for each in row.restrictions],
            )
            for row in rows
        ]


class TemporariesOut(Schema):
    """Temporary schedules, the next first."""

    items: list[TemporaryOut]
