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
WEEK = timedelta(days=7)
DEFAULT = Limits()
Span = tuple[datetime, datetime]

__all__ = ["Load", "Page", "is_night", "is_out_of_hours", "loads", "most_within", "night_of", "sleep_interruptions"]


@dataclass(frozen=True)
class Page:
    """Somebody was paged for one thing."""

    person: int
    at: datetime


@dataclass(frozen=True)
class Load:
    """What one person carried. ``share`` is of all pages, from 0 to 1; ``weeks_in_a_row`` the longest time on call without a
    break, in weeks; ``hours_in_incidents`` with a role in incidents; ``warnings`` say what is too much."""

    person: int
    pages: int
    out_of_hours: int
    night_pages: int
    nights: int
    sleep_interruptions: int
    weekend_pages: int
    weekend_days: int
    hours_on_call: float
    weeks_in_a_row: float
    hours_in_incidents: float
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
    *,
    in_incidents: Mapping[int, Sequence[tuple[datetime, datetime]]] | None = None,
) -> list[Load]:
    """The load of everybody who was paged, on call or in incidents between ``start`` and ``end``; the heaviest first.
    ``spans`` are the times on call and ``in_incidents`` those in incidents, both without overlaps, by person."""
    by_person: dict[int, list[datetime]] = defaultdict(list)
    for page in pages:
        by_person[page.person].append(page.at)
    total = sum(map(len, by_person.values()))
    found, worked = [], in_incidents or {}
    for person in by_person.keys() | spans.keys() | worked.keys():
        zone, own = zones[person], sorted(by_person.get(person, ()))
        own_spans = _within(spans.get(person, ()), start, end)
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
                hours_on_call=_hours(own_spans),
                weeks_in_a_row=round(max((b - a for a, b in own_spans), default=timedelta(0)) / WEEK, 1),
                hours_in_incidents=_hours(_within(worked.get(person, ()), start, end)),
                share=len(own) / total if total else 0.0,
                warnings=tuple(
                    each.text
                    for each in crossed(Carried(own, own_spans, zone, end, total, len(spans)), limits, is_night, {})
                ),
            )
        )
    return sorted(found, key=lambda each: (-each.sleep_interruptions, -each.pages, -each.hours_on_call, each.person))


def _within(spans: Iterable[Span], start: datetime, end: datetime) -> list[Span]:
    return [(max(a, start), min(b, end)) for a, b in spans if a < end and b > start]


def _hours(spans: Iterable[Span]) -> float:
    return sum((b - a).total_seconds() for a, b in spans) / 3600


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
