"""What was worked, and corrections of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from ninja import Field, Schema

from ..models import Correction
from ..worked import Worked, people_in
from .people import Who


class WorkedOut(Schema):
    """Somebody was on call from one instant up to another."""

    person: Who
    starts_at: datetime
    ends_at: datetime
    why: Literal["rotation", "calendar", "temporary", "override", "swap", "cover", "taken", "planned", "correction"]
    detail: str = Field(description="The rotation's name, or the reason of an override or correction.")
    instead_of: Who | None
    shadow: bool = Field(description="Learnt beside the others, and was not paged.")
    correction: int | None = Field(description="The correction that says so.")
    taken_out: int | None = Field(description="The correction that says otherwise: it counts no longer.")

    @classmethod
    def all_of(cls, found: Iterable[Worked]) -> list[WorkedOut]:
        """Of rows; people are read once."""
        rows = list(found)
        people = {pk: Who.of(person) for pk, person in people_in(rows).items()}
        return [
            cls(
                person=people[row.person],
                starts_at=row.starts_at,
                ends_at=row.ends_at,
                why=row.why,  # type: ignore[arg-type]
                detail=row.detail,
                instead_of=people.get(row.instead_of or 0),
                shadow=row.shadow,
                correction=row.correction.pk if row.correction else None,
                taken_out=row.taken_out.pk if row.taken_out else None,
            )
            for row in rows
        ]


class CorrectionOut(Schema):
    """Somebody says who really was on call."""

    id: int
    schedule: str | None = Field(description="Slug; null: it has been deleted.")
    person: Who | None = Field(description="Null: nobody.")
    instead_of: Who | None = Field(description="Null: everybody who was on call.")
    starts_at: datetime
    ends_at: datetime
    reason: str
    made_by: Who | None
    made_at: datetime
    taken_back_by: Who | None
    taken_back_at: datetime | None

    @classmethod
    def of(cls, row: Correction) -> CorrectionOut:
        """Of a correction."""
        person, instead_of, made_by, taken_back_by = (
            Who.of(each) if each else None for each in (row.person, row.instead_of, row.made_by, row.taken_back_by)
        )
        return cls(
            id=row.pk,
            schedule=row.schedule.slug if row.schedule else None,
            person=person,
            instead_of=instead_of,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            reason=row.reason,
            made_by=made_by,
            made_at=row.made_at,
            taken_back_by=taken_back_by,
            taken_back_at=row.taken_back_at,
        )


class WorkedListOut(Schema):
    """What was worked in a schedule, and what has been corrected of it."""

    written_to: datetime = Field(description="Up to here it is written down; after it, it is what the rules say.")
    items: list[WorkedOut]
    corrections: list[CorrectionOut]


class CorrectionIn(Schema):
    """Who really was on call."""

    person: str | None = Field(description="Id or e-mail address; null: nobody was.")
    instead_of: str | None = Field(None, description="Id or e-mail address. Left out: instead of everybody.")
    starts_at: datetime
    ends_at: datetime = Field(description="It must have passed.")
    reason: str = Field(description="How you know; it stands beside the pay.")
