"""Who a step means at this moment. The engine, the preview and the trace ask this one module."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import QuerySet

from ..accounts.models import Person, Team
from ..accounts.roles import Role
from ..kernel.prepared import prepared
from ..oncall import queries as oncall
from ..oncall.models import Absence, RotationMember, Schedule
from ..oncall.outlook import not_paged
from ..oncall.rules import Plan, on_call_at
from .models import ContactMethod, NotificationRule, QuietHours, Urgency
from .quiet import Hours
from .rules import Found, Rule, Target

NEXT_WITHIN = timedelta(days=60)
Roles = Mapping[str, Sequence[int]]


class Way(NamedTuple):
    """A contact method as far as it has to be known before something is sent by it: its number, and it in words."""

    pk: int
    text: str

    def __str__(self) -> str:
        return self.text


class Roster:
    """Who is meant, away and reachable at one moment. Whatever it is asked is read once, for all of those about whom it
    has been told, so that a hundred escalations cost as many statements as one."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self._people: dict[int, Person | None] = {}  # by number; None: has left
        self._meant: dict[Target, list[Person]] = {}  # of teams and schedules
        self._resorts: dict[int | None, list[Person]] = {}
        self._away: dict[int, datetime | None] = {}
        self._methods: dict[int, list[Way]] = {}
        self._rules: dict[tuple[int, str], list[Rule]] = {}
        self._hours: dict[int, Hours | None] = {}
        self._ahead: _Ahead | None = None

    def later(self, at: datetime) -> Roster:
        """The same for a look ahead at another moment: what does not depend on the moment is read once for all of them, and
        schedules a day at a time."""
        other = Roster(at)
        other._people, other._resorts, other._methods = self._people, self._resorts, self._methods
        other._rules, other._hours = self._rules, self._hours
        other._meant = {each: who for each, who in self._meant.items() if each.kind == "team" or each.detail == "all"}
        other._ahead = self._ahead = self._ahead or _Ahead()
        return other

    # --- Who is meant ---

    def look_up(self, targets: Iterable[Target], roles: Iterable[int] = ()) -> None:
        """Read at once whom all of these targets mean, and who has these numbers."""
        wanted = set(targets)
        new = {each for each in wanted if each.kind in ("team", "schedule") and each not in self._meant}
        numbers = {target.id for target in new if target.kind == "schedule"}
        schedules = self._ahead.schedules(numbers) if self._ahead else {row.pk: row for row in _schedules(numbers)}
        current = [each for each in new if each.kind == "schedule" and each.detail not in ("next", "all")]
        asked = [schedules[each.id] for each in current if each.id in schedules]
        now = on_call(asked, self.at, self._ahead.plans(asked, self.at) if self._ahead else None)
        named = {target.id for target in wanted if target.kind == "person"}
        self._read_people(named.union(roles, *now.values()))
        for target in new:
            if target.kind == "team":
                self._meant[target] = _team(target.id)
            elif target.id not in schedules:
                self._meant[target] = []
            elif target in current:
                self._meant[target] = self._known(now[target.id])
            else:
                schedule = schedules[target.id]
                self._meant[target] = (
                    next_on_call(schedule, self.at) if target.detail == "next" else everybody(schedule)
                )

    def people_of(self, targets: Iterable[Target], roles: Roles | None = None) -> list[Person]:
        """Everybody whom these targets mean; nobody twice, nobody who has left. ``roles``: who has which in the incident,
        by number."""
        targets, roles = tuple(targets), roles or {}
        self.look_up(targets, (each for found in roles.values() for each in found))
        found: dict[int, Person] = {}
        for target in targets:
            for person in self._of(target, roles):
                found.setdefault(person.pk, person)
        return list(found.values())

    def _of(self, target: Target, roles: Roles) -> list[Person]:
        if target.kind == "role":
            return self._known(sorted(roles.get(target.detail, ())))
        if target.kind == "person":
            return self._known([target.id])
        return self._meant.get(target, [])

    def _known(self, numbers: Iterable[int]) -> list[Person]:
        return [person for number in numbers if (person := self._people.get(number)) is not None]

    def _read_people(self, numbers: Iterable[int]) -> None:
        missing = {number for number in numbers if number not in self._people}
        if missing:
            self._people |= dict.fromkeys(missing)
            self._people |= {row.pk: row for row in _people(missing)}

    def last_resort(self, team: Team | None) -> list[Person]:
        """Whom to ask when a policy has run out: the team's managers, then the administrators. Never silence: if all of
        them are away, they are asked all the same."""
        key = team.pk if team else None
        if key not in self._resorts:
            self._resorts[key] = _last_resort(team)
        everybody = self._resorts[key]
        away = self.away(person.pk for person in everybody)
        return [person for person in everybody if person.pk not in away] or everybody

    # --- Whether they can be paged, and by what ---

    def know(self, people: Iterable[int]) -> None:
        """Read at once by what all of these are reached, and who of them is away."""
        numbers = set(people)
        missing = {number for number in numbers if number not in self._methods}
        if missing:
            self._methods |= {number: [] for number in missing}
            for person, pk, label, description in _methods(missing):
                self._methods[person].append(Way(pk, f"{label} ({description})"))
        if unasked := {number for number in numbers if number not in self._away}:
            away = self._ahead.away(unasked, self.at) if self._ahead else not_paged(unasked, self.at)
            self._away |= {number: away.get(number) for number in unasked}

    def away(self, people: Iterable[int]) -> dict[int, datetime]:
        """Who of these is not to be paged now, and until when."""
        numbers = list(people)
        self.know(numbers)
        return {number: until for number in numbers if (until := self._away[number]) is not None}

    def methods(self, person: int) -> list[Way]:
        """The ways in which somebody is reached."""
        self.know((person,))
        return self._methods[person]

    def know_rules(self, people: Iterable[int], urgency: str) -> None:
        """Read at once what all of these wish for what is of this urgency."""
        missing = {person for person in people if (person, urgency) not in self._rules}
        if not missing:
            return
        self._rules |= {(person, urgency): [] for person in missing}
        for person, method, wait, usable in _rules(missing, urgency):
            self._rules[person, urgency].append(Rule(method, wait, usable))

    def rules(self, person: int, urgency: str) -> list[Rule]:
        """What somebody wishes for what is of this urgency."""
        self.know_rules((person,), urgency)
        return self._rules[person, urgency]

    def hours(self, people: Iterable[int]) -> dict[int, Hours]:
        """The quiet hours of those who have any."""
        numbers = set(people)
        missing = {number for number in numbers if number not in self._hours}
        if missing:
            self._hours |= dict.fromkeys(missing)
            self._hours |= hours_of(missing)
        return {number: hours for number in numbers if (hours := self._hours[number]) is not None}

    def found(self, people: Iterable[Person], last: int | None = None) -> Found:
        """These people for the rules: by number, who of them can be reached by anything, and who is away."""
        numbers = tuple(person.pk for person in people)
        self.know(numbers)
        reachable = frozenset(number for number in numbers if self._methods[number])
        return Found(numbers, reachable, last, frozenset(self.away(numbers)))

    def held(self, people: Iterable[int], urgency: str) -> timedelta:
        """How long everybody of these has quiet hours for what is of this urgency: until then nobody can answer."""
        numbers = set(people)
        if urgency != Urgency.LOW or not numbers:
            return timedelta()
        hours = self.hours(numbers)
        if numbers - hours.keys():
            return timedelta()
        return min(((each.until(self.at) or self.at) - self.at for each in hours.values()), default=timedelta())


