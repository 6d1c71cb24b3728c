"""Whom their schedules have on call beside whom ours would: nobody should have to believe a translation. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from ...oncall import rules
from .gathered import Moved, Served, instant


@dataclass(frozen=True)
class Difference:
    """From when on somebody else would be on call: theirs and ours, as e-mail addresses."""

    at: datetime
    theirs: tuple[str, ...]
    ours: tuple[str, ...]


@dataclass(frozen=True)
class Proof:
    """How a schedule compares: for how long it was compared, for how long it differs, and where first."""

    schedule: str
    compared: timedelta
    differs: timedelta
    first: Difference | None


def proofs(moved: Moved) -> list[Proof]:
    """One for each schedule of which the other tool has said who is on call."""
    if moved.read is None:
        return []
    return [
        _proof(
            each,
            moved.served[each["slug"]],
            moved.overrides.get(each["slug"], ()),
            moved.left_out.get(each["slug"], ()),
            moved.read,
        )
        for each in moved.document.get("schedules", ())
        if each["slug"] in moved.served
    ]


def _proof(
    schedule: Mapping[str, Any],
    served: Sequence[Served],
    overrides: Sequence[Served],
    left_out: Sequence[tuple[datetime, datetime]],
    read: tuple[datetime, datetime],
) -> Proof:
    start, end = read
    ours = _ours(schedule, overrides, start, end)
    edges = {start, end}
    for a, b in [*((each.starts_at, each.ends_at) for each in (*served, *ours)), *left_out]:
        edges |= {min(max(a, start), end), min(max(b, start), end)}
    compared = differs = timedelta(0)
    first = None
    for a, b in pairwise(sorted(edges)):
        if any(since <= a < until for since, until in left_out):
            continue
        compared += b - a
        there, here = _at(served, a), _at(ours, a)
        if there != here:
            differs += b - a
            first = first or Difference(a, there, here)
    return Proof(schedule["slug"], compared, differs, first)


def _at(spans: Sequence[Served], at: datetime) -> tuple[str, ...]:
    return tuple(sorted({each.email for each in spans if each.starts_at <= at < each.ends_at}))


def _ours(schedule: Mapping[str, Any], taken: Sequence[Served], start: datetime, end: datetime) -> list[Served]:
    """By the very rules that the engine asks. ``taken``: the overrides."""
    turns = (email for each in schedule["rotations"] for turn in each["members"] for email in turn)
    emails = sorted({*turns, *(each.email for each in taken)})
    number = {email: place for place, email in enumerate(emails)}
    layers = tuple(
        rules.Layer(
            key=place,
            name=each["name"],
            precedence=each["precedence"],
            unit=each["unit"],
            length=each["length"],
            starts_at=rules.local_from(each["starts_at"]),
            zone=schedule["timezone"],
            members=tuple(tuple(number[email] for email in turn) for turn in each["members"]),
            restrictions=rules.restrictions_from(each.get("restrictions")),
            until=instant(each["until"]) if each.get("until") else None,
        )
        for place, each in enumerate(schedule["rotations"])
    )
    overrides = tuple(
        rules.Override(key=place, person=number[each.email], starts_at=each.starts_at, ends_at=each.ends_at)
        for place, each in enumerate(taken)
    )
    shifts = rules.final_shifts(rules.Plan(layers, overrides), start, end)
    return [Served(shift.starts_at, shift.ends_at, emails[shift.person]) for shift in shifts]
