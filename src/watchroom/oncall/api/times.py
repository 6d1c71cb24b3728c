"""Times that are given over the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ...kernel import clock
from ...kernel.errors import Refused
from ...kernel.times import within_reach

_LONGEST = timedelta(days=366)


def aware(value: datetime, field: str) -> datetime:
    """In UTC.

    :raises Refused: it has no offset, or is out of reach.
    """
    if value.tzinfo is None:
        raise Refused("This time has no offset.", field=field, value=value, fix="Write it like 2026-03-02T09:00:00Z.")
    try:
        within_reach(value)
    except ValueError as error:
        raise Refused("This time is too far away.", field=field, value=value, fix=str(error)) from None
    return value.astimezone(UTC)


def span(start: datetime | None, end: datetime | None, usual: timedelta) -> tuple[datetime, datetime]:
    """From when until when. Left out, it begins now and lasts as long as is ``usual``; where that is negative, it ends now.

    :raises Refused: it does not end after it begins, or lasts more than a year.
    """
    try:
        if usual < timedelta():
            b = aware(end, "to") if end else clock.now()
            a = aware(start, "from") if start else b + usual
        else:
            a = aware(start, "from") if start else clock.now()
            b = aware(end, "to") if end else a + usual
        if timedelta() < b - a <= _LONGEST:
            return a, b
    except OverflowError:
        pass
    raise Refused(
        "That span of time is not accepted.",
        field="to",
        value=end,
        fix="Let it end after it begins, at most a year later.",
    )
