"""What the packages above lend to paging: facts about what is escalated, who has which role in its incident, how an
incident is declared, and what a policy may propose.

Paging lies below alerts and incidents and may not import them. They register here when Django starts (their apps.py).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from ..accounts.actors import Actor
from ..kernel.errors import NotFound, Refused
from ..workspaces.base import Part
from .conditions import Facts
from .models import Escalation
from .rules import Target

FactsOf = Callable[[Collection[int], datetime], Mapping[int, Facts]]
Declare = Callable[[Escalation, int], str]
RolesOf = Callable[[str, Collection[int], Collection[str]], Mapping[int, Mapping[str, tuple[int, ...]]]]


@dataclass(frozen=True)
class Proposal:
    """What a policy may propose: its name, what will be done, and a mark of all that is carried out. ``where`` it is done, or by
    whom; its ``risk`` (low, medium, high; empty: none is known); who besides the responders of the escalation's team has to
    agree, such as ``a responder of Platform``; whether it is carried out ``at_once`` when it is approved."""

    title: str
    text: str
    mark: str = ""
    where: str = ""
    risk: str = ""
    who: str = ""
    at_once: bool = False


class Runs(Protocol):
    """What is carried out in incidents, as chats show it; moments in ``zone``."""

    def about(self, group: int, but: Collection[str], zone: str) -> list[Part]:
        """In the incidents of an alert group, without those that were started under one of these client keys."""
        ...

    def started_by(self, key: str, escalation: Escalation, zone: str) -> Part | None:
        """What was started under this client key in the incidents that an escalation is about."""
        ...

    def all_may_see(self, escalation: Escalation) -> bool:
        """Whether the incidents that an escalation is about are known, and none is private."""
        ...

    def part(self, number: int, zone: str) -> Part | None:
        """One of them."""
        ...

    def decide(self, by: Actor, number: int, *, approve: bool) -> tuple[str, bool]:
        """Approve it as the second person, or decline it. What is said about it, and whether it was done by this."""
        ...


class _None:
    """Where nothing is carried out."""

    def about(self, group: int, but: Collection[str], zone: str) -> list[Part]:
        return []

    def started_by(self, key: str, escalation: Escalation, zone: str) -> Part | None:
        return None

    def all_may_see(self, escalation: Escalation) -> bool:
        return False

    def part(self, number: int, zone: str) -> Part | None:
        return None

    def decide(self, by: Actor, number: int, *, approve: bool) -> tuple[str, bool]:
        raise NotFound("What this was about has been deleted.")


Describe = Callable[[Target], Proposal | None]
Start = Callable[[Actor, Escalation, Target, str], str]
Hold = Callable[[Escalation], None]
Proposed = Callable[[Collection[Escalation]], None]

SeveritiesOf = Callable[[Collection[int]], Mapping[int, str]]
Summarise = Callable[[Collection[int]], list[str]]
Told = Callable[[str, str], dict[str, Any] | None]

_facts: dict[str, FactsOf] = {}
_severities: dict[str, SeveritiesOf] = {}
_roles: list[RolesOf] = []
_declare: list[Declare] = []
_proposals: dict[str, tuple[Describe, Start]] = {}
_hold: list[Hold] = []
_runs: list[Runs] = []
_proposed: list[Proposed] = []
_told: list[Told] = []
_summaries: dict[str, Summarise] = {}


def facts_come_from(kind: str, source: FactsOf) -> None:
    """Ask ``source`` about the subjects of escalations of ``kind``, all at once, by number."""
    _facts[kind] = source


def severities_come_from(kind: str, source: SeveritiesOf) -> None:
    """``source(subjects)`` says how bad the subjects of escalations of ``kind`` are, by number."""
    _severities[kind] = source


def incidents_are_declared_by(declare: Declare) -> None:
    """``declare(escalation, severity)`` declares an incident (0: the severity of the alerts), or finds the one that is
    already open, inside the caller's transaction, and says in words what it did."""
    _declare[:] = [declare]


def roles_come_from(source: RolesOf) -> None:
    """``source(kind, subjects, roles)`` says who has these roles in the incident of each subject, by number."""
    _roles[:] = [source]


