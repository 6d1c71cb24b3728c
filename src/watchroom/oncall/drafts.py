"""What a schedule would be if its form were saved: the calendar, who gains and loses which shifts, gaps, the rotations in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..accounts.models import Person
from ..kernel import clock
from . import commands, queries, rules
from .models import Schedule
from .rules.words import rotation_words

AHEAD = timedelta(days=60)


@dataclass(frozen=True)
class Draft:
    """The time ahead by a draft, ``start`` to ``end``. ``moved``: what it would change; nothing of a new schedule."""

    start: datetime
    end: datetime
    plan: rules.Plan
    shifts: list[rules.Shift]
    gaps: list[tuple[datetime, datetime]]
    moved: list[rules.Moved]
    people: dict[int, Person]
    words: list[tuple[str, list[str]]]


def draft_of(schedule: Schedule | None, timezone: str, rotations: Sequence[Mapping[str, Any]]) -> Draft:
    """See what :func:`commands.save_schedule` would make of these rotations. Nothing is saved.

    :raises Refused: as there.
    """
    start = clock.now()
    end = start + AHEAD
    layers = commands.draft_layers(timezone, rotations)
    moved: list[rules.Moved] = []
    if schedule is None:
        named = {person for layer in layers for turn in (*layer.members, *layer.shadows) for person in turn}
        gone = Person.objects.filter(is_active=False, pk__in=named).values_list("pk", flat=True)
        plan = rules.Plan(layers, (), frozenset(gone))
    else:
        row = copy(schedule)
        row.timezone = timezone
        plan = queries.plans_of([row], start, end, drafts={row.pk: layers})[row.pk]
        moved = rules.difference(queries.plan_of(schedule, start, end), plan, start, end)
    shifts = rules.final_shifts(plan, start, end)
    numbers = {shift.person for shift in shifts} | {pk for each in moved for pk in (*each.loses, *each.gains)}
    numbers |= {person for layer in plan.layers for turn in (*layer.members, *layer.shadows) for person in turn}
    people = queries.people_of(numbers)
    names = {pk: person.name for pk, person in people.items()}
    words = [(layer.name, rotation_words(layer, names, layers)) for layer in layers]
    return Draft(start, end, plan, shifts, rules.gaps(plan, start, end), moved, people, words)
