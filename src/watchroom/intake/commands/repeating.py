"""What comes again and again: the times of a silence or maintenance window, and how they move on."""

from __future__ import annotations

from datetime import datetime, timedelta

from ...kernel.errors import Conflict, Refused
from ...oncall.rules.values import RuleError
from ...oncall.rules.zones import check_zone
from ..models.holds import Repeating
from ..rules.repeats import RepeatError, Series, Span, repeat, series

LONGEST = timedelta(days=366)


def check_times(starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    """
    :raises Refused: it ends before it begins or before ``now``, or lasts more than a year.
    """
    if ends_at <= starts_at or ends_at <= now:
        raise Refused(
            "It ends before it begins, or has ended.", field="ends_at", value=ends_at, fix="Choose a later end."
        )
    if ends_at - starts_at > LONGEST:
        raise Refused(
            "That is longer than a year.",
            field="ends_at",
            value=ends_at,
            fix="Change the alert's rule instead, or choose an earlier end.",
        )


def read_series(repeats: str, timezone: str, starts_at: datetime, ends_at: datetime, now: datetime) -> Series | None:
    """A rule as it is typed, with its first occurrence; None: it comes once.

    :raises Refused: rule, time zone or times are not accepted.
    """
    if not repeats.strip():
        check_times(starts_at, ends_at, now)
        return None
    check_times(starts_at, ends_at, min(now, starts_at))  # the first occurrence may be long ago
    try:
        return series(repeat(repeats), check_zone(timezone.strip() or "UTC"), starts_at, ends_at, now)
    except RuleError as error:
        raise Refused(
            "There is no such time zone.",
            field="timezone",
            value=timezone[:100],
            fix="Use such as Europe/Berlin or UTC.",
        ) from error
    except RepeatError as error:
        value = {"repeats": repeats, "starts_at": starts_at, "ends_at": ends_at}[error.field]
        raise Refused(error.problem, field=error.field, value=value, fix=error.fix) from None


def set_times(row: Repeating, found: Series | None, starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    """Lay the times on a row. One that repeats as before keeps its present occurrence, however long that has become."""
    if found is None:
        row.starts_at, row.ends_at = starts_at, ends_at
        row.repeats, row.timezone, row.first_at, row.first_end_at = "", "", None, None
        return
    before = (row.repeats, row.timezone, row.first_at, row.first_end_at)
    row.repeats, row.timezone = str(found.repeat), found.zone.key
    row.first_at, row.first_end_at = found.starts_at, found.ends_at
    if before != (row.repeats, row.timezone, row.first_at, row.first_end_at) or row.ends_at <= now:
        occurrence = found.at(now)
        assert occurrence is not None  # `series` has looked
        row.starts_at, row.ends_at = occurrence


def move_on(row: Repeating, now: datetime) -> bool:
    """Go to the next occurrence that is not over. False: it repeats no more, and never will again."""
    found = row.series
    return _go(row, found.after(row.starts_at, now) if found else None)


def skip(row: Repeating, now: datetime) -> None:
    """Go to the next occurrence that has not begun.

    :raises Conflict: there is none.
    """
    found = row.series
    if not _go(row, next(found.following(max(row.starts_at, now)), None) if found else None):
        raise Conflict("Nothing comes after this occurrence.", fix="End it.")


def _go(row: Repeating, occurrence: Span | None) -> bool:
    if occurrence is None:
        row.repeats = ""
        return False
    row.starts_at, row.ends_at = occurrence
    return True
