"""Reads about schedules: rows in, plans for the pure rules out."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from django.db.models import Prefetch, Q, QuerySet

from ..accounts.actors import Actor
from ..accounts.models import Person
from ..accounts.roles import Action
from ..kernel import clock
from ..kernel.finding import one
from . import facts, rules
from .models import CalendarShift, ChatGroup, Handoff, Override, Rotation, RotationMember, Schedule, Temporary

log = logging.getLogger(__name__)
_INSTANT = timedelta(microseconds=1)
RECENT = timedelta(days=14)  # as far back as calendars show what was


def after(at: datetime) -> datetime:
    """The next instant; at the very end of the calendar the same one."""
    return at + _INSTANT if at < datetime.max.replace(tzinfo=UTC) else at


def schedules_visible_to(actor: Actor) -> QuerySet[Schedule]:
    """Schedules that ``actor`` may read: everybody who is signed in sees who is on call."""
    rows = Schedule.objects.select_related("team")
    return rows if actor.may(Action.SEE) else rows.none()


def schedule_by(actor: Actor, slug: str) -> Schedule:
    """A schedule by its slug.

    :raises NotFound: there is none.
    """
    return one(schedules_visible_to(actor), "schedule", slug=slug)


def plans_of(
    schedules: Iterable[Schedule],
    start: datetime,
    end: datetime,
    *,
    temporaries: bool = True,
    drafts: Mapping[int, Sequence[rules.Layer]] | None = None,
) -> dict[int, rules.Plan]:
    """The plan of each schedule (by its number) for the time from ``start`` up to ``end``; a constant number of queries.
    ``drafts`` stand in the place of a schedule's rotations: what would be if they were saved."""
    chosen = {schedule.pk: schedule for schedule in schedules}
    drafts = drafts or {}
    layers: dict[int, list[rules.Layer]] = {pk: list(drafts.get(pk, ())) for pk in chosen}
    members = Prefetch("members", RotationMember.objects.order_by("turn", "id"), to_attr="placed")
    for rotation in (
        Rotation.objects.filter(schedule__in=chosen.keys() - drafts.keys())
        .order_by("-precedence", "position", "id")
        .prefetch_related(members)
    ):
        try:
            layers[rotation.schedule_id].append(_layer(rotation, chosen[rotation.schedule_id].timezone))
        except rules.RuleError as error:  # one broken rotation stops neither the others nor other schedules
            log.error("Rotation %s of %s is left out: %s", rotation.pk, chosen[rotation.schedule_id], error)
    overrides: dict[int, list[rules.Override]] = {pk: [] for pk in chosen}
    for row in Override.objects.filter(schedule__in=chosen, ends_at__gt=start, starts_at__lt=end).order_by("id"):
        overrides[row.schedule_id].append(
            rules.Override(row.pk, row.person_id, row.starts_at, row.ends_at, row.replaces_id)
        )
    layers_read, read = _calendar_layers(chosen, start, end)
    for pk, found in layers_read.items():
        layers[pk] += found
    if temporaries:
        _replace_for_a_while(chosen, layers, overrides, start, end)
    named = read | {
        person
        for each in layers.values()
        for layer in each
        for turn in layer.members + layer.shadows
        for person in turn
    }
    named |= {override.person for each in overrides.values() for override in each}
    gone = (
        frozenset(Person.objects.filter(is_active=False, pk__in=named).values_list("pk", flat=True))
        if named
        else frozenset()
    )
    return {pk: rules.Plan(tuple(layers[pk]), tuple(overrides[pk]), gone) for pk in chosen}


