"""The month view: six weeks of days, each with who is on call and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.http import HttpRequest
from django.utils import timezone

from ...accounts.models import Person
from ...kernel import clock
from .. import facts, rules
from ..models import Override, Schedule

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True)
class Day:
    """A cell of the month."""

    day: date
    today: bool
    people: list[tuple[str, str]]
    feasts: list[str]
    gap: bool


def day_asked(request: HttpRequest) -> datetime:
    """The day that the page begins with: ``?from=2026-03-02``, else today; at midnight of the reader's zone."""
    here = timezone.localtime(clock.now())
    try:
        day = datetime.strptime(request.GET.get("from", ""), "%Y-%m-%d")  # noqa: DTZ007 - made aware below
    except ValueError:
        day = here.replace(tzinfo=None)
    return timezone.make_aware(day.replace(hour=0, minute=0, second=0, microsecond=0))


def month_start(at: datetime) -> datetime:
    """Midnight, in the reader's zone, of the Monday on or before the first of ``at``'s month."""
    first = timezone.localtime(at).replace(day=1, tzinfo=None)
    return timezone.make_aware(first - timedelta(days=first.weekday()))


class Reasons(NamedTuple):
    """What shifts are due to, by key: the names of rotations and calendars, and why somebody takes over."""

    layers: dict[int, str]
    overrides: Mapping[int, str]


def reasons_of(
    schedule: Schedule, plan: rules.Plan, shifts: Iterable[rules.Shift], start: datetime, end: datetime
) -> Reasons:
    """Of these shifts, also of rotations that are no more."""
    ahead = reasons_ahead([plan], shifts)
    return ahead._replace(layers=facts.reasons(schedule, start, end) | ahead.layers)


def reasons_ahead(plans: Iterable[rules.Plan], shifts: Iterable[rules.Shift]) -> Reasons:
    """Of shifts that the rules have given by these plans; one query."""
    layers = {layer.key: layer.name for plan in plans for layer in plan.layers}
    keys = {shift.override for shift in shifts if shift.override is not None}
    rows = Override.objects.filter(pk__in=keys).values_list("pk", "kind", "reason") if keys else ()
    # Swaps and the like say in their reason what they are.
    return Reasons(layers, {pk: said if kind != "override" else f"Override: {said}" for pk, kind, said in rows if said})


def why(shift: rules.Shift, reasons: Reasons) -> str:
    """What a shift is due to, in words."""
    if shift.why == "override":
        return "Correction" if shift.override is None else reasons.overrides.get(shift.override, "Override")
    name = reasons.layers.get(shift.layer or 0, "")
    return ": ".join(filter(None, ["Calendar" if shift.why == "calendar" else "Rotation", name]))


def weeks(
    start: datetime,
    shifts: list[rules.Shift],
    gaps: list[tuple[datetime, datetime]],
    people: Mapping[int, Person],
    reasons: Reasons,
    holidays: Mapping[int, Mapping[date, str]],
) -> list[list[Day]]:
    """Six weeks from ``start``."""
    today = timezone.localdate(clock.now())
    cells = []
    for number in range(42):
        local = timezone.localtime(start).replace(tzinfo=None)
        a, b = (timezone.make_aware(local + timedelta(days=number + more)) for more in (0, 1))
        day = (local + timedelta(days=number)).date()
        here = []
        for shift in shifts:
            if shift.starts_at < b and shift.ends_at > a and shift.person in people:
                times = f"{timezone.localtime(max(shift.starts_at, a)):%H:%M} to {timezone.localtime(min(shift.ends_at, b)):%H:%M}"
                begins = f"{timezone.localtime(shift.starts_at):%H:%M} " if shift.starts_at > a else ""
                here.append((f"{begins}{people[shift.person].name}", f"{times}, {why(shift, reasons)}"))
        feasts = list(dict.fromkeys(days[day] for days in holidays.values() if day in days))
        cells.append(Day(day, day == today, here, feasts, any(x < b and y > a for x, y in gaps)))
    return [cells[number : number + 7] for number in range(0, 42, 7)]
