"""Weeks ahead: which steps of which policies will have nobody to page, and when.

Asked by the engine's duty, by the policy's page and by the API alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..accounts.models import Person
from ..accounts.roles import Role
from ..oncall import queries as oncall
from ..oncall import rules as rotas
from ..oncall.models import RotationMember, Schedule
from .commands.policies import plan_of
from .hooks import proposed_by
from .models import ContactMethod, EscalationPolicy
from .naming import names_of
from .rules import Span, Step, Target, common, uncovered

LOOK_AHEAD = timedelta(days=28)


@dataclass(frozen=True)
class Warning:
    """One step that will have nobody to page; ``step`` counts from 0, ``spans`` when, ``nobody_at_all``: in the first of
    them no other step has anybody either."""

    step: int
    text: str
    fix: str
    spans: tuple[Span, ...]
    nobody_at_all: bool

    @property
    def starts_at(self) -> datetime:
        """When it begins."""
        return self.spans[0][0]


class _Looking:
    """What is known of people and schedules for all policies of one look."""

    def __init__(self, plans: Sequence[tuple[Step, ...]], start: datetime, end: datetime) -> None:
        self.start, self.end = start, end
        targets = {target for steps in plans for step in steps for target in step.targets if target.is_person}
        self.reachable = set(
            Person.objects.filter(
                is_active=True, pk__in=ContactMethod.objects.filter(enabled=True).values("person")
            ).values_list("pk", flat=True)
        )
        teams = {target.id for target in targets if target.kind == "team"}
        members = Person.objects.filter(memberships__team__in=teams, memberships__role__gte=Role.RESPONDER)
        self.teams = {team for team, pk in members.values_list("memberships__team", "pk") if pk in self.reachable}
        numbers = {target.id for target in targets if target.kind == "schedule"}
        self.schedules = Schedule.objects.in_bulk(numbers)
        placed = RotationMember.objects.filter(rotation__schedule__in=numbers)
        self.placed = {
            schedule
            for schedule, person in placed.values_list("rotation__schedule", "person")
            if person in self.reachable
        }
        self.plans = oncall.plans_of(self.schedules.values(), start, end)
        self._gaps: dict[int, list[Span]] = {}

    def gaps(self, target: Target) -> list[Span]:
        """When ``target`` means nobody who can be reached."""
        everything = [(self.start, self.end)]
        if target.kind == "person":
            return [] if target.id in self.reachable else everything
        if target.kind == "team":
            return [] if target.id in self.teams else everything
        if target.id not in self.schedules:
            return everything
        if target.detail in ("next", "all"):
            return [] if target.id in self.placed else everything
        if target.id not in self._gaps:
            try:
                shifts = rotas.final_shifts(self.plans[target.id], self.start, self.end)
            except (ValueError, KeyError, OverflowError):
                shifts = []  # one broken schedule is a warning of its own, and stops nobody else's
            spans = [(each.starts_at, each.ends_at) for each in shifts if each.person in self.reachable]
            self._gaps[target.id] = uncovered(spans, self.start, self.end)
        return self._gaps[target.id]

    def empty(self, step: Step) -> list[Span]:
        """When ``step`` applies and has nobody. A role is known only when there is an incident, and a step that only
        calls a webhook or declares an incident needs nobody."""
        people = [target for target in step.targets if target.is_person]
        if not people or any(target.kind == "role" for target in people):
            return []
        found = [(self.start, self.end)]
        for target in people:
            found = common(found, self.gaps(target))
        return common(found, step.conditions.hours.spans(self.start, self.end)) if step.conditions.hours else found


def warnings_of(policies: Iterable[EscalationPolicy], at: datetime) -> dict[int, list[Warning]]:
    """By policy: the steps that will page nobody within :data:`LOOK_AHEAD` of ``at``. Queries do not grow with them."""
    plans = {policy.pk: (policy, plan_of(policy).steps) for policy in policies}
    look = _Looking([steps for _, steps in plans.values()], at, at + LOOK_AHEAD)
    found: dict[int, list[Warning]] = {}
    for pk, (policy, steps) in plans.items():
        empty = [look.empty(step) for step in steps]
        asked = [number for number, step in enumerate(steps) if any(target.is_person for target in step.targets)]
        everywhere = [(look.start, look.end)]
        for number in asked:
            everywhere = common(everywhere, empty[number])
        found[pk] = [
            _warning(policy, number, steps[number], empty[number], everywhere) for number in asked if empty[number]
        ] + [
            Warning(
                number,
                f"Step {number + 1} of {policy} proposes the {target.kind} {target.detail}, which is not there: nothing "
                "would be proposed.",
                "Choose another one.",
                ((look.start, look.end),),
                False,
            )
            for number, step in enumerate(steps)
            for target in step.targets
            if target.is_proposed and proposed_by(target) is None
        ]
    return found


def _warning(
    policy: EscalationPolicy, number: int, step: Step, empty: Sequence[Span], everywhere: Sequence[Span]
) -> Warning:
    start, end = empty[0]
    whom = ", ".join(names_of(target for target in step.targets if target.is_person).values())
    long = end - start >= LOOK_AHEAD
    when = "for weeks" if long else f"from {start:%a %d %b %H:%M} to {end:%a %d %b %H:%M} UTC"
    more = f", and {len(empty) - 1} more times in four weeks" if len(empty) > 1 else ""
    alone = any(a < end and b > start for a, b in everywhere)
    rest = " No other step has anybody either: only the last resort would be paged." if alone else ""
    return Warning(
        number,
        f"Step {number + 1} of {policy} has nobody to page {when}{more} ({whom}).{rest}",
        "Nobody there can be reached: put somebody into it who has a contact method."
        if long
        else "Fill the gap in the schedule; if it is meant to be empty then, give the step hours as a condition.",
        tuple(empty),
        alone,
    )
