"""What a step would do at a moment: the one way in which the engine, the preview and the trace find out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from ..accounts.models import Person
from .conditions import Facts
from .people import Roster
from .rules import Decision, Position, Step, Target, decide


def look_at(
    step: Step,
    at: datetime,
    facts: Facts,
    *,
    last: int | None = None,
    answered: Collection[int] = (),
    urgency: str = "",
    sender: int | None = None,
    roster: Roster | None = None,
) -> tuple[Decision, list[Person]]:
    """The decision on ``step`` at ``at``, and the people whom it pages. ``urgency``: that of the escalation, where it is
    not that of the facts; ``sender``: who sent the page. ``roster``: what has been read for that moment already."""
    roster = roster or Roster(at)
    people = roster.people_of(step.targets, facts.roles)
    decision = decide(step, facts, at, roster.found(people, last), answered, sender)
    if decision.people and (wait := roster.held(decision.people, step.urgency or urgency or facts.urgency)):
        decision = replace(decision, held_seconds=int(wait.total_seconds()))
    by_number = {person.pk: person for person in people}
    return decision, [by_number[number] for number in decision.people]


class Preview:
    """Looks at steps that lie ahead. It hands on round robins in its head only."""

    def __init__(
        self,
        facts: Facts,
        turns: Mapping[int, int | None],
        answered: Collection[int] = (),
        urgency: str = "",
        sender: int | None = None,
    ) -> None:
        self.facts, self.turns, self.answered, self.urgency = facts, dict(turns), answered, urgency
        self.sender = sender
        self._roster: Roster | None = None
        self.people: dict[int, Person] = {}
        self.empty: dict[tuple[int, datetime], set[Target]] = {}  # by step and moment: what means nobody then

    def __call__(self, where: Position, step: Step, at: datetime) -> Decision:
        roster = self._roster = self._roster.later(at) if self._roster else Roster(at).later(at)
        decision, people = look_at(
            step,
            at,
            self.facts,
            last=self.turns.get(where.step),
            answered=self.answered,
            urgency=self.urgency,
            sender=self.sender,
            roster=roster,
        )
        meant = roster.people_of(step.targets, self.facts.roles)
        groups = (each for each in step.targets if each.is_person and each.kind != "person")
        self.empty[where.step, at] = {each for each in groups if not roster.people_of([each], self.facts.roles)}
        if step.round_robin and people:
            self.turns[where.step] = people[0].pk
        self.people |= {person.pk: person for person in meant}
        return decision
