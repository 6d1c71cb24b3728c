"""Weekly and daily windows: read from JSON, and laid out over a span of time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from .values import Restriction, RuleError
from .zones import to_local, to_utc

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)
Span = tuple[datetime, datetime]


def restriction_from(data: object, field: str = "restriction") -> Restriction:
    """Read ``{"start": "22:00", "end": "06:00"}`` (daily), or with ``start_day`` and ``end_day`` (weekly).

    Days are English names or their first three letters; an end may be 24:00. Raises ``RuleError`` (a ValueError).
    """
    if not isinstance(data, dict):
        raise RuleError(
            "A window is an object.", field=field, value=data, fix='Write it like {"start": "09:00", "end": "17:00"}.'
        )
    for name in data:
        if name not in ("start_day", "start", "end_day", "end"):
            raise RuleError(
                "There is no such field.",
                field=f"{field}.{name}",
                value=data[name],
                fix="Leave it out; a window has start_day, start, end_day and end.",
            )
    start_day, end_day = (_day(data.get(name), f"{field}.{name}") for name in ("start_day", "end_day"))
    if (start_day is None) != (end_day is None):
        missing = "start_day" if start_day is None else "end_day"
        raise RuleError(
            "A weekly window needs both days.",
            field=f"{field}.{missing}",
            value=None,
            fix="Give start_day and end_day, or neither for every day.",
        )
    start, _ = _time(data.get("start"), f"{field}.start", is_end=False)
    end, next_day = _time(data.get("end"), f"{field}.end", is_end=True)
    if next_day and end_day is not None:
        end_day = (end_day + 1) % 7
    return Restriction(start, end, start_day, end_day)


def restrictions_from(data: object, field: str = "restrictions") -> tuple[Restriction, ...]:
    """Read a list of windows; none means always. Raises ``RuleError`` naming the item, as in ``restrictions[1].end``."""
    if data is None:
        return ()
    if not isinstance(data, list | tuple):
        raise RuleError("This is not a list.", field=field, value=data, fix="Give a list of windows; empty for always.")
    return tuple(restriction_from(item, f"{field}[{number}]") for number, item in enumerate(data))


def restriction_to(restriction: Restriction) -> dict[str, str]:
    """The JSON form that ``restriction_from`` reads."""
    data = {"start": f"{restriction.start:%H:%M}", "end": f"{restriction.end:%H:%M}"}
    if restriction.start_day is not None and restriction.end_day is not None:
        data |= {"start_day": DAYS[restriction.start_day], "end_day": DAYS[restriction.end_day]}
    return data


def windows(restriction: Restriction, zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[Span]:
    """The window's occurrences, in order, that have any time between ``start`` and ``end`` (UTC)."""
    length = timedelta(hours=restriction.end.hour - restriction.start.hour)
    length += timedelta(minutes=restriction.end.minute - restriction.start.minute)
    step = 1
    if restriction.start_day is not None and restriction.end_day is not None:
        step = 7
        length += DAY * (restriction.end_day - restriction.start_day)
    if length <= timedelta(0):
        length += DAY * step
    # Three days to spare: clocks have skipped up to a whole day, and the first candidate must not be missed.
    day = to_local(start, zone).date() - length - 3 * DAY
    if restriction.start_day is not None:
        day += DAY * ((restriction.start_day - day.weekday()) % 7)
    last = to_local(end, zone) + DAY
    while (opens := datetime.combine(day, restriction.start)) < last:
        a, b = to_utc(opens, zone), to_utc(opens + length, zone)
        if a < b and a < end and b > start:
            yield a, b
        day += DAY * step


@lru_cache(maxsize=4096)  # thousands of schedules, asked for the same instant, share a few windows
def is_open(restriction: Restriction, zone: ZoneInfo, at: datetime) -> bool:
    """Whether an instant (UTC) lies in the window."""
    return any(True for _ in windows(restriction, zone, at, at + INSTANT))


def open_spans(restrictions: Sequence[Restriction], zone: ZoneInfo, start: datetime, end: datetime) -> list[Span]:
    """The time between ``start`` and ``end`` that lies in any window, in order and without overlaps."""
    found = sorted(span for restriction in restrictions for span in windows(restriction, zone, start, end))
    joined: list[Span] = []
    for a, b in found:
        if joined and a <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(b, joined[-1][1]))
        else:
            joined.append((a, b))
    return [(max(a, start), min(b, end)) for a, b in joined]


def _day(value: object, field: str) -> int | None:
    if value is None or value == "":
        return None
    wanted = value.strip().lower() if isinstance(value, str) else ""
    for number, name in enumerate(DAYS):
        if wanted in (name, name[:3]):
            return number
    raise RuleError(f"{value!r} is not a day.", field=field, value=value, fix=f"Use one of {', '.join(DAYS)}.")


def _time(value: object, field: str, *, is_end: bool) -> tuple[time, bool]:
    """A time of day, and whether it is the midnight that ends the day."""
    if isinstance(value, str):
        if is_end and value.strip() == "24:00":
            return time(0), True
        if match := re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", value.strip()):
            return time(int(match[1]), int(match[2])), False
    raise RuleError(f"{value!r} is not a time of day.", field=field, value=value, fix="Use hours and minutes: 09:00.")
