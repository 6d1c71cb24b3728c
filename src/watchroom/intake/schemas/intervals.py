"""Time intervals in the API."""

from __future__ import annotations

from typing import Any

from ninja import Schema
from pydantic import Field

from ...kernel import clock
from ..models import TimeInterval
from ..rules.intervals import in_words, interval


class IntervalBody(Schema):
    """A time interval as it is written."""

    name: str
    intervals: list[dict[str, Any]] = Field(
        description="As in Alertmanager's configuration: times, weekdays, days_of_month, months, years, location."
    )
    team: str | None = None


class IntervalOut(IntervalBody):
    """A time interval as it is read."""

    id: int
    text: str = Field(description="In words.")
    now: bool = Field(description="Whether it holds at this moment.")

    @classmethod
    def of(cls, row: TimeInterval) -> IntervalOut:
        read = interval(row.name, row.intervals)
        return cls(
            id=row.pk,
            name=row.name,
            intervals=row.intervals,
            team=row.team.slug if row.team else None,
            text=in_words(read),
            now=read.holds(clock.now()),
        )
