"""What comes again and again: a subset of RFC 5545's recurrence rules, kept by the clock on the wall of a time zone.

Pure: no Django, no clock, no I/O. Whatever is asked looks ahead ten years at most, so that a rule that names a day that
never comes (31 February) ends the search instead of running on; dateutil's, which the tests compare this with, runs on to
the end of the calendar there.
https://www.rfc-editor.org/rfc/rfc5545#section-3.3.10
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

from ...oncall.rules.zones import to_local, to_utc

Span = tuple[datetime, datetime]

HORIZON = timedelta(days=3660)
AS_FAR = timedelta(days=30 * 366)  # a first occurrence lies within this of the present
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTH_NAMES = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
               "November", "December")  # fmt: skip
_EVERY = {
    "DAILY": ("day", 366),
    "WEEKLY": ("week", 52),
    "MONTHLY": ("month", 24),
    "YEARLY": ("year", 5),
}  # most intervals
_DAY = re.compile(r"([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)")
_UNTIL = re.compile(r"(\d{8})(?:T(\d{6})Z)?")
_LOOKED_AT = 400  # occurrences in which two that overlap would be found


class RepeatError(ValueError):
    """A rule that is not accepted. ``fix`` says what may stand there."""

    def __init__(self, problem: str, fix: str, field: str = "repeats") -> None:
        super().__init__(f"{problem} {fix}")
        self.problem, self.fix, self.field = problem, fix, field


@dataclass(frozen=True, slots=True)
class Repeat:
    """How something repeats. ``days`` are (weekday, which of its month), Monday 0 and 0 for each of them; negative numbers
    count from the end of the month. ``until`` is the last local day, or the last moment, at which one may begin."""

    every: str
    interval: int = 1
    days: tuple[tuple[int, int], ...] = ()
    month_days: tuple[int, ...] = ()
    months: tuple[int, ...] = ()
    until: date | datetime | None = None

    def __str__(self) -> str:
        """The rule in RFC 5545's form, the same for all ways of writing it."""
        until = ""
        if isinstance(self.until, datetime):
            until = f"{self.until:%Y%m%dT%H%M%SZ}"
        elif self.until is not None:
            until = f"{self.until:%Y%m%d}"
        parts = {
            "FREQ": self.every,
            "INTERVAL": str(self.interval) if self.interval > 1 else "",
            "BYMONTH": ",".join(map(str, self.months)),
            "BYMONTHDAY": ",".join(map(str, self.month_days)),
            "BYDAY": ",".join(f"{which or ''}{DAYS[day]}" for day, which in self.days),
            "UNTIL": until,
        }
        return ";".join(f"{name}={value}" for name, value in parts.items() if value)


def repeat(text: str) -> Repeat:
    """A rule as it is written, such as ``FREQ=WEEKLY;BYDAY=TU,TH`` (with or without ``RRULE:`` before it).

    :raises RepeatError: it is not of the subset that is understood here.
    """
    given: dict[str, str] = {}
    for part in text.strip().upper().removeprefix("RRULE:").strip(";").split(";"):
        name, equals, value = part.strip().partition("=")
        if not equals or not value or name in given:
            raise RepeatError(f"{part[:60]!r} can't be read.", "Write such as FREQ=WEEKLY;BYDAY=TU,TH.")
        given[name] = value.strip()
    unknown = given.keys() - {"FREQ", "INTERVAL", "BYMONTH", "BYMONTHDAY", "BYDAY", "UNTIL", "WKST"}
    if unknown or given.get("WKST", "MO") != "MO":
        name = min(unknown, default="WKST")
        raise RepeatError(
            f"{name[:60]} is not understood here.",
            "Use FREQ, INTERVAL, BYDAY, BYMONTHDAY, BYMONTH and UNTIL; weeks begin on Monday.",
        )
    every = given.get("FREQ", "")
    if every not in _EVERY:
        raise RepeatError(f"FREQ={every[:60]} is not understood here.", "Use DAILY, WEEKLY, MONTHLY or YEARLY.")
    found = Repeat(
        every,
        interval=_numbers(given, "INTERVAL", 1, _EVERY[every][1])[0] if "INTERVAL" in given else 1,
        days=tuple(sorted({_day(each) for each in given["BYDAY"].split(",")})) if "BYDAY" in given else (),
        month_days=tuple(_numbers(given, "BYMONTHDAY", 1, 31, negative=True)) if "BYMONTHDAY" in given else (),
        months=tuple(_numbers(given, "BYMONTH", 1, 12)) if "BYMONTH" in given else (),
        until=_until(given["UNTIL"]) if "UNTIL" in given else None,
    )
    if len(str(found)) > 300:
        raise RepeatError("The rule is too long.", "Leave out what it says twice.")
    if found.month_days and every in {"DAILY", "WEEKLY"}:
        raise RepeatError("BYMONTHDAY goes with months.", "Use FREQ=MONTHLY or FREQ=YEARLY.")
    if any(which for _, which in found.days) and every in {"DAILY", "WEEKLY"}:
        raise RepeatError("The first or last of a weekday goes with months.", "Use FREQ=MONTHLY, or BYDAY=TU.")
    if every == "YEARLY" and (found.days or found.month_days) and not found.months:
        raise RepeatError("It doesn't say of which month.", "Add BYMONTH, such as BYMONTH=3.")
    return found


