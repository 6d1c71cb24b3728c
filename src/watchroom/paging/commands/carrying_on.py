"""What turns of escalations do and write: whoever holds the rows carries them on, and all that follows is committed with
them.

Many are taken at once: what they need is read together, each is decided by the rules as if it were alone, and what
follows is written together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from ...accounts.models import Person
from ...kernel import wake
from ...kernel.db import announce, claimable, insert_all, locked, update_each
from ...kernel.http import origin
from ...kernel.prepared import prepared
from ...workspaces.posts import redraw
from ..conditions import Facts
from ..hooks import facts_of, proposed_by, severities_of, tell_proposed
from ..looking import look_at
from ..models import Approval, Escalation, EscalationAnswer, EscalationEvent, Notification, RoundRobin, StepAction
from ..people import Roster, did, name_of
from ..proposed import approval_words
from ..rules import GIVEN_WAIT_SECONDS, Decision, Plan, Position, Step, Target, Turn, next_turn
from ..wording import headline, stamp
from .catching_up import LATE, late_by
from .excusing import nobody_else
from .moving_on import in_vain, somebody_before
from .nobody import Defect, defect_of, event_of
from .notifications import Notice, write_all

Kind = EscalationEvent.Kind
_PURPOSE = {
    "alert_group": Notification.Purpose.PAGE,
    "role": Notification.Purpose.ROLE,
    "direct": Notification.Purpose.PAGE,
}


class LeftToTheEngine(Exception):
    """What follows has to wait for what others hold."""


def carry_on(escalations: Sequence[Escalation], now: datetime, *, patient: bool = True) -> list[int]:
    """Take the turns of these, which the caller holds in its transaction. Returns the numbers of those of which the plan
    is through: they are left as they are. Not ``patient``: what would have to wait for somebody else is left as well."""
    turns = _Turns(now, patient)
    places = [turns.place_of(each) for each in escalations]
    through = [place.escalation.pk for place in places if place.turn.kind == "exhausted"]
    turns.take([place for place in places if place.turn.kind != "exhausted"])
    return through


def _names(people: Sequence[Person]) -> str:
    return ", ".join(str(person) for person in people) or "nobody"


def _nobody(step: Step) -> str:
    """Why a step has nobody to page, where nobody of it is away."""
    kinds = {target.kind for target in step.targets if target.is_person}
    return "nobody has that role" if kinds == {"role"} else "nobody is on call"


@dataclass
class _Place:
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


@prepared
def _robins(policies: Collection[int]) -> QuerySet[RoundRobin, tuple[int, int, int]]:
    return RoundRobin.objects.filter(policy__in=policies).order_by().values_list("pk", "policy_id", "position")


@prepared
def _held_robins(numbers: Collection[int], *, patient: bool) -> QuerySet[RoundRobin]:
    rows = RoundRobin.objects.filter(pk__in=numbers).order_by("policy_id", "position")
    return locked(rows) if patient else claimable(rows)


class _Turns:
    """The turns of many escalations at one moment. Nothing is written before :meth:`take` has decided all of them, but
    what can't be said without (whose turn it is, what was proposed before)."""

    def __init__(self, now: datetime, patient: bool) -> None:
        self.now, self.patient = now, patient
        self.roster = Roster(now)
        self.topics = {wake.PAGES}
        self._plans: dict[tuple[int, int], tuple[dict[str, Any], Plan]] = {}
        self._robins: dict[tuple[int, int], RoundRobin] = {}
        self._turned: set[tuple[int, int]] = set()
        self._events: list[EscalationEvent] = []
        self._paged: list[tuple[EscalationEvent, Sequence[Person]]] = []
        self._notices: list[Notice] = []
        self._actions: list[StepAction] = []
        self._defects: list[tuple[Defect, str]] = []
        self._newly_proposed: list[Escalation] = []
        self._severities: dict[int, str] = {}

    def place_of(self, escalation: Escalation) -> _Place:
        plan = self._plan_of(escalation)
        at = Position(escalation.round, escalation.next_step)
        given = Turn("given", None, at, 0)
        turn = given if escalation.first_id else next_turn(plan, at)
        return _Place(escalation, plan, at, turn, Facts(urgency=escalation.urgency))

    def _plan_of(self, escalation: Escalation) -> Plan:
        """Those of one version of a policy share their plan: it is made of its data once."""
        key = escalation.policy_id or 0, escalation.policy_version
        known = self._plans.get(key)
        if known is None or known[0] != escalation.plan:
            known = self._plans[key] = escalation.plan, Plan.of(escalation.plan)
        return known[1]

    def take(self, places: Sequence[_Place]) -> None:
        if not places:
            return
        self._read(places)
        places = [place for place in places if self._robin_is_ours(place)]
        for place in places:
            if place.turn.kind == "given":
                self._given(place)
            else:
                self._go(place)
            escalation = place.escalation
            self.topics |= {f"escalation:{escalation.pk}", f"{escalation.kind}:{escalation.subject_id}"}
        self._write([place.escalation for place in places])

    # --- What is read together ---

    def _read(self, places: Sequence[_Place]) -> None:
        asked = [place.escalation.pk for place in places if place.plan.answers > 1]
        answers: dict[int, set[int]] = {pk: set() for pk in asked}
        for pk, person in _answers(asked):
            answers[pk].add(person)
        self._severities = severities_of([place.escalation for place in places])
        resort = [each for each in places if each.turn.kind == "last_resort"]
        # Whoever could not be reached just now is asked with the last resort from its second time on.
        second = {p.escalation.pk: p.plan.repeats for p in resort if p.at.round > p.plan.repeats + 1}
        vain = in_vain(second) if second else ()
        alone = nobody_else(place.escalation for place in places)
        for place in resort:
            if place.escalation.pk in vain or place.escalation.excused_id is not None:
                # All of them, not only whose turn it would be.
                place.again = [replace(each, round_robin=False) for each in place.plan.steps]
        asking = [each for each in places if any(step.conditions or step.roles for step in each.steps)]
        wanted = {role for each in asking for step in each.steps for role in step.roles}
        facts = facts_of([each.escalation for each in asking], self.now, wanted)
        robins: set[tuple[int, int]] = set()
        targets: set[Target] = set()
        roles: set[int] = set()
        for place in places:
            step = place.turn.step
            place.answered = answers.get(place.escalation.pk, ())
            place.excused = None if place.escalation.pk in alone else place.escalation.excused_id
            place.facts = facts.get(place.escalation.pk, place.facts)
            targets.update(target for each in place.steps for target in each.targets)
            roles.update(each for found in place.facts.roles.values() for each in found)
            if step is not None and step.round_robin and place.escalation.policy_id:
                robins.add((place.escalation.policy_id, place.at.step))
        self.roster.look_up(targets, roles)
        self.roster.know({person.pk for person in self.roster.people_of(targets)} | roles)
        self._hold_robins(robins)

    def _hold_robins(self, wanted: Collection[tuple[int, int]]) -> None:
        """Whose turn was last. Other engines that take these steps now wait until our choice is committed; all take them
        in the same order, so that nobody waits for somebody who waits for them."""
        if not wanted:
            return
        policies = {policy for policy, _ in wanted}
        there = _robins(policies)
        if self.patient and (missing := sorted(set(wanted) - {(policy, position) for _, policy, position in there})):
            new = [RoundRobin(policy_id=policy, position=position) for policy, position in missing]
            RoundRobin.objects.bulk_create(new, ignore_conflicts=True)
            there = _robins(policies)
        numbers = [pk for pk, *key in there if tuple(key) in wanted]
        for row in _held_robins(numbers, patient=self.patient):
            self._robins[row.policy_id, row.position] = row

    def _robin_is_ours(self, place: _Place) -> bool:
        step, policy = place.turn.step, place.escalation.policy_id
        return step is None or not (step.round_robin and policy) or (policy, place.at.step) in self._robins

    # --- What is decided, one by one ---

    def _go(self, place: _Place) -> None:
        step = place.turn.step
        somebody, held_seconds = self._last_resort(place) if step is None else self._step(place, step)
        ends_round = step is not None and place.turn.after.step == 0
        before = somebody or not ends_round or somebody_before(place.escalation, place.at)
        turn = next_turn(place.plan, place.at, somebody, before)
        self._stands(place, turn.after, timedelta(seconds=turn.due_in_seconds + held_seconds))

    def _stands(self, place: _Place, at: Position, wait: timedelta) -> None:
        escalation = place.escalation
        # Where nobody was asked, what follows is as late as this turn was, and whoever is paged then reads it.
        since = self.now if wait else min(escalation.due_at or self.now, self.now)
        late = self._lateness(escalation)
        seconds = int(late.total_seconds()) if late > LATE else 0
        escalation.said_late_seconds = seconds if place.has_said else 0
        if place.has_said:
            escalation.late_seconds = 0
        elif wait and seconds:
            escalation.late_seconds = seconds  # what was done now told nobody
        escalation.round, escalation.next_step, escalation.due_at = at.round, at.step, since + wait

    def _lateness(self, escalation: Escalation) -> timedelta:
        late = self.now - (escalation.due_at or self.now)
        return (late if late > LATE else timedelta()) + timedelta(seconds=escalation.late_seconds)

    def _given(self, place: _Place) -> None:
        """Page the one to whom it was given; then it goes on where it stands."""
        escalation = place.escalation
        given = [person for person in (escalation.first,) if person is not None and person.is_active]
        away = self.roster.away(person.pk for person in given)
        people = [person for person in given if person.pk not in away]
        event = self._note(place, Kind.GIVEN, _names(people) + self._passed_over(away))
        somebody = self._page(place, event, people, escalation.urgency, first=escalation.first_told)
        wait = self.roster.held((person.pk for person in people), escalation.urgency)
        escalation.first, escalation.first_told = None, ""
        self._stands(place, place.at, wait + timedelta(seconds=GIVEN_WAIT_SECONDS if somebody else 0))

    def _last_resort(self, place: _Place) -> tuple[bool, int]:
        urgency = place.escalation.urgency
        people, again = self._resort(place)
        if place.excused is not None and not self._can_reach(people, again):
            place.excused = None
            people, again = self._resort(place)
        if place.answered and not self._can_reach(people, again):
            place.answered = ()
            people, again = self._resort(place)
        names = f"{_names(people)}; again {_names(again)}" if again else _names(people)
        event = self._note(place, Kind.LAST_RESORT, names)
        people += again
        wait = self.roster.held((person.pk for person in people), urgency)
        return self._page(place, event, people, urgency), int(wait.total_seconds())

    def _resort(self, place: _Place) -> tuple[list[Person], list[Person]]:
        """Whom the last resort asks, and who of the policy is asked again with them. Whoever is no longer excused is,
        whether the policy names them or not."""
        spared = place.spared
        everybody = self.roster.last_resort(place.escalation.team)
        people = {one.pk: one for one in everybody if one.pk not in spared}
        again = {one.pk: one for step in place.again for one in self._decide(place, step)[1]}
        once = place.escalation.excused
        if once is not None and once.is_active and once.pk not in spared:
            again.setdefault(once.pk, once)
        return [*people.values()], [one for pk, one in again.items() if pk not in people]

    def _can_reach(self, *people: Iterable[Person]) -> bool:
        return any(self.roster.methods(one.pk) for each in people for one in each)

    def _step(self, place: _Place, step: Step) -> tuple[bool, int]:
        """Carry out one step. Whether somebody can be expected to answer, and for how many seconds nobody can because all
        of them have quiet hours."""
        decision, people = self._decide(place, step)
        if decision.skipped:
            self._note(place, Kind.SKIPPED, decision.skipped)
            return False, 0
        if step.pause:
            self._note(place, Kind.STEP, "")
            return True, 0
        machines = [target for target in step.targets if not target.is_person]
        away = self._passed_over(self.roster.away(decision.away))
        pages = len(machines) < len(step.targets)
        words = [f"paged {_names(people)}"] if pages else []
        words += [did(target) for target in machines]
        sender = f"; not {place.escalation.sender}, who sent it" if decision.without_sender else ""
        event = self._note(place, Kind.STEP, ", ".join(words) + away + sender)
        done = [self._begin(place, event, target) for target in machines if not target.is_proposed]
        proposed = [self._propose(place, target) for target in machines if target.is_proposed]
        paged = False
        if pages:
            nobody = "everybody is away" if decision.away else _nobody(step)
            urgency = step.urgency or place.escalation.urgency
            paged = self._page(place, event, people, urgency, "".join(proposed), nobody)
        return paged or any(done), decision.held_seconds

    def _decide(self, place: _Place, step: Step) -> tuple[Decision, list[Person]]:
        key = place.escalation.policy_id or 0, place.at.step
        robin = self._robins.get(key) if step.round_robin else None
        decision, people = look_at(
            step,
            self.now,
            place.facts,
            last=robin.last_id if robin else None,
            answered=place.spared,
            urgency=place.escalation.urgency,
            sender=place.escalation.left_out,
            roster=self.roster,
        )
        if robin is not None and people and not decision.skipped:
            robin.last, robin.turns = people[0], robin.turns + 1
            self._turned.add(key)
        return decision, people

    def _passed_over(self, away: Mapping[int, datetime]) -> str:
        """Who is away, for the trace."""
        if not away:
            return ""
        people = Person.objects.filter(pk__in=list(away))
        return "".join(f"; not {person}, away until {stamp(away[person.pk])}" for person in people)

    def _note(self, place: _Place, kind: str, text: str) -> EscalationEvent:
        event = event_of(place.escalation, kind, place.at, self.now, text)
        self._events.append(event)
        return event

    def _propose(self, place: _Place, target: Target) -> str:
        """Ask whether a mitigation or a runbook shall be started; once, however often the policy starts again. Returns what those who
        are paged read about it."""
        proposal = proposed_by(target)
        if proposal is None:
            self._note(
                place, Kind.APPROVAL, f"The {target.kind} {target.detail} is no longer there: nothing was proposed."
            )
            return ""
        row, new = Approval.objects.get_or_create(
            escalation=place.escalation,
            **Approval.named(target),
            defaults={
                "title": proposal.title[:200],
                "text": proposal.text,
                "mark": proposal.mark,
                "proposed_at": self.now,
            },
        )
        if new:
            text = f"Proposed: {row.title}. Nothing is done before somebody approves it."
            self._note(place, Kind.APPROVAL, text)
            self._newly_proposed.append(place.escalation)
        if row.state != Approval.State.OPEN:
            return ""
        return f"\n\n{approval_words(row.title)}"

    def _begin(self, place: _Place, event: EscalationEvent, target: Target) -> bool:
        """Put into the book what a step does besides paging. It is carried out in a transaction of its own: nothing there
        may keep the step from paging people, and an incident locks alerts, which come before escalations."""
        if target.kind == "webhook":
            policy = place.escalation.policy
            key = policy.webhook_key if policy else None
            if not key:
                self._note(place, Kind.WEBHOOK, "The webhook was not called: the policy has been deleted.")
                return False
            text, settings = f"webhook {origin(target.detail)}/…", {"url": target.detail, "secret": key}
        elif target.kind == "chat":
            text, settings = name_of(target), {"workspace": target.id, "room": target.detail}
        else:
            text, settings = "declare an incident", {"severity": target.id}
        self._actions.append(
            StepAction(
                escalation=place.escalation,
                event=event,
                kind=target.kind,
                target=text[:200],
                settings=settings,
                created_at=self.now,
                due_at=self.now,
            )
        )
        return True

    def _page(
        self,
        place: _Place,
        event: EscalationEvent,
        people: Sequence[Person],
        urgency: str,
        more: str = "",
        nobody: str = "nobody is on call",
        first: str = "",
    ) -> bool:
        escalation = place.escalation
        self._paged.append((event, people))
        reachable = [person for person in people if self.roster.methods(person.pk)]
        if not reachable:
            why = "none of them has a contact method" if people else nobody
            self._note(place, Kind.NOBODY, f"nobody to page here: {why}")
            if (defect := defect_of(escalation, place.plan, event, place.at)) is not None:
                self._defects.append((defect, why))
        late = self._lateness(escalation)
        body = (f"{first}\n\n" if first else "") + escalation.body + more
        place.has_said = bool(reachable)
        if late > LATE:
            body = f"{late_by(late)}\n\n{body}"
        self._notices.append(
            Notice(
                reachable,
                purpose=_PURPOSE[escalation.kind],
                urgency=urgency,
                subject=headline(escalation.title, self._severities.get(escalation.pk, "")),
                body=body,
                path=escalation.path,
                reason=f"escalation:{escalation.pk}:{place.at.round}:{event.kind}:{place.at.step}",
                drill=escalation.drill,
                escalation=escalation,
                event=event,
            )
        )
        return bool(reachable)

    # --- What is written together ---

    def _write(self, escalations: Sequence[Escalation]) -> None:
        if self._defects and not self.patient:
            raise LeftToTheEngine
        insert_all(self._events)
        through: Any = EscalationEvent.people.through
        insert_all(
            [through(escalationevent_id=event.pk, person_id=one.pk) for event, who in self._paged for one in who]
        )
        if self._actions:
            StepAction.objects.bulk_create(self._actions)
            self.topics.add(wake.DUE)
        update_each([self._robins[key] for key in sorted(self._turned)], ["last", "turns"])
        for notice in self._notices:
            if notice.event is not None and notice.event.kind == Kind.GIVEN:  # it may be given to the same one again
                notice.reason += f":{notice.event.pk}"
        write_all(self._notices, self.roster)
        for defect, why in sorted(self._defects, key=lambda each: each[0].key):
            defect.record(why)
        update_each(
            escalations,
            ["round", "next_step", "due_at", "first", "first_told", "late_seconds", "said_late_seconds"],
        )
        if self._newly_proposed:
            tell_proposed(self._newly_proposed)
            for kind in sorted({each.kind for each in self._newly_proposed}):
                redraw(kind, [each.subject_id for each in self._newly_proposed if each.kind == kind])
        announce(self.topics)
