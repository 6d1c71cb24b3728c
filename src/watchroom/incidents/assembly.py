"""Who is needed in an incident: computed from role rotations, from who is on call for its services, and from what its
severity asks."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..accounts.models import Person
from ..catalog.models import Service
from ..kernel import clock
from ..oncall import queries as oncall
from ..oncall.outlook import not_paged
from ..paging.commands import plan_of
from ..paging.people import everybody, next_on_call, people_of
from . import hooks
from .models import Incident, RoleAssignment, RoleName, RoleRotation
from .rules import assembling as rules
from .severities import severity_of


@dataclass(frozen=True)
class Candidate:
    """Somebody whom a role can be asked of, and why just they."""

    person: Person
    why: str
    rotation: RoleRotation | None = None


@dataclass(frozen=True)
class Needed:
    """A role that the severity asks for, or that somebody is there for. ``holders`` have it or are being asked;
    ``candidates`` could be asked, the nearest first."""

    role: RoleName
    required: bool
    holders: list[RoleAssignment]
    candidates: list[Candidate]

    @property
    def missing(self) -> bool:
        return self.required and not self.holders


def rotations_for(incident: Incident, role: str = "") -> list[RoleRotation]:
    """The role rotations that fit an incident, the nearest first."""
    rows = RoleRotation.objects.select_related("schedule", "person", "service", "team")
    found = {row.pk: row for row in (rows.filter(role=role) if role else rows)}
    if not found:
        return []
    plain = [rules.Rotation(row.pk, row.team_id, row.service_id, row.least_severity) for row in found.values()]
    services = set(incident.services.values_list("pk", flat=True))
    order = rules.nearest_first(plain, team=incident.team_id, services=services, severity=incident.severity)
    return [found[each.id] for each in order]


def candidates_of(rotation: RoleRotation, at: datetime, *, first_only: bool = False) -> list[Candidate]:
    """Whom a rotation means at ``at``: who is on call, then who is next, then the others in the schedule; nobody who is
    away or has left. ``first_only``: only who is on call now."""
    if rotation.person is not None:
        found = [(rotation.person, _about(rotation, "knows"))] if rotation.person.is_active else []
    elif rotation.schedule is not None:
        schedule = rotation.schedule
        found = [(each, f"on call in {schedule}") for each in oncall.who(schedule, at)]
        if not first_only:
            found += [(each, f"next on call in {schedule}") for each in next_on_call(schedule, at)]
            found += [(each, f"in {schedule}") for each in everybody(schedule)]
    else:
        return []
    away = not_paged((person.pk for person, _ in found), at)
    seen: dict[int, Candidate] = {}
    for person, why in found:
        if person.pk not in away:
            seen.setdefault(person.pk, Candidate(person, why[:150], rotation))
    return list(seen.values())


def _about(rotation: RoleRotation, word: str) -> str:
    return f"{word} {rotation.service or rotation.team or 'everything'}"


def owners_of(services: Iterable[Service], at: datetime) -> list[Candidate]:
    """Who is on call for these services: whom the first step of their policies means that means anybody."""
    found: dict[int, Candidate] = {}
    for service in services:
        if service.policy is None:
            continue
        for step in plan_of(service.policy).steps:
            people = people_of(step.targets, at)
            for person in people:
                found.setdefault(person.pk, Candidate(person, f"on call for {service}"[:150]))
            if people:
                break
    away = not_paged(found, at)
    return [each for pk, each in found.items() if pk not in away]


def those_who_practise(incident: Incident) -> Collection[int] | None:
    """In a drill whoever takes part is asked and nobody else; None: no such limit."""
    practice = hooks.practice_of(incident)
    return practice.people if practice is not None else None


def _those(found: Iterable[Candidate], among: Collection[int] | None) -> list[Candidate]:
    return [each for each in found if among is None or each.person.pk in among]


def chain_of(
    incident: Incident, rotations: Iterable[RoleRotation], at: datetime, among: Collection[int] | None = None
) -> list[Candidate]:
    """Everybody who can be asked for a role that one person holds, in the order in which they are: the nearest of these
    ``rotations`` first, and those who lead in another incident after all who are free. ``among``: only of these."""
    people: dict[int, Candidate] = {}
    for rotation in rotations:
        for each in _those(candidates_of(rotation, at), among):
            people.setdefault(each.person.pk, each)
    return [people[pk] for pk in rules.free_first(people, _busy_elsewhere(incident, people))]


def _busy_elsewhere(incident: Incident, people: Iterable[int]) -> set[int]:
    """Those of ``people`` who hold a leading role, or are asked to, in another incident that still hurts."""
    held = RoleAssignment.objects.filter(
        person__in=list(people), ended_at__isnull=True, incident__status=Incident.Status.ACTIVE, incident__drill=False
    ).exclude(role=RoleName.EXPERT)
    return set(held.exclude(incident=incident.pk).values_list("person_id", flat=True))


def first_asked(
    incident: Incident,
    role: str,
    rotations: Iterable[RoleRotation],
    at: datetime,
    among: Collection[int] | None = None,
) -> list[Candidate]:
    """Whom to ask first for ``role``: the first of :func:`chain_of`; of subject experts one from each rotation, and who is on
    call for the services. ``among``: only of these."""
    own = [each for each in rotations if each.role == role]
    if role != RoleName.EXPERT:
        return chain_of(incident, own, at, among)[:1] if own else []
    experts = [found[0] for each in own if (found := _those(candidates_of(each, at), among))]
    experts += _those(owners_of(incident.services.select_related("policy").order_by("tier", "id"), at), among)
    return list({each.person.pk: each for each in reversed(experts)}.values())[::-1]


def next_after(assignment: RoleAssignment, at: datetime) -> Candidate | None:
    """Who is asked when the holder of ``assignment`` does not answer: the next of the nearest rotation who has not been
    asked for this role in this incident, then of the wider ones; None: nobody is left."""
    incident = assignment.incident
    asked = set(
        RoleAssignment.objects.filter(incident=incident, role=assignment.role).values_list("person_id", flat=True)
    )
    rotations, among = rotations_for(incident, assignment.role), those_who_practise(incident)
    chain = {each.person.pk: each for each in chain_of(incident, rotations, at, among)}
    found = rules.next_to_ask(list(chain), asked)
    return chain[found] if found is not None else None


def waits_for(incident: Incident, role: str) -> timedelta | None:
    """How long an answer is waited for before the next one is asked; None: no rotation says who that would be."""
    rotation = next(iter(rotations_for(incident, role)), None)
    return timedelta(minutes=rotation.answer_minutes) if rotation else None


def needed_in(incident: Incident) -> list[Needed]:
    """Every role that the severity asks for or that somebody could be asked for, in the order of the roles."""
    at, severity = clock.now(), severity_of(incident.severity)
    holders = list(
        RoleAssignment.objects.filter(incident=incident, ended_at__isnull=True).select_related("person").order_by("id")
    )
    rotations, among = rotations_for(incident), those_who_practise(incident)
    found = []
    for role in RoleName:
        held = [row for row in holders if row.role == role]
        having = {row.person_id for row in held}
        open_ = role == RoleName.EXPERT or not held
        asked = first_asked(incident, role, rotations, at, among) if open_ else []
        candidates = [each for each in asked if each.person.pk not in having]
        required = role.value in severity.roles
        if required or held or candidates:
            found.append(Needed(role, required, held, candidates))
    return found