def _numbers(given: dict[str, str], name: str, least: int, most: int, *, negative: bool = False) -> list[int]:
    fix = f"Write numbers from {least} to {most}{', or negative ones from the end' if negative else ''}."
    found = set()
    for text in given[name].split(","):
        if not re.fullmatch(r"[+-]?[0-9]{1,3}", text):
            raise RepeatError(f"{name}={text[:60]} can't be read.", fix)
        number = int(text)
        if not (least <= number <= most or (negative and least <= -number <= most)):
            raise RepeatError(f"{name}={number} is not possible.", fix)
        found.add(number)
    return sorted(found)


def _day(text: str) -> tuple[int, int]:
    read = _DAY.fullmatch(text.strip())
    if read is None:
        raise RepeatError(f"BYDAY={text[:60]} can't be read.", "Write MO, TU, …, or 2TU, -1FR for one of a month.")
    return DAYS.index(read[2]), int(read[1] or 0)


def _until(text: str) -> date | datetime:
    fix = "Write the last day, such as UNTIL=20270331, or a moment in UTC, such as UNTIL=20270331T220000Z."
    read = _UNTIL.fullmatch(text)
    try:
        if read is None:
            raise ValueError
        day = date.fromisoformat(read[1])
        if not 1900 <= day.year <= 9000:
            raise ValueError
        return datetime.combine(day, time.fromisoformat(read[2]), UTC) if read[2] else day
    except ValueError:
        raise RepeatError(f"UNTIL={text[:60]} can't be read.", fix) from None


@dataclass(frozen=True, slots=True)
class Series:
    """Occurrences of one rule: from the first at ``starts_at`` on, each as long, by the clock on the wall of ``zone``, as
    from ``starts_at`` to ``ends_at``."""

    repeat: Repeat
    zone: ZoneInfo
    starts_at: datetime
    ends_at: datetime

    def following(self, after: datetime) -> Iterator[Span]:
        """The occurrences that begin later than ``after``, in order: those of the ten years after it, or after the first.

        A time that the clocks skip moves forward with them; of one that comes twice the first is meant.
        """
        first = to_local(self.starts_at, self.zone)
        length = to_local(self.ends_at, self.zone) - first
        if length <= timedelta(0):  # it ends in the hour that comes again
            length = self.ends_at - self.starts_at
        until = self.repeat.until
        if until is not None and not isinstance(until, datetime):
            until = to_utc(datetime.combine(until, time.max), self.zone)
        for local in self._locals(first, max(first, to_local(after, self.zone) - timedelta(days=1))):
            start, end = to_utc(local, self.zone), to_utc(local + length, self.zone)
            if local == first:  # of an hour that comes twice, the first occurrence says itself which is meant
                start, end = self.starts_at, self.ends_at
            if until is not None and start > until:
                return
            if start > after:
                yield start, end if end > start else start + length

    def at(self, moment: datetime) -> Span | None:
        """The occurrence that runs at a moment, or else the next. None: there is no further one."""
        back = (self.ends_at - self.starts_at) + timedelta(days=1)
        return next((span for span in self.following(moment - back) if span[1] > moment), None)

    def after(self, current: datetime, moment: datetime) -> Span | None:
        """The first occurrence after the one that began at ``current`` which is not over at ``moment``."""
        return next((span for span in self.following(current) if span[1] > moment), None)

    def preview(self, moment: datetime, most: int = 5) -> list[Span]:
        """The occurrence that runs at a moment, and those that follow."""
        now = self.at(moment)
        if now is None:
            return []
        return [now, *islice(self.following(now[0]), most - 1)]

    def _locals(self, first: datetime, soonest: datetime) -> Iterator[datetime]:
        """The local beginnings from ``soonest`` on: the days of each period that the rule names, for ten years."""
        named = _like_the_first(self.repeat, first)
        for days in _periods(named, first.date(), soonest.date()):
            for day in days:
                if _names(named, day):
                    local = datetime.combine(day, first.time())
                    if local >= soonest:
                        yield local


def _like_the_first(rule: Repeat, first: datetime) -> Repeat:
    """A rule that names no day means that of its first occurrence."""
    if rule.every == "YEARLY" and not rule.months:
        rule = replace(rule, months=(first.month,))
    if rule.days or rule.month_days or rule.every == "DAILY":
        return rule
    if rule.every == "WEEKLY":
        return replace(rule, days=((first.weekday(), 0),))
    return replace(rule, month_days=(first.day,))