def proposals_come_from(kind: str, describe: Describe, start: Start) -> None:
    """``describe(target)`` says what a target of this kind proposes (None: it is not there any more),
    ``start(by, escalation, target, key)`` starts it, once per key, in the caller's transaction and says in words what it
    did."""
    _proposals[kind] = (describe, start)


def runs_are_shown_by(shown: Runs) -> None:
    """``shown`` knows what is carried out, and who decides it."""
    _runs[:] = [shown]


def runs() -> Runs:
    """What is carried out in incidents, for chats."""
    return _runs[0] if _runs else _None()


def proposals_are_told_to(listener: Proposed) -> None:
    """``listener(escalations)`` hears that something was proposed in these, inside the transaction."""
    _proposed[:] = [listener]


def tell_proposed(escalations: Collection[Escalation]) -> None:
    """Something was proposed in these."""
    for listener in _proposed:
        listener(escalations)


def subjects_are_held_by(hold: Hold) -> None:
    """``hold(escalation)`` locks what is escalated, and its incident, before the escalation itself."""
    _hold[:] = [hold]


def alerts_are_told_by(tell: Told) -> None:
    """``tell(path, purpose)`` says what there is at a page about alerts in the words of Alertmanager's webhook."""
    _told[:] = [tell]


def summaries_come_from(kind: str, summarise: Summarise) -> None:
    """``summarise(subjects)`` says in lines where the subjects of escalations of ``kind`` differ."""
    _summaries[kind] = summarise


def summary_of(escalations: Collection[Escalation]) -> list[str]:
    """In a few lines, what a message is about that tells of all of these at once."""
    return [
        line
        for kind, summarise in _summaries.items()
        for line in summarise({each.subject_id for each in escalations if each.kind == kind and each.subject_id})
    ]


def as_alertmanager(path: str, purpose: str) -> dict[str, Any] | None:
    """What a message of this purpose about the page at ``path`` is in Alertmanager's words; None: it is about no alerts."""
    return _told[0](path, purpose) if _told else None


def facts_of(escalations: Sequence[Escalation], at: datetime, roles: Collection[str] = ()) -> dict[int, Facts]:
    """What is known of each of these at ``at``, by the escalation's number; without a source only its urgency. Who has
    which of ``roles``: the others are not looked up. As many questions for a hundred as for one."""
    found: dict[int, Facts] = {}
    for kind in {each.kind for each in escalations}:
        these = [each for each in escalations if each.kind == kind]
        subjects = {each.subject_id for each in these if each.subject_id}
        known = _facts[kind](subjects, at) if subjects and kind in _facts else {}
        holders = _roles[0](kind, subjects, roles) if subjects and roles and _roles else {}
        for each in these:
            facts = known.get(each.subject_id or 0) or Facts(urgency=each.urgency)
            who = holders.get(each.subject_id or 0)
            found[each.pk] = replace(facts, roles=who) if who else facts
    return found


def severities_of(escalations: Collection[Escalation]) -> dict[int, str]:
    """How bad what is escalated is, by the escalation's number, where somebody knows; one question for each kind."""
    found: dict[int, str] = {}
    for kind, source in _severities.items():
        subjects = {each.pk: each.subject_id for each in escalations if each.kind == kind and each.subject_id}
        said = source(set(subjects.values())) if subjects else {}
        found |= {pk: said[subject] for pk, subject in subjects.items() if subject in said}
    return found


def declare_incident(escalation: Escalation, severity: int) -> str:
    """Declare an incident from what is escalated. Says in words what came of it."""
    return _declare[0](escalation, severity)


def proposed_by(target: Target) -> Proposal | None:
    """What a target proposes; None: it is not there any more."""
    return _proposals[target.kind][0](target) if target.kind in _proposals else None


def hold_subject(escalation: Escalation) -> None:
    """Lock what is escalated, and the incident that it is about, before the escalation itself is locked. Inside the
    caller's transaction."""
    for hold in _hold:
        hold(escalation)


def start_proposed(by: Actor, escalation: Escalation, target: Target, key: str) -> str:
    """Start what was proposed, for what is escalated. Says in words what came of it.

    :raises Refused: there is nothing of this kind here.
    """
    if target.kind not in _proposals:
        raise Refused(f"There is no {target.kind} to be started here.", fix="Carry it out by hand.")
    return _proposals[target.kind][1](by, escalation, target, key)
