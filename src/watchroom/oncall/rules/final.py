"""The final schedule: one sweep over every instant at which something may change."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import NamedTuple

from .precedence import Decision, Duties, by_precedence, decide, duties_of
from .rotation import fault, members_at, turns
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
    if len(active) > 1:
        active.sort(key=attrgetter("key"))
    # Level by level, as they are needed: whoever is decided by an override or a high layer asks no lower one.
    levels = (
        [duties_of(layer, members_at(layer, at)) for layer in level]
        for _, level in groupby(by_precedence(plan.layers), attrgetter("precedence"))
    )
    return decide(levels, active, plan.unreachable).on_call


def final_shifts(plan: Plan, start: datetime, end: datetime) -> list[Shift]:
    """The merged final schedule from ``start`` up to ``end`` (aware), cut to that span, by start, then person."""
    return _joined((a, b, decision.on_call) for a, b, decision in segments(plan, start, end))


def layer_shifts(layer: Layer, start: datetime, end: datetime) -> list[Shift]:
    """One layer by itself, before precedence, overrides and reachability; empty if it is broken (see ``fault``)."""
    return merged(
        Shift(person, a, b, layer.why, layer.key, None)
        for a, b, people in turns(layer, as_utc(start), as_utc(end))
        for person in people
    )


def shadow_shifts(plan: Plan, start: datetime, end: datetime) -> list[Shift]:
    """Those who learn beside the others, as long as their layer's turn lasts. Nobody pages them."""
    learning = [
        # The turns that are not named to the end have nobody: the shadows go round with the turns, not by themselves.
        replace(layer, members=(*layer.shadows, *((),) * (len(layer.members) - len(layer.shadows))))
        for layer in plan.layers
        if any(layer.shadows)
    ]
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
    lost = _joined((a, b, decision.unreachable) for a, b, decision in segments(plan, start, end))
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


def _joined(spans: Iterable[tuple[datetime, datetime, Duties]]) -> list[Shift]:
    """Spans in order, which follow one another, as shifts: a duty that goes on is one shift. By start, then person."""
    found: list[tuple[Duty, datetime, datetime]] = []
    last: dict[Duty, int] = {}
    for a, b, duties in spans:
        for duty in duties if len(duties) < 2 else sorted(set(duties), key=_by_person):
            position = last.get(duty)
            if position is not None and found[position][2] == a:
                found[position] = (duty, found[position][1], b)
            else:
                last[duty] = len(found)
                found.append((duty, a, b))
    return [Shift(person, a, b, why, layer, override) for (person, why, layer, override), a, b in found]


class _Change(NamedTuple):
    """At ``at`` the duties of the layer at place ``slot`` become others, or (below) an override begins or ends."""

    at: datetime
    slot: int
    duties: Duties
    override: Override | None


BEGINS, ENDS = -1, -2  # in the place of a slot


def segments(plan: Plan, start: datetime, end: datetime) -> Iterator[Segment]:
    """The span from ``start`` to ``end`` cut wherever a turn, a window or an override begins or ends."""
    start, end = as_utc(start), as_utc(end)
    if start >= end:
        return
    layers = by_precedence(plan.layers)
    slots = [list(level) for _, level in groupby(range(len(layers)), lambda slot: layers[slot].precedence)]
    now: list[Duties] = [()] * len(layers)
    active: list[Override] = []
    at = start
    for instant, slot, duties, override in _changes(layers, plan.overrides, start, end):
        if instant > at:
            levels = ([now[each] for each in level] for level in slots)
            yield Segment(at, instant, decide(levels, active, plan.unreachable))
            at = instant
        if override is None:
            now[slot] = duties
        elif slot == BEGINS:
            insort(active, override, key=attrgetter("key"))
        else:
            active.remove(override)
    if at < end:
        levels = ([now[each] for each in level] for level in slots)
        yield Segment(at, end, decide(levels, active, plan.unreachable))


def _changes(layers: list[Layer], overrides: Iterable[Override], start: datetime, end: datetime) -> list[_Change]:
    """All that begins or ends from ``start`` up to ``end``, in order of time; in one slot an end before a beginning."""
    found: list[_Change] = []
    for slot, layer in enumerate(layers):
        known: dict[tuple[int, ...], Duties] = {}
        for a, b, people in turns(layer, start, end):
            duties = known.get(people)
            if duties is None:
                duties = known[people] = duties_of(layer, people)
            found.append(_Change(a, slot, duties, None))
            if b < end:
                found.append(_Change(b, slot, (), None))
    for one in overrides:
        a, b = max(as_utc(one.starts_at), start), min(as_utc(one.ends_at), end)
        if a < b:
            found.append(_Change(a, BEGINS, (), one))
            if b < end:
                found.append(_Change(b, ENDS, (), one))
    found.sort(key=itemgetter(0))
    return found


def _order(shift: Shift) -> tuple[datetime, int, str, int, int, datetime]:
    return shift.starts_at, shift.person, shift.why, shift.layer or 0, shift.override or 0, shift.ends_at


def _by_person(duty: Duty) -> tuple[int, str, int, int]:
    return duty.person, duty.why, duty.layer or 0, duty.override or 0
