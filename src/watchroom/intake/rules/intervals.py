"""Time intervals: named sets of times, with Alertmanager's semantics. Pure: no Django, no clock, no I/O.

An interval is a list of parts, of which any may hold; in a part all that is stated must hold, each as a list of ranges of
which any may. Ranges of days, months and years include both ends, times of day only their start.
https://prometheus.io/docs/alerting/latest/configuration/#time_interval
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

Range = tuple[int, int]

WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
          "december")  # fmt: skip
MINUTES_OF_A_DAY = 24 * 60
LOOK_AHEAD_DAYS = 400  # further changes are looked for again then
_TIME = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])")
_FIELDS = ("times", "weekdays", "days_of_month", "months", "years", "location")


class IntervalError(ValueError):
    """A part that can't be read. ``field`` is where it stands, ``fix`` what may stand there."""

    def __init__(self, field: str, value: object, fix: str) -> None:
        super().__init__(f"{field}: {value!r} is not accepted; {fix}")
        self.field, self.value, self.fix = field, value, fix


@dataclass(frozen=True)
class Part:
    """Some times; what is empty is not restricted. Times of day are minutes since midnight, weekdays count from Sunday (0),
    negative days of a month from its end (-1 is its last)."""

    times: tuple[Range, ...] = ()
    weekdays: tuple[Range, ...] = ()
    days_of_month: tuple[Range, ...] = ()
    months: tuple[Range, ...] = ()
    years: tuple[Range, ...] = ()
    location: str = "UTC"

    def has_day(self, day: date) -> bool:
        """Whether some of this day may be in it."""
        return (
            _any(self.weekdays, day.isoweekday() % 7)
            and _any(self.months, day.month)
            and _any(self.years, day.year)
            and (not self.days_of_month or any(_in_month(each, day) for each in self.days_of_month))
        )

    def holds(self, at: datetime) -> bool:
        """Whether this moment is in it, by the clock on the wall there."""
        local = at.astimezone(ZoneInfo(self.location))
        if not self.has_day(local.date()):
            return False
        minute = local.hour * 60 + local.minute
        return not self.times or any(start <= minute < end for start, end in self.times)


@dataclass(frozen=True)
class Interval:
    """A named set of times."""

    name: str
    parts: tuple[Part, ...]

    def holds(self, at: datetime) -> bool:
        return any(part.holds(at) for part in self.parts)


def _any(ranges: Sequence[Range], value: int) -> bool:
    return not ranges or any(first <= value <= last for first, last in ranges)


def _in_month(wanted: Range, day: date) -> bool:
    length = monthrange(day.year, day.month)[1]
    first, last = (each if each > 0 else length + each + 1 for each in wanted)
    return first <= length and max(first, 1) <= day.day <= min(last, length)


# --- Written and read -----------------------------------------------------------------------------------------------


def interval(name: str, parts: Iterable[object]) -> Interval:
    """Read an interval as Alertmanager's configuration writes its parts.

    :raises IntervalError: something in it can't be read.
    """
    read = tuple(part(each, f"intervals[{number}]") for number, each in enumerate(parts))
    if not read:
        raise IntervalError("intervals", [], "state at least one, such as {weekdays: ['monday:friday']}")
    return Interval(name, read)


def part(data: object, field: str = "interval") -> Part:
    """Read one part.

    :raises IntervalError: something in it can't be read.
    """
    if not isinstance(data, Mapping):
        raise IntervalError(field, data, f"use a mapping with {', '.join(_FIELDS)}")
    for name in data:
        if name not in _FIELDS:
            raise IntervalError(f"{field}.{name}", data[name], f"use only {', '.join(_FIELDS)}")
    location = data.get("location") or "UTC"
    if not isinstance(location, str) or not _known(location):
        raise IntervalError(f"{field}.location", location, "use a time zone's name, such as Europe/Berlin")

    def ranges(
        name: str, read: Callable[[str], int | None], fix: str, meant: Callable[[list[Any]], Iterable[Any]] = iter
    ) -> tuple[Range, ...]:
        said = meant(_list(data.get(name), f"{field}.{name}"))
        return tuple(_range(each, f"{field}.{name}", read, fix) for each in said)

    return Part(
        times=tuple(_times(each, f"{field}.times") for each in _list(data.get("times"), f"{field}.times")),
        weekdays=ranges(
            "weekdays", _word(WEEKDAYS, 0), "use days such as monday:friday; a range does not go past sunday", _whole_weeks
        ),
        days_of_month=ranges("days_of_month", _day, "use days such as 1:5, or -3:-1 for the last three"),
        months=ranges("months", _month, "use months such as january:march or 5:8; a range does not go past december"),
        years=ranges("years", _year, "use years such as 2026:2028"),
        location=location,
    )  # fmt: skip