def _calendar_layers(
    schedules: dict[int, Schedule], start: datetime, end: datetime
) -> tuple[dict[int, list[rules.Layer]], set[int]]:
    """The shifts read from calendars as layers, one per calendar and level, and who is in them."""
    rows = CalendarShift.objects.filter(calendar__schedule__in=schedules, ends_at__gt=start, starts_at__lt=end)
    entries: dict[tuple[int, int, str, int], list[tuple[datetime, datetime, int]]] = {}
    for schedule, calendar, name, level, person, a, b in rows.order_by("starts_at", "id").values_list(
        "calendar__schedule", "calendar", "calendar__name", "precedence", "person", "starts_at", "ends_at"
    ):
        entries.setdefault((schedule, calendar, name, level), []).append((a, b, person))
    found: dict[int, list[rules.Layer]] = {}
    for (schedule, calendar, name, level), each in entries.items():
        found.setdefault(schedule, []).append(
            rules.Layer(
                key=-calendar,  # apart from the rotations' keys
                name=name,
                precedence=level,
                unit="days",
                length=1,
                starts_at=datetime(1970, 1, 1),  # noqa: DTZ001 - local, and not used: it has spans
                zone="UTC",
                members=(),
                spans=rules.spans_of(each),
            )
        )
    return found, {person for each in entries.values() for _, _, person in each}


def _replace_for_a_while(
    schedules: dict[int, Schedule],
    layers: dict[int, list[rules.Layer]],
    overrides: dict[int, list[rules.Override]],
    start: datetime,
    end: datetime,
) -> None:
    """Let temporary schedules take the place of the layers that are there."""
    rows = Temporary.objects.filter(schedule__in=schedules, ends_at__gt=start, starts_at__lt=end)
    found: dict[int, list[Temporary]] = {}
    for row in rows.select_related("other").order_by("starts_at", "id"):
        found.setdefault(row.schedule_id, []).append(row)
    others = {row.other for own in found.values() for row in own if row.other is not None}
    plans = plans_of(others, start, end, temporaries=False) if others else {}
    for pk, own in found.items():
        plan = with_temporary(rules.Plan(tuple(layers[pk]), tuple(overrides[pk])), own, schedules[pk].timezone, plans)
        layers[pk], overrides[pk] = list(plan.layers), list(plan.overrides)


def with_temporary(
    plan: rules.Plan, rows: Sequence[Temporary], zone: str, others: Mapping[int, rules.Plan]
) -> rules.Plan:
    """``plan`` with these temporary schedules, which don't overlap, in the place of its layers while they last."""
    spans = tuple((row.starts_at, row.ends_at) for row in rows)
    layers = [replace(layer, never=tuple(sorted({*layer.never, *spans}))) for layer in plan.layers]
    overrides = list(plan.overrides)
    unreachable = plan.unreachable
    for row, span in zip(rows, spans, strict=True):
        if row.other_id is not None:
            other = others[row.other_id]
            layers += [replace(layer, within=span) for layer in other.layers]
            overrides += [
                replace(each, starts_at=max(each.starts_at, span[0]), ends_at=min(each.ends_at, span[1]))
                for each in other.overrides
                if each.starts_at < span[1] and each.ends_at > span[0]
            ]
            unreachable |= other.unreachable
            continue
        layers.append(
            rules.Layer(
                key=-facts.TEMPORARY - (row.pk or 0),  # apart from the rotations' and the calendars'
                name=f"{row.name} (temporary)",
                precedence=0,
                unit=row.unit,
                length=row.length,
                starts_at=row.starts_at.astimezone(rules.check_zone(zone)).replace(tzinfo=None),
                zone=zone,
                members=tuple(tuple(turn) for turn in row.members),
                restrictions=rules.restrictions_from(row.restrictions),
                within=span,
            )
        )
    return replace(plan, layers=tuple(layers), overrides=tuple(overrides), unreachable=unreachable)


def _layer(rotation: Rotation, zone: str) -> rules.Layer:
    turns: dict[int, list[int]] = {}
    shadows: dict[int, list[int]] = {}
    for place in rotation.placed:  # type: ignore[attr-defined]
        turns.setdefault(place.turn, [])
        (shadows if place.is_shadow else turns).setdefault(place.turn, []).append(place.person_id)
    return rules.Layer(
        key=rotation.pk,
        name=rotation.name,
        precedence=rotation.precedence,
        unit=rotation.unit,
        length=rotation.length,
        starts_at=rules.local_from(rotation.starts_at),
        zone=zone,
        members=tuple(tuple(turns[turn]) for turn in sorted(turns)),
        restrictions=rules.restrictions_from(rotation.restrictions),
        until=rotation.until,
        shadows=tuple(tuple(shadows.get(turn, ())) for turn in sorted(turns)) if shadows else (),
    )


