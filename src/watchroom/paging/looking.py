"""What a step would do at a moment: the one way in which the engine, the preview and the trace find out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from ..accounts.models import Person
from .conditions import Facts
from .people import found, people_of
from .rules import Decision, Position, Step, decide


def look_at(
    step: Step, at: datetime, facts: Facts, *, last: int | None = None, answered: Collection[int] = ()
) -> tuple[Decision, list[Person]]:
    """The decision on ``step`` at ``at``, and the people whom it pages."""
    people = people_of(step.targets, at, facts.roles)
    decision = decide(step, facts, at, found(people, last), answered)
    by_number = {person.pk: person for person in people}
    return decision, [by_number[number] for number in decision.people]


class Preview:
    """Looks at steps that lie ahead. It hands on round robins in its head only."""

    def __init__(self, facts: Facts, turns: Mapping[int, int | None], answered: Collection[int] = ()) -> None:
        self.facts, self.turns, self.answered = facts, dict(turns), answered
        self.people: dict[int, Person] = {}

    def __call__(self, where: Position, step: Step, at: datetime) -> Decision:
        decision, people = look_at(step, at, self.facts, last=self.turns.get(where.step), answered=self.answered)
        if step.round_robin and people:
            self.turns[where.step] = people[0].pk
        self.people |= {person.pk: person for person in people}
        return decision
