"""Who is away, when it is a holiday where they are, and who covers for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import QuerySet

from ...accounts.actors import Actor
from ...accounts.models import Membership, Person
from ...accounts.roles import Action
from ...kernel.prepared import prepared
from .. import facts, queries, rules
from ..feasts import feasts
from ..models import Absence, HolidayPlace, Schedule

RECENT = timedelta(days=28)


def absences_of(people: Iterable[int], start: datetime, end: datetime) -> dict[int, list[tuple[datetime, datetime]]]:
    """When these people are away between ``start`` and ``end``."""
    rows = Absence.objects.filter(person__in=list(people), starts_at__lt=end, ends_at__gt=start)
    found: dict[int, list[tuple[datetime, datetime]]] = {}
    for person, a, b in rows.values_list("person_id", "starts_at", "ends_at"):
        found.setdefault(person, []).append((a, b))
    return found


def not_paged(people: Iterable[int], at: datetime) -> dict[int, datetime]:
    """Who of these people is not to be paged at ``at``, and until when: they are away and have said so."""
    return dict(_not_paged(set(people), at))


@prepared
def _not_paged(people: Collection[int], at: datetime) -> QuerySet[Absence, tuple[int, datetime]]:
    rows = Absence.objects.filter(person__in=people, paged=False, starts_at__lte=at, ends_at__gt=at)
    return rows.order_by("ends_at").values_list("person_id", "ends_at")


def holidays_of(people: Iterable[int], start: datetime, end: datetime) -> dict[int, dict[date, str]]:
    """The public holidays of each of these people: of their own choice, else of the first of their teams with one."""
    wanted = list(people)
    places = {row.person_id: row for row in HolidayPlace.objects.filter(person__in=wanted)}
    teams = {row.team_id: row for row in HolidayPlace.objects.filter(team__isnull=False)}
    if teams:
        rows = Membership.objects.filter(person__in=wanted, team__in=teams).order_by("id")
        for person, team in rows.values_list("person_id", "team_id"):
            places.setdefault(person, teams[team])
    years = range(start.year, end.year + 1)
    return {
        person: {
            day: name
            for day, name in feasts(place.country, place.region, years).items()
            if start.date() <= day <= end.date()
        }
        for person, place in places.items()
        if person is not None
    }


@dataclass(frozen=True)
class Cover:
    """Somebody who could stand in, with what they had lately in this schedule."""

    person: Person
    nights: int
    hours: float


def cover_for(schedule: Schedule, start: datetime, end: datetime, without: Iterable[int] = ()) -> list[Cover]:
    """Who could cover from ``start`` to ``end``: here, not away, not on call then; the fewest recent nights first."""
    left_out = set(without)
    people = [person for person in queries.candidates(schedule) if person.pk not in left_out]
    since = start - RECENT
    plan = queries.plan_of(schedule, since, end)
    shifts = facts.shifts(schedule, plan, since, end)
    busy = {shift.person for shift in shifts if shift.ends_at > start and shift.starts_at < end}
    away = absences_of([person.pk for person in people], start, end)
    found = []
    for person in people:
        if person.pk in busy or person.pk in away:
            continue
        load = rules.load_of(person.pk, [each for each in shifts if each.person == person.pk], person.timezone)
        found.append(Cover(person, load.nights, load.hours))
    return sorted(found, key=lambda each: (each.nights, each.hours, each.person.name, each.person.pk))


def absences_visible_to(actor: Actor) -> QuerySet[Absence]:
    """Everybody sees who is away, because they plan with it."""
    rows = Absence.objects.select_related("person", "calendar")
    return rows if actor.may(Action.SEE) else rows.none()