@prepared
def _people(numbers: Collection[int]) -> QuerySet[Person]:
    return Person.objects.filter(pk__in=numbers, is_active=True).order_by()


@prepared
def _schedules(numbers: Collection[int]) -> QuerySet[Schedule]:
    return Schedule.objects.filter(pk__in=numbers).order_by()


@prepared
def _methods(people: Collection[int]) -> QuerySet[ContactMethod, tuple[int, int, str, str]]:
    rows = ContactMethod.objects.filter(person__in=people, enabled=True).order_by("id")
    return rows.values_list("person_id", "pk", "label", "description")


@prepared
def _rules(people: Collection[int], urgency: str) -> QuerySet[NotificationRule, tuple[int, int, int, bool]]:
    rows = NotificationRule.objects.filter(person__in=people, urgency=urgency).order_by("wait_seconds", "id")
    return rows.values_list("person_id", "contact_method_id", "wait_seconds", "contact_method__enabled")


def people_of(targets: Iterable[Target], at: datetime) -> list[Person]:
    """Everybody whom these targets mean at ``at``; nobody twice, nobody who has left."""
    return Roster(at).people_of(targets)


class _Ahead:
    """Schedules and their plans for a look ahead, read a day at a time, and who is away from its beginning on."""

    def __init__(self) -> None:
        self._schedules: dict[int, Schedule] = {}
        self._plans: dict[int, tuple[datetime, datetime, Plan]] = {}  # from when, until when
        self._absences: dict[int, list[Absence]] = {}  # by person

    def schedules(self, numbers: Collection[int]) -> Mapping[int, Schedule]:
        """At least those with these numbers that there are."""
        if missing := set(numbers) - self._schedules.keys():
            self._schedules |= {row.pk: row for row in _schedules(missing)}
        return self._schedules

    def plans(self, schedules: Iterable[Schedule], at: datetime) -> dict[int, Plan]:
        """The plans of these, each for ``at`` at least."""
        chosen, end = list(schedules), at + timedelta(days=1)
        unread = [row for row in chosen if (read := self._plans.get(row.pk)) is None or not read[0] <= at < read[1]]
        if unread:
            self._plans |= {pk: (at, end, plan) for pk, plan in oncall.plans_of(unread, at, end).items()}
        return {row.pk: self._plans[row.pk][2] for row in chosen}

    def away(self, people: Collection[int], at: datetime) -> dict[int, datetime]:
        """Who of these is not to be paged at ``at``, and until when."""
        if missing := set(people) - self._absences.keys():
            self._absences |= {number: [] for number in missing}
            for row in Absence.objects.filter(person__in=missing, paged=False, ends_at__gt=at).order_by("ends_at"):
                self._absences[row.person_id].append(row)
        rows = (row for number in people for row in self._absences[number])
        return {row.person_id: row.ends_at for row in rows if row.starts_at <= at < row.ends_at}