def _periods(rule: Repeat, first: date, soonest: date) -> Iterator[Iterable[date]]:
    """The days of each period of a rule, from the last that begins before ``soonest`` for ten years. Whole intervals since
    the first are jumped over: years of them cost nothing."""
    last = soonest + HORIZON
    if rule.every in {"DAILY", "WEEKLY"}:
        length = 1 if rule.every == "DAILY" else 7
        start = first if rule.every == "DAILY" else first - timedelta(days=first.weekday())
        step = timedelta(days=rule.interval * length)
        start += max(0, (soonest - start) // step) * step
        while start <= last:
            yield [start + timedelta(days=each) for each in range(length)]
            start += step
        return
    length = 1 if rule.every == "MONTHLY" else 12
    begin = first.year * 12 + (first.month - 1 if rule.every == "MONTHLY" else 0)
    end = last.year * 12 + last.month - 1
    step_months = rule.interval * length
    begin += max(0, (soonest.year * 12 + soonest.month - 1 - begin) // step_months) * step_months
    for number in range(begin, end + 1, step_months):
        months = [divmod(each, 12) for each in range(number, number + length)]
        yield (
            date(year, month + 1, day + 1)
            for year, month in months
            if not rule.months or month + 1 in rule.months
            for day in range(monthrange(year, month + 1)[1])
        )


def _names(rule: Repeat, day: date) -> bool:
    """Whether a rule names a day of one of its periods."""
    if rule.months and day.month not in rule.months:
        return False
    last = monthrange(day.year, day.month)[1]
    if rule.month_days and not {day.day, day.day - last - 1} & set(rule.month_days):
        return False
    which = {0, (day.day - 1) // 7 + 1, -((last - day.day) // 7 + 1)}
    return not rule.days or any(day.weekday() == weekday and number in which for weekday, number in rule.days)


def series(rule: Repeat, zone: ZoneInfo, starts_at: datetime, ends_at: datetime, now: datetime) -> Series:
    """A rule with its first occurrence.

    :raises RepeatError: it never happens, it happens no more, or one occurrence would reach into the next.
    """
    if abs(starts_at - now) > AS_FAR:
        raise RepeatError("It begins too far away.", "Choose a beginning within 30 years.", "starts_at")
    made = Series(rule, zone, starts_at, ends_at)
    spans = list(islice(made.following(starts_at - timedelta(microseconds=1)), _LOOKED_AT))
    if not spans:
        raise RepeatError("It would never happen.", "Choose a day that its months have, before it ends.")
    if made.at(now) is None:
        raise RepeatError("It would happen no more.", "Choose a later UNTIL, or leave that out.")
    if any(end >= following for (_, end), (following, _) in pairwise(spans)):
        raise RepeatError(
            "Each occurrence would reach into the next: it would never end.", "Choose an earlier end.", "ends_at"
        )
    return made


# --- Words -----------------------------------------------------------------------------------------------------------


def in_words(rule: Repeat, starts_at: datetime) -> str:
    """Such as ``every 2 weeks on Tuesday and Thursday until 2027-03-31``. ``starts_at`` is the local first beginning."""
    word = _EVERY[rule.every][0]
    text = f"every {word}" if rule.interval == 1 else f"every {rule.interval} {word}s"
    named = _like_the_first(rule, starts_at)
    if named.days:
        text += " on " + _listed(
            [f"{'the ' if which else ''}{_which(which)}{DAY_NAMES[day]}" for day, which in named.days]
        )
    if named.month_days:
        text += " on " + _listed([f"day {day}" if day > 0 else f"the {_which(day)}day" for day in named.month_days])
    if named.months:
        text += " in " + _listed([MONTH_NAMES[month - 1] for month in named.months])
    if rule.until is not None:
        text += f" until {rule.until:%Y-%m-%d}"
    return text


def _which(number: int) -> str:
    ordinal = {1: "first ", 2: "second ", 3: "third "}
    if number == 0:
        return ""
    if number < 0:
        return "last " if number == -1 else f"{ordinal.get(-number, f'{-number}th ')}last ".replace("  ", " ")
    return ordinal.get(number, f"{number}th ")


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def chosen(how: str, local: datetime, *, days: list[str], interval: int = 1, until: date | None = None) -> Repeat:
    """A rule of plain choices: ``day``, ``week`` (on ``days``), ``month-day`` (the day of the month of the first beginning),
    ``month-weekday`` (such as its second Tuesday), ``month-last`` (the last such weekday), ``year``.

    :raises RepeatError: there is no such choice.
    """
    which = (local.day - 1) // 7 + 1
    rules = {
        "day": Repeat("DAILY", interval),
        "week": Repeat("WEEKLY", interval, tuple((DAYS.index(day), 0) for day in DAYS if day in days)),
        "month-day": Repeat("MONTHLY", interval, month_days=(local.day,)),
        "month-weekday": Repeat("MONTHLY", interval, ((local.weekday(), which),)),
        "month-last": Repeat("MONTHLY", interval, ((local.weekday(), -1),)),
        "year": Repeat("YEARLY", interval, month_days=(local.day,), months=(local.month,)),
    }
    if how not in rules:
        raise RepeatError("There is no such choice.", f"Use {', '.join(rules)}.")
    found = rules[how]
    rule = Repeat(found.every, interval, found.days, found.month_days, found.months, until)
    return repeat(str(rule))
