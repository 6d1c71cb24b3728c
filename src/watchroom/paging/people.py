"""Who a step means at this moment. The engine, the preview and the trace ask this one module."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ..accounts.models import Person, Team
from ..accounts.roles import Role
from ..oncall import queries as oncall
from ..oncall.models import Schedule
from .rules import Target


def people_of(targets: Iterable[Target], at: datetime) -> list[Person]:
    """Everybody whom these targets mean at ``at``; nobody twice, nobody who has left."""
    found: dict[int, Person] = {}
    for target in targets:
        for person in _of(target, at):
            found.setdefault(person.pk, person)
    return list(found.values())


def _of(target: Target, at: datetime) -> list[Person]:
    if target.kind == "person":
        return list(Person.objects.filter(pk=target.id, is_active=True))
    if target.kind == "team":
        return list(
            Person.objects.filter(memberships__team=target.id, memberships__role__gte=Role.RESPONDER, is_active=True)
        )
    schedule = Schedule.objects.filter(pk=target.id).first()
    return oncall.who(schedule, at) if schedule else []


def last_resort(team: Team | None) -> list[Person]:
    """Whom to ask when a policy has run out: the team's managers, then the administrators. Never silence."""
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
    return f"whoever is on call in {Schedule.objects.filter(pk=target.id).first() or 'a schedule that is gone'}"
