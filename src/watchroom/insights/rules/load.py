"""How heavy on-call is for each person, and how evenly it is shared. Pure.

Night is 22:00 to 07:00, a weekend day Saturday or Sunday, both by the clock of the person who is woken. Pages within
half an hour of each other interrupt one sleep, not several.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from ...oncall.rules import joined

NIGHT_FROM, NIGHT_TO = 22, 7
WORK_FROM, WORK_TO = 9, 18
SAME_SLEEP = timedelta(minutes=30)
PAGES_A_SHIFT = 2  # in twelve hours; https://sre.google/sre-book/being-on-call/
NIGHTS_A_WEEK = 2
LONGEST_STRETCH = timedelta(days=7, hours=2)  # a week, and the hour that daylight saving may add


@dataclass(frozen=True)
class Page:
    """Somebody was paged for one thing."""

    person: int
    at: datetime


@dataclass(frozen=True)
class Load:
    """What one person carried. ``share`` is of all pages, from 0 to 1; ``warnings`` say what is too much."""

    person: int
    pages: int
    out_of_hours: int
    night_pages: int
    nights: int
    sleep_interruptions: int
    weekend_pages: int
    weekend_days: int
    hours_on_call: float
    share: float
    warnings: tuple[str, ...]


def is_night(at: datetime, zone: tzinfo) -> bool:
    """Whether it is night where this person is."""
    hour = at.astimezone(zone).hour
    return hour >= NIGHT_FROM or hour < NIGHT_TO


def night_of(at: datetime, zone: tzinfo) -> date:
    """The evening's date of the night in which this is: after midnight it is still yesterday's night."""
    return (at.astimezone(zone) - timedelta(hours=NIGHT_TO)).date()


def is_out_of_hours(at: datetime, zone: tzinfo) -> bool:
    """Whether it is a weekend, or before nine or after six."""
    local = at.astimezone(zone)
    return local.weekday() >= 5 or not WORK_FROM <= local.hour < WORK_TO


def sleep_interruptions(pages: Sequence[datetime], zone: tzinfo) -> int:
    """How often these pages woke somebody."""
    woken, last = 0, None
    for at in sorted(pages):
        if not is_night(at, zone):
            continue
        if last is None or at - last > SAME_SLEEP:
            woken += 1
        last = at
    return woken


def loads(
    pages: Iterable[Page],
    spans: Mapping[int, Sequence[tuple[datetime, datetime]]],
    zones: Mapping[int, tzinfo],
    start: datetime,
    end: datetime,
) -> list[Load]:
    """The load of everybody who was paged or on call between ``start`` and ``end``; the heaviest first. ``spans`` are the
    times on call, without overlaps, by person."""
    by_person: dict[int, list[datetime]] = defaultdict(list)
    for page in pages:
        by_person[page.person].append(page.at)
    total = sum(map(len, by_person.values()))
    found = []
    for person in by_person.keys() | spans.keys():
        zone, own = zones[person], sorted(by_person.get(person, ()))
        own_spans = [(max(a, start), min(b, end)) for a, b in spans.get(person, ()) if a < end and b > start]
        nights = {night_of(at, zone) for at in own if is_night(at, zone)}
        found.append(
            Load(
                person=person,
                pages=len(own),
                out_of_hours=sum(is_out_of_hours(at, zone) for at in own),
                night_pages=sum(is_night(at, zone) for at in own),
                nights=len(nights),
                sleep_interruptions=sleep_interruptions(own, zone),
                weekend_pages=sum(at.astimezone(zone).weekday() >= 5 for at in own),
                weekend_days=len(_weekend_days(own_spans, zone)),
                hours_on_call=sum((b - a).total_seconds() for a, b in own_spans) / 3600,
                share=len(own) / total if total else 0.0,
                warnings=tuple(_warnings(own, nights, own_spans)),
            )
        )
    return sorted(found, key=lambda each: (-each.sleep_interruptions, -each.pages, -each.hours_on_call, each.person))


def _weekend_days(spans: Iterable[tuple[datetime, datetime]], zone: tzinfo) -> set[date]:
    days = set()
    for begin, end in spans:
        day = begin.astimezone(zone).date()
        last = (end.astimezone(zone) - timedelta(microseconds=1)).date()
        while day <= last:
            if day.weekday() >= 5:
                days.add(day)
            day += timedelta(days=1)
    return days


def _warnings(
    pages: Sequence[datetime], nights: set[date], spans: Sequence[tuple[datetime, datetime]]
) -> Iterable[str]:
    most, _ = most_within(pages, timedelta(hours=12))
    if most > PAGES_A_SHIFT:
        yield f"{most} pages within twelve hours; more than {PAGES_A_SHIFT} leave no time to do any of them well."
    if broken := _most_nights_within_a_week(nights):
        yield f"{broken} nights with a page within a week: a rest day is due."
    longest = max((b - a for a, b in joined(spans)), default=timedelta())
    if longest > LONGEST_STRETCH:
        yield f"On call for {longest.total_seconds() / 86400:.0f} days without a break: swap a part of it."


def most_within(times: Sequence[datetime], window: timedelta) -> tuple[int, datetime | None]:
    """The largest number of these (sorted) times in any window of this length, and when it begins."""
    most, since, first = 0, None, 0
    for number, at in enumerate(times):
        while at - times[first] >= window:
            first += 1
        if number - first + 1 > most:
            most, since = number - first + 1, times[first]
    return most, since


def _most_nights_within_a_week(nights: set[date]) -> int:
    most = max((sum(0 <= (other - night).days < 7 for other in nights) for night in nights), default=0)
    return most if most > NIGHTS_A_WEEK else 0
