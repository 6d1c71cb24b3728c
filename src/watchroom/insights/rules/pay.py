"""What on-call earns: money or hours, and time off, by the rules that a team has on each day. Pure.

Every hour on call is of one kind, by the clock of the schedule: a public holiday, else a weekend, else night, else working
time, else any other hour of a weekday. Each line names what was counted and at which rate, so that it can be checked by hand.
Amounts are exact decimals, rounded line by line to a hundredth, halves up; a sum is the sum of its lines.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

from ...oncall.rules import joined, to_utc
from .pay_book import Book, PayRules

Kind = Literal["work", "weekday", "night", "weekend", "holiday"]
What = Kind | Literal["page", "night page", "time off", "correction"]
KINDS: dict[Kind, str] = {
    "work": "working time",
    "weekday": "weekday",
    "night": "night",
    "weekend": "weekend",
    "holiday": "public holiday",
}
Span = tuple[datetime, datetime]
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_CENT = Decimal("0.01")
_NONE = Decimal(0)


@dataclass(frozen=True)
class Note:
    """Somebody has corrected who was on call: in this time the person was (it ``counts``), or was not after all."""

    starts_at: datetime
    ends_at: datetime
    text: str
    counts: bool


@dataclass(frozen=True)
class Served:
    """When one person was on call in one schedule, their public holidays, and what of it comes from corrections."""

    person: int
    schedule: str
    zone: ZoneInfo
    spans: Sequence[Span]
    holidays: Mapping[date, str]
    notes: Sequence[Note] = ()


@dataclass(frozen=True)
class Paged:
    """One person was paged once, for one thing; by the clock of ``zone``."""

    person: int
    at: datetime
    title: str
    zone: ZoneInfo
    holidays: Collection[date] = ()


@dataclass(frozen=True)
class Line:
    """One thing that was counted. ``amount`` = ``quantity`` times ``rate``, in the unit of the rules; ``off`` is time off in
    hours."""

    person: int
    schedule: str
    what: What
    starts_at: datetime
    ends_at: datetime
    quantity: Decimal
    rate: Decimal
    amount: Decimal
    off: Decimal
    text: str


def kind_at(local: datetime, rules: PayRules, holidays: Collection[date]) -> Kind:
    """Of which kind a moment is, by the clock on the wall."""
    if local.date() in holidays:
        return "holiday"
    if local.weekday() >= 5:
        return "weekend"
    if _within(local.time(), rules.night_from, rules.night_to):
        return "night"
    return "work" if rules.work_from <= local.time() < rules.work_to else "weekday"


def _within(at: time, start: time, end: time) -> bool:
    return start <= at < end if start <= end else at >= start or at < end


def pieces(
    span: Span, zone: ZoneInfo, book: Book, holidays: Collection[date]
) -> list[tuple[datetime, datetime, Kind, PayRules]]:
    """A span cut where its kind or the rules change: without gaps, in order, no two neighbours alike."""
    a, b = span
    first, last = a.astimezone(zone).date(), b.astimezone(zone).date()
    cuts = {a, b}
    for number in range((last - first).days + 1):
        day = first + number * _DAY
        rules = book.at(day)
        for edge in {time(), rules.night_from, rules.night_to, rules.work_from, rules.work_to}:
            at = to_utc(datetime.combine(day, edge), zone)
            if a < at < b:
                cuts.add(at)
    found: list[tuple[datetime, datetime, Kind, PayRules]] = []
    for start, end in pairwise(sorted(cuts)):
        local = start.astimezone(zone).replace(tzinfo=None)
        rules = book.at(local.date())
        kind = kind_at(local, rules, holidays)
        if found and found[-1][2:] == (kind, rules):
            found[-1] = (found[-1][0], end, kind, rules)
        else:
            found.append((start, end, kind, rules))
    return found


def lines(served: Iterable[Served], pages: Iterable[Paged], book: Book) -> list[Line]:
    """Everything that was earned, by person, then time. The spans of one person in several schedules don't overlap."""
    found: list[Line] = []
    seen: set[tuple[int, date]] = set()
    for each in served:
        for span in joined(each.spans):
            for part in _cut_at(span, (note for note in each.notes if note.counts)):
                found += [_hours(each, piece) for piece in pieces(part, each.zone, book, each.holidays.keys())]
        found += [_not_after_all(each, note) for note in each.notes if not note.counts]
        found += _days_off(each, book, seen)
    found += _pages(pages, book)
    return sorted(found, key=lambda line: (line.person, line.starts_at, line.what, line.schedule))


def _cut_at(span: Span, notes: Iterable[Note]) -> list[Span]:
    """A span cut where what comes from a correction begins and ends, so that it has a line of its own."""
    a, b = span
    cuts = {a, b, *(at for note in notes for at in (note.starts_at, note.ends_at) if a < at < b)}
    return list(pairwise(sorted(cuts)))


def _not_after_all(served: Served, note: Note) -> Line:
    """A line that earns nothing, so that nobody wonders where the hours are."""
    a, b = note.starts_at, note.ends_at
    text = f"Not on call {_window(a, b, served.zone)} after all: {note.text}"
    return Line(served.person, served.schedule, "correction", a, b, _NONE, _NONE, _NONE, _NONE, text)


