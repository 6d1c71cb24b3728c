"""The final schedule: one sweep over every instant at which something may change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from .precedence import Decision, by_precedence, decide
from .rotation import Turn, fault, members_at, turns
from .values import Dropped, Duty, Layer, Override, Plan, Shift
from .zones import FOREVER, as_utc


class Segment(NamedTuple):
    """A span of time in which nothing changes."""

    starts_at: datetime
    ends_at: datetime
    decision: Decision


def on_call_at(plan: Plan, at: datetime) -> tuple[Duty, ...]:
    """Who is on call at an aware instant, each person once. Turns are found by arithmetic, so any date is as fast.

    At the exact instant of a hand-off it is the incoming person. Raises ``RuleError`` for a naive ``at``.
    """
    at = as_utc(at)
    active = [one for one in plan.overrides if one.starts_at <= at < one.ends_at]
    active.sort(key=lambda one: one.key)
    # One by one, as they are needed: whoever is decided by an override or a high layer asks no lower one.
    present = ((layer, people) for layer in by_precedence(plan.layers) if (people := members_at(layer, at)))
    return decide(present, active, plan.unreachable).on_call


def final_shifts(plan: Plan, start: datetime, end: datetime) -> list[Shift]:
    """The merged final schedule from ``start`` up to ``end`` (aware), cut to that span, by start, then person."""
    return merged(
        Shift(duty.person, segment.starts_at, segment.ends_at, duty.why, duty.layer, duty.override)
        for segment in segments(plan, start, end)
        for duty in segment.decision.on_call
    )


def layer_shifts(layer: Layer, start: datetime, end: datetime) -> list[Shift]:
    """One layer by itself, before precedence, overrides and reachability; empty if it is broken (see ``fault``)."""
    return merged(
        Shift(person, a, b, layer.why, layer.key, None)
        for a, b, people in turns(layer, as_utc(start), as_utc(end))
        for person in people
    )


def shadow_shifts(plan: Plan, start: datetime, end: datetime) -> list[Shift]:
    """Those who learn beside the others, as long as their layer's turn lasts. Nobody pages them."""
    learning = [replace(layer, members=layer.shadows) for layer in plan.layers if any(layer.shadows)]
    found = [shift for layer in learning for shift in layer_shifts(layer, start, end)]
    return sorted((shift for shift in found if shift.person not in plan.unreachable), key=_order)


def shifts_of(plan: Plan, person: int, start: datetime, end: datetime) -> list[Shift]:
    """The final shifts of one person between ``start`` and ``end``."""
    return [shift for shift in final_shifts(plan, start, end) if shift.person == person]


def gaps(plan: Plan, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """The spans between ``start`` and ``end`` in which nobody can be paged, in order and as long as they are."""
    found: list[tuple[datetime, datetime]] = []
    for a, b, decision in segments(plan, start, end):
        if decision.on_call:
            continue
        if found and found[-1][1] == a:
            found[-1] = (found[-1][0], b)
        else:
            found.append((a, b))
    return found


def next_handoff(plan: Plan, at: datetime, within: timedelta = timedelta(days=60)) -> datetime | None:
    """The first instant after ``at`` at which the set of people on call is another; None if not before ``within``."""
    at = as_utc(at)
    now = {duty.person for duty in on_call_at(plan, at)}
    end = at + within if within < FOREVER - at else FOREVER
    step = timedelta(days=1)
    while at < end:
        until = at + step if step < end - at else end
        for segment in segments(plan, at, until):
            if {duty.person for duty in segment.decision.on_call} != now:
                return segment.starts_at
        at, step = until, step * 4
    return None


def dropped(plan: Plan, start: datetime, end: datetime) -> list[Dropped]:
    """What was left out between ``start`` and ``end``: broken layers first, then unreachable people by time.

    A person is reported only for the time in which they would otherwise have been on call.
    """
    start, end = as_utc(start), as_utc(end)
    if start >= end:
        return []
    found = [
        Dropped(None, start, end, "broken", layer.key, None, detail)
        for layer in by_precedence(plan.layers)
        if (detail := fault(layer))
    ]
    lost = merged(
        Shift(duty.person, segment.starts_at, segment.ends_at, duty.why, duty.layer, duty.override)
        for segment in segments(plan, start, end)
        for duty in segment.decision.unreachable
    )
    found += [Dropped(s.person, s.starts_at, s.ends_at, "unreachable", s.layer, s.override) for s in lost]
    return found


def merged(shifts: Iterable[Shift]) -> list[Shift]:
    """Join shifts of the same person for the same reason that touch or overlap; sorted by start, then person."""
    found: list[Shift] = []
    last: dict[Duty, int] = {}
    for shift in sorted(shifts, key=_order):
        what = Duty(shift.person, shift.why, shift.layer, shift.override)
        position = last.get(what)
        if position is not None and found[position].ends_at >= shift.starts_at:
            if shift.ends_at > found[position].ends_at:
                found[position] = replace(found[position], ends_at=shift.ends_at)
        else:
            last[what] = len(found)
            found.append(shift)
    return found


def segments(plan: Plan, start: datetime, end: datetime) -> Iterator[Segment]:
    """The span from ``start`` to ``end`` cut wherever a turn, a window or an override begins or ends."""
    start, end = as_utc(start), as_utc(end)
    if start >= end:
        return
    rows = [(layer, list(turns(layer, start, end))) for layer in by_precedence(plan.layers)]
    overrides = [replace(one, starts_at=as_utc(one.starts_at), ends_at=as_utc(one.ends_at)) for one in plan.overrides]
    overrides = [one for one in overrides if max(one.starts_at, start) < min(one.ends_at, end)]
    overrides.sort(key=lambda one: one.starts_at, reverse=True)  # the next to begin is the last
    cuts = _cuts(rows, overrides, start, end)
    positions = [0] * len(rows)
    active: list[Override] = []
    for a, b in pairwise(cuts):
        if any(one.ends_at <= a for one in active):
            active = [one for one in active if one.ends_at > a]
        while overrides and overrides[-1].starts_at <= a:
            active.append(overrides.pop())
            active.sort(key=lambda one: one.key)
        present = []
        for number, (layer, row) in enumerate(rows):
            while positions[number] < len(row) and row[positions[number]][1] <= a:
                positions[number] += 1
            if positions[number] < len(row) and row[positions[number]][0] <= a and row[positions[number]][2]:
                present.append((layer, row[positions[number]][2]))
        yield Segment(a, b, decide(present, active, plan.unreachable))


def _cuts(
    rows: list[tuple[Layer, list[Turn]]], overrides: list[Override], start: datetime, end: datetime
) -> list[datetime]:
    cuts = {start, end}
    for _, row in rows:
        for a, b, _ in row:
            cuts.update((a, b))
    for one in overrides:
        cuts.update((max(one.starts_at, start), min(one.ends_at, end)))
    return sorted(cuts)


def _order(shift: Shift) -> tuple[datetime, int, str, int, int, datetime]:
    return shift.starts_at, shift.person, shift.why, shift.layer or 0, shift.override or 0, shift.ends_at
