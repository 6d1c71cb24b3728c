"""How good a schedule is for those in it: gaps, balance, nights, weekends, rest; and what would make it better."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from .final import final_shifts, gaps
from .values import Plan, Shift
from .zones import check_zone, to_local, to_utc

DAY = timedelta(days=1)
NIGHT_ENDS = time(6)
LONG_RUN = timedelta(days=14)
Absent = Mapping[int, Iterable[tuple[datetime, datetime]]]


@dataclass(frozen=True, slots=True)
class Load:
    """What a person carries, by the clocks of their own zone. A night is any time between midnight and six."""

    person: int
    hours: float
    nights: int
    weekends: int
    holidays: int
    longest: timedelta  # on call without a break


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that could be better, and what would help."""

    kind: str  # gap, conflict, imbalance, nights, weekends, run, calendar
    text: str
    fix: str
    person: int | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Quality:
    """The report of a span of time; ``score`` is from 0 to 100."""

    score: int
    loads: tuple[Load, ...]
    findings: tuple[Finding, ...]
    gap_hours: float


def load_of(person: int, shifts: Iterable[Shift], zone: str, holidays: Iterable[date] = ()) -> Load:
    """What these shifts of a person mean for them."""
    spans = joined((shift.starts_at, shift.ends_at) for shift in shifts)
    place, feast = check_zone(zone), set(holidays)
    nights: set[date] = set()
    weekends: set[tuple[int, int]] = set()
    celebrated: set[date] = set()
    for a, b in spans:
        day, last = to_local(a, place).date(), to_local(b - timedelta(microseconds=1), place).date()
        while day <= last:
            if a < to_utc(datetime.combine(day, NIGHT_ENDS), place) and b > to_utc(
                datetime.combine(day, time()), place
            ):
                nights.add(day)
            if day.weekday() >= 5:
                weekends.add((day - timedelta(days=day.weekday())).isocalendar()[:2])
            if day in feast:
                celebrated.add(day)
            day += DAY
    hours = sum(((b - a) for a, b in spans), timedelta()) / timedelta(hours=1)
    longest = max((b - a for a, b in spans), default=timedelta())
    return Load(person, round(hours, 1), len(nights), len(weekends), len(celebrated), longest)


def conflicts(shifts: Iterable[Shift], absent: Absent) -> list[tuple[int, datetime, datetime]]:
    """When somebody is on call and away at once: person, from, until."""
    spans = {person: joined(each) for person, each in absent.items()}
    found = []
    for shift in shifts:
        for a, b in spans.get(shift.person, ()):
            if a < shift.ends_at and b > shift.starts_at:
                found.append((shift.person, max(a, shift.starts_at), min(b, shift.ends_at)))
    return found


