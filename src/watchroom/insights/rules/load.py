"""How heavy on-call is for each person, and how evenly it is shared. Pure.

Night is 22:00 to 07:00, a weekend day Saturday or Sunday, both by the clock of the person who is woken. Pages within
half an hour of each other interrupt one sleep, not several.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from .limits import Carried, Limits, crossed, most_within, night_of

NIGHT_FROM, NIGHT_TO = 22, 7
WORK_FROM, WORK_TO = 9, 18
SAME_SLEEP = timedelta(minutes=30)
DEFAULT = Limits()

__all__ = ["Load", "Page", "is_night", "is_out_of_hours", "loads", "most_within", "night_of", "sleep_interruptions"]


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
    limits: Limits = DEFAULT,
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
        nights = {night_of(at, zone, NIGHT_TO) for at in own if is_night(at, zone)}
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
                warnings=tuple(
                    each.text
                    for each in crossed(Carried(own, own_spans, zone, end, total, len(spans)), limits, is_night, {})
                ),
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