def plan_of(schedule: Schedule, start: datetime, end: datetime) -> rules.Plan:
    """All that decides who is on call in ``schedule`` from ``start`` up to ``end``."""
    return plans_of([schedule], start, end)[schedule.pk]


def people_of(numbers: Iterable[int]) -> dict[int, Person]:
    """People by their numbers."""
    return Person.objects.in_bulk(set(numbers))


def who(schedule: Schedule, at: datetime) -> list[Person]:
    """Who is on call in ``schedule`` at ``at``, in the order of the rules; nobody twice. Of a time that has passed: who was."""
    return on_call_now(at, [schedule])[schedule]


def until(schedule: Schedule, person: Person, at: datetime, within: timedelta = timedelta(days=60)) -> datetime | None:
    """When the shift that ``person`` has at ``at`` ends (at most ``within`` from then); None if they are not on call."""
    spans = rules.joined(
        (shift.starts_at, shift.ends_at) for shift in shifts(schedule, at, at + within) if shift.person == person.pk
    )
    return spans[0][1] if spans and spans[0][0] <= at else None


def shifts(schedule: Schedule, start: datetime, end: datetime) -> list[rules.Shift]:
    """The final schedule from ``start`` up to ``end``; what has passed of it as it was worked."""
    return facts.shifts(schedule, plan_of(schedule, start, end), start, end)


def shifts_and_gaps(
    schedule: Schedule, start: datetime, end: datetime
) -> tuple[list[rules.Shift], list[tuple[datetime, datetime]]]:
    """The final schedule from ``start`` up to ``end``, and when in it nobody is on call."""
    found = shifts(schedule, start, end)
    return found, rules.holes(((shift.starts_at, shift.ends_at) for shift in found), start, end)


def on_call_now(at: datetime, schedules: Iterable[Schedule] | None = None) -> dict[Schedule, list[Person]]:
    """Who is on call at ``at`` in every schedule (or in these), in a constant number of queries. Of a time that has passed:
    who was."""
    chosen = list(Schedule.objects.select_related("team") if schedules is None else schedules)
    passed = [schedule for schedule in chosen if facts.told_by(schedule, at, after(at))]
    was = facts.written(passed, at, after(at)) if passed else {}
    plans = plans_of([schedule for schedule in chosen if schedule.pk not in was], at, after(at))
    numbers = {
        schedule: dict.fromkeys(
            shift.person
            for shift in (was[schedule.pk] if schedule.pk in was else rules.on_call_at(plans[schedule.pk], at))
        )
        for schedule in chosen
    }
    people = people_of(number for each in numbers.values() for number in each)
    return {schedule: [people[number] for number in each if number in people] for schedule, each in numbers.items()}


@dataclass(frozen=True)
class Now:
    """A schedule at an instant: who is on call, until when, and who comes after."""

    schedule: Schedule
    people: list[Person]
    until: datetime | None
    following: list[Person]


def overview(at: datetime, schedules: Iterable[Schedule], within: timedelta = timedelta(days=60)) -> list[Now]:
    """Each schedule at ``at`` with its next hand-off, in a constant number of queries."""
    chosen = list(schedules)
    plans = plans_of(chosen, at, at + within)
    rows = []
    for schedule in chosen:
        plan = plans[schedule.pk]
        until = rules.next_handoff(plan, at, within)
        rows.append((schedule, rules.on_call_at(plan, at), until, rules.on_call_at(plan, until) if until else ()))
    people = people_of(duty.person for _, now, _, then in rows for duty in (*now, *then))

    def named(duties: Iterable[rules.Duty]) -> list[Person]:
        return [people[duty.person] for duty in duties if duty.person in people]

    return [Now(schedule, named(now), until, named(then)) for schedule, now, until, then in rows]


