"""A fair rota from constraints, by a solver (CP-SAT of OR-Tools). The same wishes give the same answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from .final import final_shifts
from .quality import Absent, joined, load_of
from .values import Plan, RuleError, Shift


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a rota must keep to. ``turns`` are its time spans, in order; one person takes each.

    ``most_in_a_row`` and ``rest`` are counted in turns: after leaving, somebody comes back after ``rest`` others at the
    earliest. ``carried`` is what people had before: weekends and turns are evened out over both.
    """

    people: tuple[int, ...]
    turns: tuple[tuple[datetime, datetime], ...]
    zones: Mapping[int, str]
    absent: Absent = field(default_factory=dict)
    holidays: Mapping[int, Iterable[date]] = field(default_factory=dict)
    most_in_a_row: int = 1
    rest: int = 1
    carried: Mapping[int, int] = field(default_factory=dict)


def propose(wishes: Wishes, *, seconds: float = 5.0) -> list[int]:
    """The person of each turn.

    Nobody gets a turn in which they are away. Turns, nights, weekends and holidays are then evened out, in this order.

    :raises RuleError: the wishes contradict each other.
    """
    from ortools.sat.python import cp_model  # loads slowly, and few processes need it

    people, turns = list(wishes.people), list(wishes.turns)
    if not people or not turns:
        raise RuleError("There is nobody, or no turn, to plan.", field="people", value=people, fix="Choose people.")
    model = cp_model.CpModel()
    taken = {(p, t): model.new_bool_var(f"{p}@{t}") for p in people for t in range(len(turns))}
    away = {person: joined(wishes.absent.get(person, ())) for person in people}
    for t, (a, b) in enumerate(turns):
        model.add_exactly_one(taken[p, t] for p in people)
        for p in people:
            if any(x < b and y > a for x, y in away[p]):
                model.add(taken[p, t] == 0)
    most, rest = wishes.most_in_a_row, wishes.rest
    for p in people:
        for t in range(len(turns) - most):
            model.add(sum(taken[p, t + n] for n in range(most + 1)) <= most)
        # Whoever has just left is not back within the rest.
        for t in range(len(turns) - 1):
            for n in range(2, min(rest, len(turns) - 1 - t) + 1):
                model.add(taken[p, t] + taken[p, t + n] - taken[p, t + 1] <= 1)
    costs = []
    for weight, burden in zip((12, 4, 6, 3), _burdens(wishes), strict=True):
        base = {p: wishes.carried.get(p, 0) if weight == 12 else 0 for p in people}
        top = sum(max(burden[p, t] for p in people) for t in range(len(turns))) + max(base.values())
        if not top:
            continue
        low, high = model.new_int_var(0, top, ""), model.new_int_var(0, top, "")
        for p in people:
            total = base[p] + sum(burden[p, t] * taken[p, t] for t in range(len(turns)))
            model.add(total <= high)
            model.add(total >= low)
        costs.append(weight * (high - low))
    model.minimize(sum(costs))
    solver = cp_model.CpSolver()
    solver.parameters.max_deterministic_time = seconds
    solver.parameters.max_time_in_seconds = seconds * 4
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        raise RuleError(
            "No rota keeps to all of this.",
            field="people",
            value=len(people),
            fix="Add people, allow more turns in a row, or ask for less rest.",
        )
    return [next(p for p in people if solver.value(taken[p, t])) for t in range(len(turns))]


def outdated(
    plan: Plan,
    planned: Iterable[int],
    new: Sequence[tuple[datetime, datetime, int | None]],
    span: tuple[datetime, datetime] | None = None,
    rotation: int | None = None,
) -> set[int]:
    """Which of the ``planned`` overrides of a schedule (keys) make room for a ``new`` rota, given as time spans with whose turn
    each takes. ``span``: all of the time that was planned, for where it begins or ends with somebody whose turn it is anyway;
    ``rotation``: the layer that it is of.

    What was planned for another rotation is left alone. Those of a rotation take the turn of somebody who is on call by it
    then; those of the whole schedule name nobody.
    """
    if span is None and not new:
        return set()
    start, end = span or (min(a for a, *_ in new), max(b for _, b, _ in new))
    keys = set(planned)
    there = [each for each in plan.overrides if each.key in keys and each.starts_at < end and each.ends_at > start]
    if any(person is None for *_, person in new):
        return {each.key for each in there}
    turns: dict[int, list[Shift]] = {}
    for shift in final_shifts(replace(plan, overrides=()), start, end):
        turns.setdefault(shift.person, []).append(shift)

    def rotations(person: int, a: datetime, b: datetime) -> set[int | None]:
        return {each.layer for each in turns.get(person, ()) if each.starts_at < b and each.ends_at > a}

    own = {found for a, b, person in new if person is not None for found in rotations(person, a, b)}
    own = own if rotation is None else {rotation}
    return {
        each.key
        for each in there
        if each.replaces is None
        or each.replaces in plan.unreachable  # has no turns any more
        or own & rotations(each.replaces, max(each.starts_at, start), min(each.ends_at, end))
    }


def _burdens(wishes: Wishes) -> Sequence[dict[tuple[int, int], int]]:
    """What each turn would weigh for each person: itself, its nights, its weekends, its public holidays."""
    found: tuple[dict[tuple[int, int], int], ...] = ({}, {}, {}, {})
    for p in wishes.people:
        for t, (a, b) in enumerate(wishes.turns):
            load = load_of(
                p, [Shift(p, a, b, "rotation", None, None)], wishes.zones.get(p, "UTC"), wishes.holidays.get(p, ())
            )
            for each, value in zip(found, (1, load.nights, load.weekends, load.holidays), strict=True):
                each[p, t] = value
    return found
