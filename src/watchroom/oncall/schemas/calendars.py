"""Calendars that come in and go out."""

from __future__ import annotations

from datetime import datetime

from ninja import Field, Schema

from ..models import Calendar
from .people import Who


class CalendarIn(Schema):
    """An iCalendar address to read: a schedule's shifts, or a person's absences."""

    schedule: str | None = Field(None, description="Slug.")
    person: str | None = Field(None, description="Id or e-mail address.")
    name: str
    url: str
    precedence: int = Field(0, ge=0, le=1000, description="Of shifts that name no level, as [L1] does.")


class CalendarOut(Schema):
    """A calendar that is read again and again. Its address is a secret and is not shown."""

    id: int
    schedule: str | None
    person: Who | None
    name: str
    precedence: int
    read_at: datetime | None = Field(description="When it was last read well; what was read then counts.")
    tried_at: datetime | None
    error: str = Field(description="Why the last try failed; empty: it did not.")
    unknown: list[str] = Field(description="Titles of entries that name nobody here.")

    @classmethod
    def of(cls, row: Calendar) -> CalendarOut:
        """Of a calendar."""
        return cls(
            id=row.pk,
            schedule=row.schedule.slug if row.schedule else None,
            person=Who.of(row.person) if row.person else None,
            name=row.name,
            precedence=row.precedence,
            read_at=row.read_at,
            tried_at=row.tried_at,
            error=row.error,
            unknown=row.unknown,
        )


class CalendarsOut(Schema):
    """Calendars."""

    items: list[CalendarOut]


class FeedIn(Schema):
    """Exactly one of them."""

    person: str | None = Field(None, description="Id or e-mail address.")
    team: str | None = Field(None, description="Slug.")
    schedule: str | None = Field(None, description="Slug.")


class FeedOut(Schema):
    """A secret address for calendar programs."""

    id: int
    of: str
    created_at: datetime
    used_at: datetime | None
    url: str | None = Field(None, description="Told only when it is made.")


class FeedsOut(Schema):
    """Your feeds."""

    items: list[FeedOut]
