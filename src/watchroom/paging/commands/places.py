"""Where escalations stand, and what their turns need: read together, however many they are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import QuerySet

from ...accounts.models import Person
from ...kernel.db import claimable, locked
from ...kernel.prepared import prepared
from ..conditions import Facts
from ..hooks import facts_of
from ..models import Escalation, EscalationAnswer, RoundRobin
from ..people import Roster
from ..rules import Plan, Position, Step, Target, Turn
from .excusing import nobody_else
from .moving_on import in_vain


@dataclass
class Place:
    """An escalation, where it stands, and what it does now."""

    escalation: Escalation
    plan: Plan
    at: Position
    turn: Turn
    facts: Facts
    answered: Collection[int] = ()
    excused: int | None = None  # left out, as long as somebody else is reached
    again: Sequence[Step] = ()  # of which nobody could be reached: their people are asked with the last resort
    has_said: bool = False  # whoever is paged now reads how late it is

    @property
    def spared(self) -> set[int]:
        """Who is not asked."""
        return {*self.answered, *(() if self.excused is None else (self.excused,))}

    @property
    def steps(self) -> Sequence[Step]:
        """Whose people are asked now."""
        return (self.turn.step,) if self.turn.step else self.again


@prepared
def _answers(escalations: Collection[int]) -> QuerySet[EscalationAnswer, tuple[int, int]]:
    return EscalationAnswer.objects.filter(escalation__in=escalations).values_list("escalation", "person")


def look_up(places: Sequence[Place], roster: Roster, now: datetime) -> None:
    """Say of each place who has answered, who is excused, who is asked again and what its conditions look at; and let the
    roster know everybody whom they may ask."""
    asked = [place.escalation.pk for place in places if place.plan.answers > 1]
    answers: dict[int, set[int]] = {pk: set() for pk in asked}
    for pk, person in _answers(asked):
        answers[pk].add(person)
    alone = nobody_else(place.escalation for place in places)
    _ask_again(places)
    asking = [each for each in places if any(step.conditions or step.roles for step in each.steps)]
    wanted = {role for each in asking for step in each.steps for role in step.roles}
    facts = facts_of([each.escalation for each in asking], now, wanted)
    targets: set[Target] = set()
    roles: set[int] = set()
    for place in places:
        place.answered = answers.get(place.escalation.pk, ())
        place.excused = None if place.escalation.pk in alone else place.escalation.excused_id
        place.facts = facts.get(place.escalation.pk, place.facts)
        targets.update(target for each in place.steps for target in each.targets)
        roles.update(each for found in place.facts.roles.values() for each in found)
    roster.look_up(targets, roles)
    roster.know({person.pk for person in roster.people_of(targets)} | roles)


def _ask_again(places: Sequence[Place]) -> None:
    """Whoever could not be reached just now is asked with the last resort from its second time on."""
    resort = [each for each in places if each.turn.kind == "last_resort"]
    second = {p.escalation.pk: p.plan.repeats for p in resort if p.at.round > p.plan.repeats + 1}
    vain = in_vain(second) if second else ()
    for place in resort:
        if place.escalation.pk in vain or place.escalation.excused_id is not None:
            # All of them, not only whose turn it would be.
            place.again = [replace(each, round_robin=False) for each in place.plan.steps]


@prepared
def _robins(policies: Collection[int]) -> QuerySet[RoundRobin, tuple[int, int, int]]:
    return RoundRobin.objects.filter(policy__in=policies).order_by().values_list("pk", "policy_id", "position")


@prepared
def _held_robins(numbers: Collection[int], *, patient: bool) -> QuerySet[RoundRobin]:
    rows = RoundRobin.objects.filter(pk__in=numbers).order_by("policy_id", "position")
    return locked(rows) if patient else claimable(rows)


class Robins:
    """Whose turn it is at the steps that page one after the other."""

    def __init__(self, patient: bool) -> None:
        self._patient = patient
        self._held: dict[tuple[int, int], RoundRobin] = {}
        self._turned: set[tuple[int, int]] = set()

    def hold(self, places: Sequence[Place]) -> list[Place]:
        """Hold whose turn was last, for those places of which it is asked. Other engines that take these steps now wait until
        our choice is committed; all take them in the same order, so that nobody waits for somebody who waits for them.

        Returns the places that can go on: where nobody waits, others may hold some."""
        wanted = {key for place in places if (key := _turn_of(place)) is not None}
        if wanted:
            for row in _held_robins(self._numbers(wanted), patient=self._patient):
                self._held[row.policy_id, row.position] = row
        return [place for place in places if (key := _turn_of(place)) is None or key in self._held]

    def _numbers(self, wanted: Collection[tuple[int, int]]) -> list[int]:
        policies = {policy for policy, _ in wanted}
        there = _robins(policies)
        if self._patient and (missing := sorted(set(wanted) - {(policy, position) for _, policy, position in there})):
            new = [RoundRobin(policy_id=policy, position=position) for policy, position in missing]
            RoundRobin.objects.bulk_create(new, ignore_conflicts=True)
            there = _robins(policies)
        return [pk for pk, *key in there if tuple(key) in wanted]

    def last(self, place: Place, step: Step) -> int | None:
        """The number of whoever was asked last; None: nobody yet, or all are asked."""
        robin = self._of(place, step)
        return robin.last_id if robin else None

    def turn_to(self, person: Person, place: Place, step: Step) -> None:
        """It was the turn of ``person``, where one is asked after the other."""
        robin = self._of(place, step)
        if robin is not None:
            robin.last, robin.turns = person, robin.turns + 1
            self._turned.add((robin.policy_id, robin.position))

    def turned(self) -> list[RoundRobin]:
        """Those of which somebody's turn has come, to be saved in the order in which all save them."""
        return [self._held[key] for key in sorted(self._turned)]

    def _of(self, place: Place, step: Step) -> RoundRobin | None:
        return self._held.get((place.escalation.policy_id or 0, place.at.step)) if step.round_robin else None


def _turn_of(place: Place) -> tuple[int, int] | None:
    step, policy = place.turn.step, place.escalation.policy_id
    return (policy, place.at.step) if step is not None and step.round_robin and policy else None