def as_data(read: Interval) -> list[dict[str, Any]]:
    """What :func:`interval` reads, in its plainest form."""
    return [_part_data(each) for each in read.parts]


def _part_data(read: Part) -> dict[str, Any]:
    def text(ranges: Sequence[Range], word: Callable[[int], str] = str) -> list[str]:
        return [word(first) if first == last else f"{word(first)}:{word(last)}" for first, last in ranges]

    said: dict[str, Any] = {}
    if read.times:
        said["times"] = [{"start_time": _clock(start), "end_time": _clock(end)} for start, end in read.times]
    if read.weekdays:
        said["weekdays"] = text(read.weekdays, lambda each: WEEKDAYS[each])
    if read.days_of_month:
        said["days_of_month"] = text(read.days_of_month)
    if read.months:
        said["months"] = text(read.months, lambda each: MONTHS[each - 1])
    if read.years:
        said["years"] = text(read.years)
    if read.location != "UTC":
        said["location"] = read.location
    return said


def in_words(read: Interval) -> str:
    """For people: ``Monday–Friday 09:00–17:00 Europe/Berlin``."""
    said = []
    for each in _with_clocks(read):
        said.append(" ".join(each) or "always")
    return "; ".join(said)


def _with_clocks(read: Interval) -> Iterator[list[str]]:
    for one in read.parts:
        data = _part_data(one)
        named = [name for name in ("weekdays", "months", "years") if name in data]
        words = [", ".join(data[name]).title().replace(":", "–") for name in named]
        if "days_of_month" in data:
            days = ", ".join(data["days_of_month"]).replace(":", " to ")
            words.insert(1 if one.weekdays else 0, f"days {days}")
        if one.times:
            words.append(", ".join(f"{_clock(start)}–{_clock(end)}" for start, end in one.times))
        yield [*words, one.location] if words else words


@lru_cache(maxsize=1024)
def _known(location: str) -> bool:
    if location == "Local":  # of the machine: it means something else on the next one
        return False
    try:
        ZoneInfo(location)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _list(data: object, field: str) -> list[object]:
    if data is None:
        return []
    if not isinstance(data, list | tuple):
        raise IntervalError(field, data, "use a list")
    return list(data)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _times(data: object, field: str) -> Range:
    fix = "use {start_time: '09:00', end_time: '17:00'}; the end lies after the start, at 24:00 at the latest"
    if not isinstance(data, Mapping) or set(data) != {"start_time", "end_time"}:
        raise IntervalError(field, data, fix)
    minutes = []
    for each in (data["start_time"], data["end_time"]):
        found = _TIME.fullmatch(each) if isinstance(each, str) else None
        if found is None or int(found[1]) * 60 + int(found[2]) > MINUTES_OF_A_DAY:
            raise IntervalError(field, each, fix)
        minutes.append(int(found[1]) * 60 + int(found[2]))
    start, end = minutes
    if start >= end:
        raise IntervalError(field, dict(data), fix)
    return start, end


def _range(data: object, field: str, read: Callable[[str], int | None], fix: str) -> Range:
    text = str(data).strip().lower()
    words = [word.strip() for word in text.split(":")]
    values = [read(word) for word in words]
    if isinstance(data, bool) or len(values) > 2 or None in values:
        raise IntervalError(field, data, fix)
    first, last = values[0], values[-1]
    assert first is not None and last is not None
    if (first > last and not first > 0 > last) or (first < 0 < last):
        raise IntervalError(field, data, fix)
    return first, last


def _whole_weeks(said: Iterable[Any]) -> Iterator[Any]:
    """Alertmanager's week begins on Sunday; ``monday:sunday`` is a week all the same, of two ranges there."""
    for each in said:
        first, colon, last = (word.strip() for word in str(each).lower().partition(":"))
        if colon and last == "sunday" and first in WEEKDAYS[1:]:
            yield from (first if first == "saturday" else f"{first}:saturday", "sunday")
        else:
            yield each


def _word(words: Sequence[str], base: int) -> Callable[[str], int | None]:
    return lambda text: words.index(text) + base if text in words else None


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"-?[0-9]{1,4}", text) else None


def _day(text: str) -> int | None:
    number = _number(text)
    return number if number is not None and 1 <= abs(number) <= 31 else None


def _month(text: str) -> int | None:
    number = _number(text)
    if number is not None:
        return number if 1 <= number <= 12 else None
    return _word(MONTHS, 1)(text)


def _year(text: str) -> int | None:
    number = _number(text)
    return number if number is not None and number > 0 else None