def quality(
    plan: Plan,
    start: datetime,
    end: datetime,
    *,
    zones: Mapping[int, str],
    absent: Absent | None = None,
    holidays: Mapping[int, Iterable[date]] | None = None,
    names: Mapping[int, str] | None = None,
) -> Quality:
    """Judge the final schedule from ``start`` up to ``end``. Everybody in ``zones`` counts, also with no shift."""
    names, holidays = names or {}, holidays or {}
    shifts = final_shifts(plan, start, end)
    by_person: dict[int, list[Shift]] = {person: [] for person in zones}
    for shift in shifts:
        by_person.setdefault(shift.person, []).append(shift)
    loads = [
        load_of(person, each, zones.get(person, "UTC"), holidays.get(person, ())) for person, each in by_person.items()
    ]
    loads.sort(key=lambda load: (-load.hours, load.person))
    findings: list[Finding] = []
    holes = gaps(plan, start, end)
    missing = sum(((b - a) for a, b in holes), timedelta())
    for a, b in holes[:20]:
        findings.append(Finding("gap", "Nobody is on call.", "Add an override, or a rotation below.", None, a, b))
    clashes = conflicts(shifts, absent or {})
    for person, a, b in clashes[:20]:
        text = f"{names.get(person, 'Somebody')} is on call and away."
        findings.append(Finding("conflict", text, "Let somebody who is free take it.", person, a, b))
    for kind, word, values in (
        ("imbalance", "hours", [load.hours for load in loads]),
        ("nights", "nights", [load.nights for load in loads]),
        ("weekends", "weekends", [load.weekends for load in loads]),
    ):
        if len(loads) > 1 and uneven(values) > 0.25 and max(values) - min(values) > 1:
            most = loads[max(range(len(values)), key=values.__getitem__)].person
            least = loads[min(range(len(values)), key=values.__getitem__)].person
            text = (
                f"{names.get(most, 'One')} has {max(values):g} {word}, {names.get(least, 'another')} {min(values):g}."
            )
            fix = f"Move a turn from {names.get(most, 'the first')} to {names.get(least, 'the second')}, or use the planner."
            findings.append(Finding(kind, text, fix, most))
    runs = [load for load in loads if load.longest > LONG_RUN]
    for load in runs:
        text = f"{names.get(load.person, 'Somebody')} is on call for {load.longest.days} days without a break."
        findings.append(Finding("run", text, "Shorten the turns, or put somebody between them.", load.person))
    span = max((end - start) / timedelta(hours=1), 1e-9)
    lost = 100 * min(1.0, 3 * (missing / timedelta(hours=1)) / span) if holes else 0.0
    lost += 30 * uneven([load.hours for load in loads]) + 20 * uneven([load.weekends for load in loads])
    lost += min(20, 5 * len(clashes)) + min(15, 5 * len(runs))
    return Quality(max(0, round(100 - lost)), tuple(loads), tuple(findings), round(missing / timedelta(hours=1), 1))


def uneven(values: Iterable[float]) -> float:
    """The Gini coefficient: 0 when all have the same, towards 1 when one has everything."""
    row = sorted(values)
    total = sum(row)
    if len(row) < 2 or not total:
        return 0.0
    return sum((2 * place - len(row) - 1) * value for place, value in enumerate(row, start=1)) / (len(row) * total)


def joined(spans: Iterable[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Spans in order, those that touch or overlap made one."""
    found: list[tuple[datetime, datetime]] = []
    for a, b in sorted(spans):
        if found and a <= found[-1][1]:
            found[-1] = (found[-1][0], max(b, found[-1][1]))
        else:
            found.append((a, b))
    return found


@dataclass(frozen=True, slots=True)
class Moved:
    """A time that one person loses and the others gain by a change (either side may be nobody)."""

    starts_at: datetime
    ends_at: datetime
    loses: tuple[int, ...]
    gains: tuple[int, ...]


def difference(before: Plan, after: Plan, start: datetime, end: datetime) -> list[Moved]:
    """Who gains and who loses which time, if ``before`` becomes ``after``."""
    old, new = final_shifts(before, start, end), final_shifts(after, start, end)
    cuts = sorted({start, end, *(t for shift in old + new for t in (shift.starts_at, shift.ends_at))})
    place = {cut: number for number, cut in enumerate(cuts)}
    sides: list[list[set[int]]] = []
    for shifts in (old, new):
        side: list[set[int]] = [set() for _ in cuts]
        for shift in shifts:
            for number in range(place[shift.starts_at], place[shift.ends_at]):
                side[number].add(shift.person)
        sides.append(side)
    found: list[Moved] = []
    for number in range(len(cuts) - 1):
        was, will = sides[0][number], sides[1][number]
        if was == will:
            continue
        loses, gains = tuple(sorted(was - will)), tuple(sorted(will - was))
        if found and found[-1].ends_at == cuts[number] and (found[-1].loses, found[-1].gains) == (loses, gains):
            found[-1] = Moved(found[-1].starts_at, cuts[number + 1], loses, gains)
        else:
            found.append(Moved(cuts[number], cuts[number + 1], loses, gains))
    return found
