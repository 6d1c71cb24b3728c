"""What repeats, in the API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from ninja import Schema
from pydantic import Field

from ...kernel.times import Instant
from ..models.holds import Repeating
from ..rules.repeats import Span

Rule = Annotated[
    str,
    Field(
        description="A rule as in RFC 5545 of FREQ, INTERVAL, BYDAY, BYMONTHDAY, BYMONTH and UNTIL, such as "
        "`FREQ=WEEKLY;BYDAY=TU`; the times are then those of the first occurrence. Empty: it comes once."
    ),
]
Clocks = Annotated[str, Field(description="By whose clocks it repeats, such as `Europe/Berlin`; UTC, if not given.")]


class OccurrenceOut(Schema):
    """One time of something that repeats."""

    starts_at: datetime
    ends_at: datetime


class RepeatingOut(Schema):
    """How something repeats. Its ``starts_at`` and ``ends_at`` are those of the occurrence that runs, or comes next."""

    rule: str
    timezone: str
    in_words: str
    first_starts_at: datetime
    first_ends_at: datetime
    following: list[OccurrenceOut] = Field(description="The occurrences after the present one, four at most.")

    @classmethod
    def of(cls, row: Repeating) -> RepeatingOut | None:
        """None: it comes once."""
        if not row.repeats or row.first_at is None or row.first_end_at is None:
            return None
        return cls(
            rule=row.repeats,
            timezone=row.timezone,
            in_words=row.in_words,
            first_starts_at=row.first_at,
            first_ends_at=row.first_end_at,
            following=occurrences_of(row.following),
        )


def occurrences_of(spans: Sequence[Span]) -> list[OccurrenceOut]:
    return [OccurrenceOut(starts_at=start, ends_at=end) for start, end in spans]


class PatternBody(Schema):
    """A repetition that one thinks about."""

    repeats: Rule
    timezone: Clocks = ""
    starts_at: Instant
    ends_at: Instant


class ExtendBody(Schema):
    """When it ends instead."""

    ends_at: Instant


class SkipBody(Schema):
    """Which occurrence is left out."""

    starts_at: Instant | None = Field(
        None, description="Only if it is still this one, known by its beginning; the present or next one, if not given."
    )