def on_call(
    schedules: Iterable[Schedule], at: datetime, plans: Mapping[int, Plan] | None = None
) -> dict[int, list[int]]:
    """Who is on call in each of these (by its number) at ``at``, by number; a handful of queries, however many. ``plans``:
    theirs, for whoever has read them."""
    chosen = list(schedules)
    if not chosen:
        return {}
    plans = oncall.plans_of(chosen, at, oncall.after(at)) if plans is None else plans
    return {pk: [duty.person for duty in on_call_at(plan, at)] for pk, plan in plans.items()}


def _team(number: int) -> list[Person]:
    return list(Person.objects.filter(memberships__team=number, memberships__role__gte=Role.RESPONDER, is_active=True))


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


def hours_of(people: Iterable[int]) -> dict[int, Hours]:
    """The quiet hours of those who have any."""
    rows = _quiet_hours(set(people))
    return {row.person_id: Hours(row.person.timezone, row.starts, row.ends) for row in rows}


@prepared
def _quiet_hours(people: Collection[int]) -> QuerySet[QuietHours]:
    return QuietHours.objects.filter(person__in=people).select_related("person")


def _last_resort(team: Team | None) -> list[Person]:
    found = {p.pk: p for p in Person.objects.filter(role=Role.ADMINISTRATOR, is_active=True)}
    if team:
        managers = Person.objects.filter(memberships__team=team, memberships__role__gte=Role.MANAGER, is_active=True)
        found |= {p.pk: p for p in managers}
    return list(found.values())
