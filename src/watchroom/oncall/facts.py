"""Who was on call, as it was written down; read as shifts, like those that the rules give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from ..kernel import clock
from . import rules
from .models import Override, Schedule, WorkedShift

TEMPORARY = 10**9  # keys of temporary layers lie below the negative of it


def that_count() -> QuerySet[WorkedShift]:
    """What was worked, corrections included, without what they took out."""
    return WorkedShift.objects.filter(corrected_by=None)


def told_by(schedule: Schedule, start: datetime, end: datetime) -> tuple[datetime, datetime] | None:
    """The part of a span of time of which it is written down who was on call; before it and after it, the rules say so. What
    an engine whose clock is ahead has written of the time to come says nothing: what is changed now counts from now on."""
    a, b = max(start, schedule.created_at), min(end, schedule.written_to, clock.now())
    return (a, b) if a < b else None


def shifts(schedule: Schedule, plan: rules.Plan, start: datetime, end: datetime) -> list[rules.Shift]:
    """Who is on call from ``start`` up to ``end``: as it was where that is written down, and by ``plan`` where it is not."""
    told = told_by(schedule, start, end)
    if told is None:
        return rules.final_shifts(plan, start, end)
    was = written([schedule], *told)[schedule.pk]
    before, after = rules.final_shifts(plan, start, told[0]), rules.final_shifts(plan, told[1], end)
    return rules.merged([*before, *was, *after])


def written(schedules: Iterable[Schedule], start: datetime, end: datetime) -> dict[int, list[rules.Shift]]:
    """What is written down of these schedules, cut to a span of time; without shadows."""
    found: dict[int, list[rules.Shift]] = {schedule.pk: [] for schedule in schedules}
    rows = that_count().filter(schedule__in=found, is_shadow=False, ends_at__gt=start, starts_at__lt=end)
    for row in rows.order_by("starts_at", "id"):
        assert row.schedule_id is not None
        found[row.schedule_id].append(as_shift(row, start, end))
    return found


def as_shift(row: WorkedShift, start: datetime, end: datetime) -> rules.Shift:
    """One row as a shift, cut to a span of time. A correction counts as an override of its own."""
    why: rules.Why = "rotation" if row.override is None else "override"
    if row.why == WorkedShift.Why.CALENDAR:
        why = "calendar"
    elif row.correction_id is not None:
        why = "override"
    return rules.Shift(row.person_id, max(row.starts_at, start), min(row.ends_at, end), why, row.layer, row.override)


@dataclass(frozen=True)
class Passed:
    """A shift by the rules, with what it is due to in words of its own, so that these can be kept."""

    schedule: int
    shift: rules.Shift
    shadow: bool
    why: str
    detail: str
    instead_of: int | None


def passed(plans: Mapping[int, rules.Plan], spans: Mapping[int, tuple[datetime, datetime]]) -> list[Passed]:
    """Who was on call, or learnt beside the others, by the plan of each schedule, in the span of time that is its own."""
    shifts = [
        (number, shift, shadow)
        for number, plan in plans.items()
        for shadow, row in (
            (False, rules.final_shifts(plan, *spans[number])),
            (True, rules.shadow_shifts(plan, *spans[number])),
        )
        for shift in row
    ]
    names = {layer.key: layer.name for plan in plans.values() for layer in plan.layers}
    overrides = Override.objects.in_bulk({shift.override for _, shift, _ in shifts if shift.override is not None})
    return [Passed(number, shift, shadow, *_reason(shift, names, overrides)) for number, shift, shadow in shifts]


def _reason(
    shift: rules.Shift, names: Mapping[int, str], overrides: Mapping[int, Override]
) -> tuple[str, str, int | None]:
    why = WorkedShift.Why
    if shift.override is not None:
        row = overrides.get(shift.override)
        return (row.kind, row.reason, row.replaces_id) if row else (why.OVERRIDE.value, "", None)
    name = names.get(shift.layer or 0, "")[:200]
    if shift.why == "calendar":
        return why.CALENDAR.value, name, None
    is_temporary = shift.layer is not None and shift.layer < -TEMPORARY
    return (why.TEMPORARY if is_temporary else why.ROTATION).value, name, None


def reasons(schedule: Schedule, start: datetime, end: datetime) -> dict[int, str]:
    """The names of the rotations and calendars, as they were then, by the keys that the rules gave them."""
    rows = WorkedShift.objects.filter(schedule=schedule, layer__isnull=False, ends_at__gt=start, starts_at__lt=end)
    return {layer: name for layer, name in rows.values_list("layer", "detail") if layer is not None}
