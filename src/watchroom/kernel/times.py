"""Times that somebody wrote. They keep away from both ends of the calendar, the years 1 and 9999: another zone's clock or
some days more would lead out of it, and what PostgreSQL has kept beyond it can't be read back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, TypeVar

from pydantic import AfterValidator, AwareDatetime

_FIRST_YEAR, _LAST_YEAR = 1900, 8999
REACH = f"Use a year from {_FIRST_YEAR} to {_LAST_YEAR}."

D = TypeVar("D", bound=date)


def within_reach(at: D) -> D:
    """``at`` itself.

    :raises ValueError: its year is none that anybody means.
    """
    if not _FIRST_YEAR <= at.year <= _LAST_YEAR:
        raise ValueError(REACH)
    return at


def in_utc(at: datetime) -> datetime:
    """``at`` with an offset: UTC where it has none."""
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


Instant = Annotated[AwareDatetime, AfterValidator(within_reach)]
"""A time with its offset, as a request or a file gives it."""

Since = Annotated[datetime, AfterValidator(in_utc), AfterValidator(within_reach)]
"""From when on something is read: one without an offset, or a day alone, is in UTC."""

Day = Annotated[date, AfterValidator(within_reach)]
"""A day, as a request or a file gives it."""


def instant(text: str) -> datetime | None:
    """The time with an offset that ``text`` writes (RFC 3339); None: it writes none, or one out of reach."""
    try:
        at = within_reach(datetime.fromisoformat(text))
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def rfc3339(at: datetime, precision: str = "auto") -> str:
    """``at`` in UTC as protocols write it, 2026-03-02T09:00:00Z; ``precision``: seconds, milliseconds, or as far as there is one."""
    return at.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")


def monday_of(at: datetime) -> date:
    """The Monday with which the week of ``at`` begins, in the zone that ``at`` is in."""
    return at.date() - timedelta(days=at.weekday())
