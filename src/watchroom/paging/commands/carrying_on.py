"""What turns of escalations do: whoever holds the rows carries them on, and all that follows is committed with them.

Many are taken at once: what they need is read together (``places.py``), each is decided here by the rules as if it were
alone, and what follows is written together (``book.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ...accounts.models import Person
from ..conditions import Facts
from ..hooks import severities_of
from ..looking import look_at
from ..models import Escalation, EscalationEvent, Notification
from ..naming import did
from ..people import Roster
from ..rules import GIVEN_WAIT_SECONDS, Decision, Plan, Position, Step, Turn, next_turn
from ..wording import headline, stamp
from .book import Book
from .catching_up import LATE, late_by
from .moving_on import somebody_before
from .nobody import defect_of
from .notifications import Notice
from .places import Place, Robins, look_up

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
    is through: they are left as they are. Not ``patient``: what would have to wait for somebody else is left as well.

    :raises LeftToTheEngine: not ``patient``, and nobody could be paged: what says so is shared with others.
    """
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


class _Turns:
    """The turns of many escalations at one moment. Nothing is written before :meth:`take` has decided all of them."""

    def __init__(self, now: datetime, patient: bool) -> None:
        self.now, self.patient = now, patient
        self.roster = Roster(now)
        self.robins = Robins(patient)
        self.book = Book(now)
        self._plans: dict[tuple[int, int], tuple[dict[str, Any], Plan]] = {}
        self._severities: dict[int, str] = {}

    def place_of(self, escalation: Escalation) -> Place:
        plan = self._plan_of(escalation)
        at = Position(escalation.round, escalation.next_step)
        given = Turn("given", None, at, 0)
        turn = given if escalation.first_id else next_turn(plan, at)
        return Place(escalation, plan, at, turn, Facts(urgency=escalation.urgency))

    def _plan_of(self, escalation: Escalation) -> Plan:
        """Those of one version of a policy share their plan: it is made of its data once."""
        key = escalation.policy_id or 0, escalation.policy_version
        known = self._plans.get(key)
        if known is None or known[0] != escalation.plan:
            known = self._plans[key] = escalation.plan, Plan.of(escalation.plan)
        return known[1]

    def take(self, places: Sequence[Place]) -> None:
        if not places:
            return
        self._severities = severities_of([place.escalation for place in places])
        look_up(places, self.roster, self.now)
        places = self.robins.hold(places)
        for place in places:
            if place.turn.kind == "given":
                self._given(place)
            else:
                self._go(place)
        if self.book.defects and not self.patient:
            raise LeftToTheEngine
        self.book.write([place.escalation for place in places], self.robins.turned(), self.roster)

    def _go(self, place: Place) -> None:
        step = place.turn.step
        somebody, held_seconds = self._last_resort(place) if step is None else self._step(place, step)
        ends_round = step is not None and place.turn.after.step == 0
        before = somebody or not ends_round or somebody_before(place.escalation, place.at)
        turn = next_turn(place.plan, place.at, somebody, before)
        self._stands(place, turn.after, timedelta(seconds=turn.due_in_seconds + held_seconds))

    def _stands(self, place: Place, at: Position, wait: timedelta) -> None:
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

    def _given(self, place: Place) -> None:
        """Page the one to whom it was given; then it goes on where it stands."""
        escalation = place.escalation
        given = [person for person in (escalation.first,) if person is not None and person.is_active]
        away = self.roster.away(person.pk for person in given)
        people = [person for person in given if person.pk not in away]
        event = self.book.note(place, Kind.GIVEN, _names(people) + self._passed_over(away))
        somebody = self._page(place, event, people, escalation.urgency, first=escalation.first_told)
        wait = self.roster.held((person.pk for person in people), escalation.urgency)
        escalation.first, escalation.first_told = None, ""
        self._stands(place, place.at, wait + timedelta(seconds=GIVEN_WAIT_SECONDS if somebody else 0))

    def _last_resort(self, place: Place) -> tuple[bool, int]:
        urgency = place.escalation.urgency
        people, again = self._resort(place)
        if place.excused is not None and not self._can_reach(people, again):
            place.excused = None
            people, again = self._resort(place)
        if place.answered and not self._can_reach(people, again):
            place.answered = ()
            people, again = self._resort(place)
        names = f"{_names(people)}; again {_names(again)}" if again else _names(people)
        event = self.book.note(place, Kind.LAST_RESORT, names)
        people += again
        wait = self.roster.held((person.pk for person in people), urgency)
        return self._page(place, event, people, urgency), int(wait.total_seconds())

    def _resort(self, place: Place) -> tuple[list[Person], list[Person]]:
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

    def _step(self, place: Place, step: Step) -> tuple[bool, int]:
        """Carry out one step. Whether somebody can be expected to answer, and for how many seconds nobody can because all
        of them have quiet hours."""
        decision, people = self._decide(place, step)
        if decision.skipped:
            self.book.note(place, Kind.SKIPPED, decision.skipped)
            return False, 0
        if step.pause:
            self.book.note(place, Kind.STEP, "")
            return True, 0
        machines = [target for target in step.targets if not target.is_person]
        away = self._passed_over(self.roster.away(decision.away))
        pages = len(machines) < len(step.targets)
        words = [f"paged {_names(people)}"] if pages else []
        words += [did(target) for target in machines]
        sender = f"; not {place.escalation.sender}, who sent it" if decision.without_sender else ""
        event = self.book.note(place, Kind.STEP, ", ".join(words) + away + sender)
        done = [self.book.begin(place, event, target) for target in machines if not target.is_proposed]
        proposed = [self.book.propose(place, target) for target in machines if target.is_proposed]
        paged = False
        if pages:
            nobody = "everybody is away" if decision.away else _nobody(step)
            urgency = step.urgency or place.escalation.urgency
            paged = self._page(place, event, people, urgency, "".join(proposed), nobody)
        return paged or any(done), decision.held_seconds

    def _decide(self, place: Place, step: Step) -> tuple[Decision, list[Person]]:
        decision, people = look_at(
            step,
            self.now,
            place.facts,
            last=self.robins.last(place, step),
            answered=place.spared,
            urgency=place.escalation.urgency,
            sender=place.escalation.left_out,
            roster=self.roster,
        )
        if people and not decision.skipped:
            self.robins.turn_to(people[0], place, step)
        return decision, people

    def _passed_over(self, away: Mapping[int, datetime]) -> str:
        """Who is away, for the trace."""
        if not away:
            return ""
        people = Person.objects.filter(pk__in=list(away))
        return "".join(f"; not {person}, away until {stamp(away[person.pk])}" for person in people)

    def _page(
        self,
        place: Place,
        event: EscalationEvent,
        people: Sequence[Person],
        urgency: str,
        more: str = "",
        nobody: str = "nobody is on call",
        first: str = "",
    ) -> bool:
        """Page those of ``people`` who can be reached; whether there are any. ``first`` and ``more`` stand before and behind what
        everybody reads; ``nobody`` says why there are none."""
        escalation = place.escalation
        reachable = [person for person in people if self.roster.methods(person.pk)]
        if not reachable:
            why = "none of them has a contact method" if people else nobody
            self.book.note(place, Kind.NOBODY, f"nobody to page here: {why}")
            if (defect := defect_of(escalation, place.plan, event, place.at)) is not None:
                self.book.defects.append((defect, why))
        place.has_said = bool(reachable)
        late = self._lateness(escalation)
        body = (f"{first}\n\n" if first else "") + escalation.body + more
        if late > LATE:
            body = f"{late_by(late)}\n\n{body}"
        notice = Notice(
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
        self.book.page(event, people, notice)
        return bool(reachable)
