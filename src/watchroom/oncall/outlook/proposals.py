"""A rota that is proposed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from ...accounts.models import Person
from ...kernel.errors import Refused
from .. import queries, rules
from ..models import Override, Schedule
from .away import absences_of, holidays_of
from .quality import quality_of


@dataclass(frozen=True)
class Proposal:
    """A rota that the planner proposes, and its score beside today's. ``parts``: what it writes, each with whom it replaces
    (nobody: everybody); ``span``: all of the time that was planned, of one ``rotation`` or of the whole schedule."""

    shifts: list[tuple[Person, datetime, datetime]]
    parts: list[tuple[Person, datetime, datetime, Person | None]]
    before: rules.Quality
    after: rules.Quality
    moved: list[rules.Moved]
    people: dict[int, Person]
    span: tuple[datetime, datetime]
    rotation: int | None


def propose(
    schedule: Schedule,
    *,
    people: list[Person],
    start: datetime,
    turns: int,
    unit: str = "weeks",
    length: int = 1,
    most_in_a_row: int = 1,
    rest: int = 1,
    rotation: int | None = None,
) -> Proposal:
    """Plan ``turns`` turns from ``start`` on, hand-offs at the same hour in the schedule's zone: of one ``rotation``, where the
    others, swaps and covers stay as they are, or of the whole schedule.

    :raises Refused: the wishes contradict each other, or are too many.
    """
    if not 1 <= turns <= 200:
        raise Refused("That is too many or too few turns.", field="turns", value=turns, fix="Use 1 to 200.")
    zone = rules.check_zone(schedule.timezone)
    local = start.astimezone(zone).replace(tzinfo=None)
    layer = rules.Layer(0, "", 0, unit, length, local, schedule.timezone, tuple((each,) for each in range(turns + 1)))
    if detail := rules.fault(layer):
        raise Refused(detail, field="unit", value=unit, fix="Use hours, days, weeks or months, and a length from 1.")
    spans = [rules.turn_span(layer, number) for number in range(turns)]
    begin, end = spans[0][0], spans[-1][1]
    numbers = [person.pk for person in people]
    try:
        chosen = rules.propose(
            rules.Wishes(
                people=tuple(numbers),
                turns=tuple(spans),
                zones={person.pk: person.timezone for person in people},
                absent=absences_of(numbers, begin, end),
                holidays={pk: list(days) for pk, days in holidays_of(numbers, begin, end).items()},
                most_in_a_row=most_in_a_row,
                rest=rest,
            )
        )
    except rules.RuleError as error:
        raise Refused(error.message, field=error.field, value=error.value, fix=error.fix) from None
    shifts: list[tuple[int, datetime, datetime]] = []
    for person, (a, b) in zip(chosen, spans, strict=True):
        if shifts and shifts[-1][0] == person:
            shifts[-1] = (person, shifts[-1][1], b)
        else:
            shifts.append((person, a, b))
    plan = queries.plan_of(schedule, begin, end)
    if rotation is None:  # all of it: the new ones win by replacing everybody, and what else overrides then goes
        parts: list[tuple[int, datetime, datetime, int | None]] = [(person, a, b, None) for person, a, b in shifts]
        kept: tuple[rules.Override, ...] = ()
    else:
        parts = list(_parts_of(plan, rotation, shifts))
        planned = schedule.overrides.filter(kind=Override.Kind.PLANNED).values_list("pk", flat=True)
        gone = rules.outdated(plan, planned, [(a, b, who) for _, a, b, who in parts], (begin, end), rotation)
        kept = tuple(each for each in plan.overrides if each.key not in gone)
    last = max((each.key for each in plan.overrides), default=0)
    added = tuple(
        rules.Override(last + number, person, a, b, replaces)
        for number, (person, a, b, replaces) in enumerate(parts, start=1)
    )
    then = replace(plan, overrides=kept + added)
    before, _ = quality_of(schedule, begin, end, plan)
    after, known = quality_of(schedule, begin, end, then)
    moved = rules.difference(plan, then, begin, end)
    named = {pk for each in moved for pk in (*each.loses, *each.gains)} | {other for *_, other in parts if other}
    known |= queries.people_of(named | set(numbers))
    written = [(known[pk], a, b, known[other] if other else None) for pk, a, b, other in parts]
    return Proposal(
        [(known[pk], a, b) for pk, a, b in shifts], written, before, after, moved, known, (begin, end), rotation
    )


def _parts_of(
    plan: rules.Plan, rotation: int, shifts: Iterable[tuple[int, datetime, datetime]]
) -> Iterable[tuple[int, datetime, datetime, int]]:
    """What of these shifts lies in the time in which ``rotation`` decides, each with the one whose turn it takes."""
    layer = next((each for each in plan.layers if each.key == rotation), None)
    if layer is None:
        raise Refused(
            "The schedule has no such rotation.", field="rotation", value=rotation, fix="Choose one of its rotations."
        )
    if any(len(turn) > 1 for turn in layer.members):
        raise Refused(
            "In this rotation several people are on call together; the planner plans for one at a time.",
            field="rotation",
            value=rotation,
            fix="Plan the whole schedule, or give the second people a rotation of their own.",
        )
    for person, a, b in shifts:
        there = rules.final_shifts(replace(plan, overrides=()), a, b)
        parts: list[tuple[int, datetime, datetime, int]] = []
        for shift in there:
            if shift.layer != rotation or shift.person == person:
                continue
            # One of them while the same person is replaced, unless they are on call by another rotation in between.
            if parts and parts[-1][3] == shift.person and not _is_there(there, shift.person, parts[-1][2], shift):
                parts[-1] = (person, parts[-1][1], shift.ends_at, shift.person)
            else:
                parts.append((person, shift.starts_at, shift.ends_at, shift.person))
        yield from parts


def _is_there(shifts: Iterable[rules.Shift], person: int, since: datetime, until: rules.Shift) -> bool:
    return any(
        shift.person == person and shift is not until and shift.ends_at > since and shift.starts_at < until.starts_at
        for shift in shifts
    )