def schedules_of(person: Person) -> QuerySet[Schedule]:
    """Schedules in which ``person`` has a place: by a rotation, an override, a calendar, or for a while."""
    own = (
        Q(pk__in=RotationMember.objects.filter(person=person).values("rotation__schedule"))
        | Q(pk__in=Override.objects.filter(person=person).values("schedule"))
        | Q(pk__in=CalendarShift.objects.filter(person=person).values("calendar__schedule"))
        | Q(pk__in=Temporary.objects.filter(people=person).values("schedule"))
    )
    stands_in = Temporary.objects.filter(other__in=Schedule.objects.filter(own), ends_at__gt=clock.now() - RECENT)
    return Schedule.objects.select_related("team").filter(own | Q(pk__in=stands_in.values("schedule")))


def schedules_with(person: Person, at: datetime) -> QuerySet[Schedule]:
    """Schedules in which ``person`` may be on call at ``at``: they have a place in them, or had one then."""
    was = facts.that_count().filter(person=person, starts_at__lte=at, ends_at__gt=at)
    known = Q(pk__in=schedules_of(person).order_by().values("pk")) | Q(pk__in=was.values("schedule"))
    return Schedule.objects.select_related("team").filter(known)


def candidates(schedule: Schedule) -> list[Person]:
    """Who could stand in: people of the schedule's rotations and of its team, who are here."""
    return list(
        Person.objects.filter(
            Q(pk__in=RotationMember.objects.filter(rotation__schedule=schedule).values("person"))
            | Q(memberships__team=schedule.team_id),
            is_active=True,
        )
        .distinct()
        .order_by("name", "id")
    )


def handoffs_visible_to(actor: Actor) -> QuerySet[Handoff]:
    """Hand-offs of the teams whose things ``actor`` may see; the latest first."""
    rows = Handoff.objects.select_related("schedule__team", "note_by", "acknowledged_by")
    rows = rows.prefetch_related("outgoing", "incoming")
    return rows if actor.may(Action.SEE) else rows.filter(schedule__team__in=actor.teams_where(Action.SEE))


def handoff_for(actor: Actor, pk: int) -> Handoff:
    """One hand-off.

    :raises NotFound: there is none that ``actor`` may see.
    """
    return one(handoffs_visible_to(actor), "hand-off", pk=pk)


def handoffs_of(actor: Actor, at: datetime) -> list[Handoff]:
    """What ``actor`` has to do with now: hand-offs ahead, those that wait for their acknowledgement, and those of the last
    day that they may still write a note for. The next first."""
    if actor.person is None:
        return []
    day = timedelta(days=1)
    coming = Handoff.incoming.through.objects.filter(person=actor.person).values("handoff")
    going = Handoff.outgoing.through.objects.filter(person=actor.person).values("handoff")
    mine = Q(pk__in=coming) & (Q(written_at=None) | Q(acknowledged_at=None, at__gt=at - 7 * day))
    left = Q(pk__in=going) & (Q(written_at=None) | Q(at__gt=at - day))
    return list(handoffs_visible_to(actor).filter(mine | left).order_by("at", "id")[:20])


@dataclass(frozen=True)
class GroupNow:
    """The user group of a schedule: ``holds`` who was put in it last, ``left_out`` who is on call and can't be, and why."""

    row: ChatGroup
    holds: list[Person]
    left_out: list[tuple[Person, str]]

    @property
    def is_wrong(self) -> bool:
        """Whether it does not follow who is on call."""
        return bool(self.row.error or (self.left_out and not self.row.wanted))


def group_of(schedule: Schedule) -> GroupNow | None:
    """Its user group, and what is known of it; none where it names none."""
    row = ChatGroup.objects.filter(schedule=schedule).select_related("workspace").first()
    if row is None:
        return None
    holds, left_out = (row.members or {}).values(), [(each["person"], each["why"]) for each in row.left_out]
    people = people_of([*holds, *(pk for pk, _ in left_out)])
    return GroupNow(
        row,
        [people[pk] for pk in dict.fromkeys(holds) if pk in people],
        [(people[pk], why) for pk, why in left_out if pk in people],
    )
