"""Local time and instants. The only place where the two meet."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from .values import RuleError

FOREVER = datetime.max.replace(tzinfo=UTC)


@lru_cache(maxsize=1024)
def find_zone(name: str) -> ZoneInfo | None:
    """The time zone of that name, or None if there is none. Never raises."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown; not a name; a folder of the time zone database
        return None


def check_zone(name: str) -> ZoneInfo:
    """The time zone of that name. Raises ``RuleError`` (a ValueError) if there is none."""
    if (found := find_zone(name)) is None:
        raise RuleError(
            f"There is no time zone {name!r}.",
            field="timezone",
            value=name,
            fix="Use a name of the IANA time zone database, such as Europe/Berlin or UTC.",
        )
    return found


def span_text(start: datetime, end: datetime, zone: str) -> str:
    """A span in words, by the clock of ``zone``: Mon 2 Mar 09:00 to 17:00; the end's day only where it is another."""
    a, b = to_local(start, check_zone(zone)), to_local(end, check_zone(zone))
    return (
        f"{a:%a %-d %b %H:%M} to {b:%H:%M}" if a.date() == b.date() else f"{a:%a %-d %b %H:%M} to {b:%a %-d %b %H:%M}"
    )


def local_from(text: str, field: str = "starts_at") -> datetime:
    """A local time such as ``2026-03-02T09:00``, without a zone. Raises ``RuleError`` naming ``field``."""
    fix = "Write the local date and time without an offset, such as 2026-03-02T09:00."
    try:
        value = datetime.fromisoformat(text)
    except (ValueError, TypeError):
        raise RuleError(f"{text!r} is not a date and time.", field=field, value=text, fix=fix) from None
    if value.tzinfo is not None:
        raise RuleError(f"{text!r} has an offset.", field=field, value=text, fix=fix)
    return value


def as_utc(instant: datetime) -> datetime:
    """The same instant in UTC. Raises ``RuleError`` if it has no time zone."""
    if instant.tzinfo is UTC:
        return instant
    if instant.tzinfo is None:
        raise RuleError(
            f"{instant} has no time zone.", field="instant", value=instant, fix="Give an aware datetime, best in UTC."
        )
    return instant.astimezone(UTC)


@lru_cache(maxsize=65536)
def to_utc(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a naive local time; ``FOREVER`` when it lies beyond the calendar.

    A time that the clocks skip moves forward by as much as they skip (02:30 becomes 03:30); of a time that comes
    twice, the first is meant (PEP 495, ``fold=0``).
    """
    try:
        return local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    except OverflowError:
        return FOREVER


@lru_cache(maxsize=4096)
def to_local(instant: datetime, zone: ZoneInfo) -> datetime:
    """The naive local time of an instant."""
    return instant.astimezone(zone).replace(tzinfo=None)
