"""Shifts that go to somebody else, with or without being asked."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from ninja import Field, Schema

from ..models import Swap
from .people import Who


class SwapIn(Schema):
    """Ask to be covered."""

    starts_at: datetime
    ends_at: datetime
    to: list[str] | None = Field(None, description="Ids or e-mail addresses. Left out: everybody who could.")
    reason: str = ""
    expires_at: datetime | None = Field(None, description="Left out: when the time begins.")


class SwapOut(Schema):
    """A shift that somebody offers."""

    id: int
    schedule: str
    starts_at: datetime
    ends_at: datetime
    offered_by: Who
    taken_by: Who | None
    reason: str
    state: Literal["offered", "taken", "withdrawn", "expired"]
    expires_at: datetime

    @classmethod
    def of(cls, row: Swap) -> SwapOut:
        """Of a swap."""
        return cls(
            id=row.pk,
            schedule=row.schedule.slug,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            offered_by=Who.of(row.offered_by),
            taken_by=Who.of(row.taken_by) if row.taken_by else None,
            reason=row.reason,
            state=row.state,  # type: ignore[arg-type]
            expires_at=row.expires_at,
        )


class CoverIn(Schema):
    """Who covers, and for how long."""

    person: str = Field(description="Who takes your pages: id or e-mail address.")
    minutes: int | None = Field(60, ge=5, le=7 * 24 * 60, description="From now on. Null: for the rest of your shift.")


class TakeIn(Schema):
    """Whose shift you take over, and when."""

    person: str | None = Field(None, description="Id or e-mail address. Left out: whoever is on call then.")
    starts_at: datetime | None = Field(None, description="Left out: now.")
    ends_at: datetime | None = Field(None, description="Left out: the end of their shift.")


class CoverOut(Schema):
    """Somebody who is free, with what they had in the four weeks before."""

    person: Who
    nights: int
    hours: float


class CoversOut(Schema):
    """The fewest recent nights first."""

    items: list[CoverOut]
