"""Who a step means at this moment. The engine, the preview and the trace ask this one module."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from ..accounts.models import Person, Team
from ..accounts.roles import Role
from ..kernel.http import origin
from ..oncall import queries as oncall
from ..oncall.models import RotationMember, Schedule
from ..oncall.outlook import not_paged
from ..workspaces.models import Workspace
from .models import ContactMethod, QuietHours, Urgency
from .quiet import Hours
from .rules import Found, Target

NEXT_WITHIN = timedelta(days=60)


def people_of(
    targets: Iterable[Target], at: datetime, roles: Mapping[str, Sequence[int]] | None = None
) -> list[Person]:
    """Everybody whom these targets mean at ``at``; nobody twice, nobody who has left. ``roles``: who has which in the
    incident, by number."""
    found: dict[int, Person] = {}
    for target in targets:
        for person in _of(target, at, roles or {}):
            found.setdefault(person.pk, person)
    return list(found.values())


def _of(target: Target, at: datetime, roles: Mapping[str, Sequence[int]]) -> list[Person]:
    if target.kind == "role":
        return list(Person.objects.filter(pk__in=roles.get(target.detail, ()), is_active=True).order_by("pk"))
    if target.kind == "person":
        return list(Person.objects.filter(pk=target.id, is_active=True))
    if target.kind == "team":
        return list(
            Person.objects.filter(memberships__team=target.id, memberships__role__gte=Role.RESPONDER, is_active=True)
        )
    if target.kind != "schedule":
        return []
    schedule = Schedule.objects.filter(pk=target.id).first()
    if schedule is None:
        return []
    if target.detail == "next":
        return next_on_call(schedule, at)
    return everybody(schedule) if target.detail == "all" else oncall.who(schedule, at)


def next_on_call(schedule: Schedule, at: datetime) -> list[Person]:
    """Whoever comes on call next after ``at`` and is not on call already."""
    shifts = oncall.shifts(schedule, at, at + NEXT_WITHIN)
    now = {shift.person for shift in shifts if shift.starts_at <= at}
    later = [shift for shift in shifts if shift.starts_at > at and shift.person not in now]
    first = min((shift.starts_at for shift in later), default=None)
    numbers = dict.fromkeys(shift.person for shift in later if shift.starts_at == first)
    people = Person.objects.filter(is_active=True).in_bulk(numbers)
    return [people[number] for number in numbers if number in people]


def everybody(schedule: Schedule) -> list[Person]:
    """Everybody in the schedule's rotations, in their order; nobody who has left."""
    rows = (
        RotationMember.objects.filter(rotation__schedule=schedule, person__is_active=True)
        .select_related("person")
        .order_by("rotation_id", "turn", "id")
    )
    return list({row.person_id: row.person for row in rows}.values())


def found(people: Iterable[Person], at: datetime, last: int | None = None) -> Found:
    """These people for the rules: by number, who of them can be reached by anything, and who is away at ``at``."""
    numbers = tuple(person.pk for person in people)
    reachable = ContactMethod.objects.filter(person__in=numbers, enabled=True).values_list("person_id", flat=True)
    return Found(numbers, frozenset(reachable), last, frozenset(not_paged(numbers, at)))


def hours_of(people: Iterable[int]) -> dict[int, Hours]:
    """The quiet hours of those who have any."""
    rows = QuietHours.objects.filter(person__in=list(people)).select_related("person")
    return {row.person_id: Hours(row.person.timezone, row.starts, row.ends) for row in rows}


def held(people: Iterable[int], urgency: str, at: datetime) -> timedelta:
    """How long everybody of these has quiet hours for what is of this urgency: until then nobody can answer."""
    numbers = set(people)
    if urgency != Urgency.LOW or not numbers:
        return timedelta()
    hours = hours_of(numbers)
    if numbers - hours.keys():
        return timedelta()
    return min(((each.until(at) or at) - at for each in hours.values()), default=timedelta())


def last_resort(team: Team | None, at: datetime) -> list[Person]:
    """Whom to ask when a policy has run out: the team's managers, then the administrators. Never silence: if all of them
    are away, they are asked all the same."""
    everybody = _last_resort(team)
    away = not_paged((person.pk for person in everybody), at)
    return [person for person in everybody if person.pk not in away] or everybody


def _last_resort(team: Team | None) -> list[Person]:
    found = {p.pk: p for p in Person.objects.filter(role=Role.ADMINISTRATOR, is_active=True)}
    if team:
        managers = Person.objects.filter(memberships__team=team, memberships__role__gte=Role.MANAGER, is_active=True)
        found |= {p.pk: p for p in managers}
    return list(found.values())


def name_of(target: Target) -> str:
    """The target in words: "Anna", "whoever is on call in Payments", "everybody in Web"."""
    if target.kind == "person":
        return str(Person.objects.filter(pk=target.id).first() or "somebody who has left")
    if target.kind == "team":
        return f"everybody in {Team.objects.filter(pk=target.id).first() or 'a team that is gone'}"
    if target.kind == "webhook":
        return f"webhook {origin(target.detail)}/…"
    if target.kind == "chat":
        where = Workspace.objects.filter(pk=target.id).first() or "a chat that is gone"
        return f"{target.detail} of {where}" if target.detail else str(where)
    if target.kind == "incident":
        return f"declare an incident{f' (SEV{target.id})' if target.id else ''}"
    if target.kind == "role":
        return f"the incident's {target.detail.replace('_', ' ')}"
    if target.kind == "mitigation":
        return f"propose {target.detail}"
    means = {"next": "whoever is next on call", "all": "everybody in the rotations"}.get(
        target.detail, "whoever is on call"
    )
    return f"{means} in {Schedule.objects.filter(pk=target.id).first() or 'a schedule that is gone'}"
