"""Shift changes: when somebody takes over from somebody else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from .final import final_shifts
from .values import Plan, Shift


class Handoff(NamedTuple):
    """At ``at`` the people ``into`` come on call, and ``out`` are no longer (in order of their numbers)."""

    at: datetime
    out: tuple[int, ...]
    into: tuple[int, ...]


def handoffs(plan: Plan, start: datetime, end: datetime) -> list[Handoff]:
    """The shift changes after ``start`` and before ``end`` by a plan, in order."""
    return handoffs_of(final_shifts(plan, start, end), start)


def handoffs_of(shifts: Iterable[Shift], start: datetime) -> list[Handoff]:
    """The shift changes after ``start`` in a final schedule, in order.

    Hours in which nobody is on call are looked over: whoever comes after them takes over from whoever was there before,
    and somebody who merely comes back the next morning takes over from nobody.
    """
    steps: dict[datetime, list[tuple[int, int]]] = {}
    for shift in shifts:
        steps.setdefault(shift.starts_at, []).append((shift.person, 1))
        steps.setdefault(shift.ends_at, []).append((shift.person, -1))
    found: list[Handoff] = []
    there: Counter[int] = Counter()
    last: frozenset[int] | None = None
    for at in sorted(steps):
        for person, step in steps[at]:
            there[person] += step
        people = frozenset(person for person, times in there.items() if times)
        if not people:
            continue
        if last is not None or at > start:
            before = last or frozenset()
            if people - before:
                found.append(Handoff(at, tuple(sorted(before - people)), tuple(sorted(people - before))))
        last = people
    return found