# --- What a route does by them --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Times:
    """When a route pages nobody: during any of ``mute``, and outside all of ``active``. Groups of low urgency besides wait
    for one of ``low``. What is empty restricts nothing."""

    mute: tuple[Interval, ...] = ()
    active: tuple[Interval, ...] = ()
    low: tuple[Interval, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.mute or self.active or self.low)

    def muted(self, at: datetime) -> str:
        """Why it pages nobody then: ``during night`` or ``outside business hours``; empty when it does page."""
        for each in self.mute:
            if each.holds(at):
                return f"during {each.name}"
        return _outside(self.active, at)

    def waits(self, at: datetime) -> str:
        """Why a group of low urgency waits then; empty when it does not."""
        return _outside(self.low, at)


def _outside(wanted: Sequence[Interval], at: datetime) -> str:
    if not wanted or any(each.holds(at) for each in wanted):
        return ""
    return f"outside {' and '.join(each.name for each in wanted)}"


def next_change(times: Times, at: datetime) -> datetime | None:
    """The next moment after ``at`` at which any answer of ``times`` changes; when there is none within
    ``LOOK_AHEAD_DAYS`` but times there are, that day, to look again. None without any times."""
    if not times:
        return None
    return _first_change(times, at, lambda moment: (times.muted(moment), times.waits(moment)))


def mute_ends(times: Times, at: datetime) -> datetime | None:
    """When a route that is muted at ``at`` pages again; None: not within ``LOOK_AHEAD_DAYS``."""
    return _ends(times, at, times.muted)


def wait_ends(times: Times, at: datetime) -> datetime | None:
    """When groups of low urgency that wait at ``at`` page; None: not within ``LOOK_AHEAD_DAYS``."""
    return _ends(times, at, times.waits)


def _ends(times: Times, at: datetime, why: Callable[[datetime], str]) -> datetime | None:
    found = _first_change(times, at, lambda moment: bool(why(moment)))
    return found if not why(found) else None


def _first_change(times: Times, at: datetime, answer: Callable[[datetime], object]) -> datetime:
    before = answer(at)
    parts = [part for each in (*times.mute, *times.active, *times.low) for part in each.parts]
    last = (at + timedelta(days=LOOK_AHEAD_DAYS)).replace(second=0, microsecond=0)
    zones = {part.location for part in parts}
    minutes = sorted({0, *(minute for part in parts for span in part.times for minute in span)} - {MINUTES_OF_A_DAY})
    first = at.astimezone(UTC).date() - timedelta(days=1)
    for ahead in range(LOOK_AHEAD_DAYS + 3):  # a day at a time, one before and one after for zones far from UTC
        day = first + timedelta(days=ahead)
        moments = {moment for zone in zones for moment in _moments(zone, day, minutes)}
        # A day of one zone overlaps three of another: the next day's moments may be earlier than some of this one's.
        for moment in sorted(moment for moment in moments if at < moment < last):
            if answer(moment) != before:
                return _no_earlier(zones, day, minutes, at, moment, answer, before)
    return last


def _no_earlier(
    zones: set[str],
    day: date,
    minutes: Sequence[int],
    at: datetime,
    found: datetime,
    answer: Callable[[datetime], object],
    before: object,
) -> datetime:
    """The same, or an earlier change on one of the next two days, as other zones count them."""
    later = (day + timedelta(days=1), day + timedelta(days=2))
    moments = {moment for zone in zones for each in later for moment in _moments(zone, each, minutes)}
    return next(
        (each for each in sorted(moments) if at < each < found and answer(each) != before),
        found,
    )


@lru_cache(maxsize=4096)
def _shift(zone: str, day: date) -> datetime | None:
    """When the clocks change there on that day."""
    where = ZoneInfo(zone)
    low = datetime.combine(day, time(), where).astimezone(UTC)
    high = datetime.combine(day + timedelta(days=1), time(), where).astimezone(UTC)
    old = low.astimezone(where).utcoffset()
    if old == high.astimezone(where).utcoffset():
        return None
    while high - low > timedelta(minutes=1):
        middle = low + timedelta(minutes=(high - low) // timedelta(minutes=2))
        if middle.astimezone(where).utcoffset() == old:
            low = middle
        else:
            high = middle
    return high


def _moments(zone: str, day: date, minutes: Sequence[int]) -> Iterator[datetime]:
    """Everything on that day by the clock there at which an interval may begin or end, in UTC."""
    where = ZoneInfo(zone)
    shift = _shift(zone, day)
    for minute in minutes:
        local = datetime.combine(day, time(minute // 60, minute % 60), where)
        yield local.astimezone(UTC)
        if shift is not None:
            yield local.replace(fold=1).astimezone(UTC)
    if shift is not None:
        yield shift
