"""Shift changes: when somebody takes over from somebody else."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from .final import segments
from .values import Plan


class Handoff(NamedTuple):
    """At ``at`` the people ``into`` come on call, and ``out`` are no longer (in order of their numbers)."""

    at: datetime
    out: tuple[int, ...]
    into: tuple[int, ...]


def handoffs(plan: Plan, start: datetime, end: datetime) -> list[Handoff]:
    """The shift changes after ``start`` and before ``end``, in order.

    Hours in which nobody is on call are looked over: whoever comes after them takes over from whoever was there before,
    and somebody who merely comes back the next morning takes over from nobody.
    """
    found: list[Handoff] = []
    last: frozenset[int] | None = None
    for segment in segments(plan, start, end):
        people = frozenset(duty.person for duty in segment.decision.on_call)
        if not people:
            continue
        if last is not None or segment.starts_at > start:
            before = last or frozenset()
            if people - before:
                found.append(Handoff(segment.starts_at, tuple(sorted(before - people)), tuple(sorted(people - before))))
        last = people
    return found