def _hours(served: Served, piece: tuple[datetime, datetime, Kind, PayRules]) -> Line:
    a, b, kind, rules = piece
    rate = getattr(rules, kind)
    exact = Decimal((b - a) // timedelta(seconds=1)) / 3600
    amount = (exact * rate).quantize(_CENT, ROUND_HALF_UP)
    hours = exact.quantize(_CENT, ROUND_HALF_UP)
    feasts = _feasts(served, a, b) if kind == "holiday" else ""
    what = f"{KINDS[kind]} ({feasts})" if feasts else KINDS[kind]
    text = f"On call {_window(a, b, served.zone)}, {what}: {hours} h at {rate:f} {rules.unit} = {amount} {rules.unit}"
    text += "".join(f" ({note.text})" for note in served.notes if note.counts and note.starts_at <= a < note.ends_at)
    return Line(served.person, served.schedule, kind, a, b, hours, rate, amount, _NONE, text)


def _feasts(served: Served, a: datetime, b: datetime) -> str:
    """What is celebrated from ``a`` up to ``b``: holidays may follow each other."""
    day, last = a.astimezone(served.zone).date(), (b - timedelta(microseconds=1)).astimezone(served.zone).date()
    found = {name: None for each, name in sorted(served.holidays.items()) if day <= each <= last and name}
    return ", ".join(found)


def _days_off(served: Served, book: Book, seen: set[tuple[int, date]]) -> Iterable[Line]:
    """Time off for weekend days and public holidays on which somebody was on call at all; a holiday at a weekend is one.
    ``seen`` takes whose days have been counted, in whichever schedule."""
    for a, b in joined(served.spans):
        day, last = a.astimezone(served.zone).date(), (b - timedelta(microseconds=1)).astimezone(served.zone).date()
        while day <= last:
            if (served.person, day) not in seen:
                seen.add((served.person, day))
                feast, rules = served.holidays.get(day), book.at(day)
                off = rules.off_per_holiday if feast else rules.off_per_weekend_day if day.weekday() >= 5 else _NONE
                if off:
                    start = to_utc(datetime.combine(day, time()), served.zone)
                    end = to_utc(datetime.combine(day + _DAY, time()), served.zone)
                    name = f"a public holiday ({feast})" if feast else "a weekend day"
                    text = f"On call on {day:%a %-d %b}, {name}: {off:f} h off"
                    yield Line(served.person, served.schedule, "time off", start, end, _NONE, _NONE, _NONE, off, text)
            day += _DAY


def _pages(pages: Iterable[Paged], book: Book) -> Iterable[Line]:
    """Each page out of working time; and time off once for each night with one, whatever day of the week it is."""
    nights: set[tuple[int, date]] = set()
    for page in sorted(pages, key=lambda each: (each.person, each.at)):
        local = page.at.astimezone(page.zone).replace(tzinfo=None)
        rules = book.at(local.date())
        at_night = _within(local.time(), rules.night_from, rules.night_to)
        if not at_night and kind_at(local, rules, page.holidays) == "work":
            continue
        rate = rules.page_at_night if at_night else rules.page_out_of_hours
        off = _NONE
        if at_night:
            # After midnight it is still yesterday's night.
            early = rules.night_from > rules.night_to and local.time() < rules.night_to
            night = page.person, local.date() - _DAY if early else local.date()
            off = rules.off_per_night if night not in nights else _NONE
            nights.add(night)
        if not rate and not off:
            continue
        amount = rate.quantize(_CENT, ROUND_HALF_UP)
        earned = [f"{amount} {rules.unit}"] if rate else []
        earned += [f"{off:f} h off"] if off else []
        what: What = "night page" if at_night else "page"
        text = f"Paged {'at night' if at_night else 'out of hours'}, {local:%a %-d %b %H:%M}, {page.title}: {' and '.join(earned)}"
        yield Line(page.person, "", what, page.at, page.at, Decimal(1), rate, amount, off, text)


def _window(a: datetime, b: datetime, zone: ZoneInfo) -> str:
    start, end = a.astimezone(zone), b.astimezone(zone)
    day = "" if start.date() == end.date() else f"{end:%a %-d %b} "
    return f"{start:%a %-d %b %H:%M} to {day}{end:%H:%M}"


@dataclass(frozen=True)
class Total:
    """What one person has earned: hours on call by kind, pages that count, the amount, and time off in hours."""

    person: int
    hours: Mapping[str, Decimal]
    pages: int
    amount: Decimal
    off: Decimal


def totals(found: Iterable[Line]) -> list[Total]:
    """The sums of lines, by person."""
    by_person: dict[int, list[Line]] = {}
    for line in found:
        by_person.setdefault(line.person, []).append(line)
    return [
        Total(
            person,
            {kind: sum((line.quantity for line in own if line.what == kind), _NONE) for kind in KINDS},
            sum(line.what in ("page", "night page") for line in own),
            sum((line.amount for line in own), _NONE),
            sum((line.off for line in own), _NONE),
        )
        for person, own in by_person.items()
    ]


def without(spans: Sequence[Span], taken: Sequence[Span]) -> list[Span]:
    """What is in ``spans`` and not in ``taken``."""
    found = list(joined(spans))
    for a, b in joined(taken):
        found = [
            part
            for start, end in found
            for part in ([(start, min(end, a))] if start < a else []) + ([(max(start, b), end)] if end > b else [])
            if part[0] < part[1]
        ]
    return found
