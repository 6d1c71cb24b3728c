"""Reads for those who plan: absences, holidays, who could cover, quality, proposals, feeds."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.db.models import QuerySet

from ..accounts.actors import Actor
from ..accounts.models import Membership, Person
from ..accounts.roles import Action
from ..kernel import clock
from ..kernel.errors import NotFound, Refused
from ..kernel.prepared import prepared
from ..kernel.signing import fingerprint
from . import facts, queries, rules
from .feasts import feasts
from .ical import Written
from .models import Absence, Feed, HolidayPlace, Override, Schedule, Swap, Temporary

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


def quality_of(
    schedule: Schedule, start: datetime, end: datetime, plan: rules.Plan | None = None
) -> tuple[rules.Quality, dict[int, Person]]:
    """The quality report of a span of time, of the schedule as it is or as ``plan`` would have it."""
    plan = plan or queries.plan_of(schedule, start, end)
    members = {person for layer in plan.layers for turn in layer.members for person in turn} - plan.unreachable
    wanted = members | {shift.person for shift in rules.final_shifts(plan, start, end)}
    people = queries.people_of(wanted)
    report = rules.quality(
        plan,
        start,
        end,
        zones={pk: person.timezone for pk, person in people.items()},
        absent=absences_of(wanted, start, end),
        holidays=holidays_of(wanted, start, end),
        names={pk: person.name for pk, person in people.items()},
    )
    broken = tuple(stale_calendars(schedule))
    found = tuple(_with_cover(schedule, report.findings))
    return replace(report, findings=broken + found, score=max(0, report.score - 10 * len(broken))), people


_PROPOSED = 3  # conflicts for which somebody is looked for, and people that are named in each


def _with_cover(schedule: Schedule, findings: Iterable[rules.Finding]) -> Iterable[rules.Finding]:
    """The first conflicts name who is free then."""
    left = _PROPOSED
    for each in findings:
        if each.kind == "conflict" and left and each.starts_at and each.ends_at:
            left -= 1
            without = [each.person] if each.person else []
            free = [cover.person.name for cover in cover_for(schedule, each.starts_at, each.ends_at, without)]
            each = replace(each, fix=free_words(free))
        yield each


def free_words(names: list[str]) -> str:
    """Who could take it, in words."""
    if not names:
        return "Nobody else of the schedule and its team is free then."
    return f"Free then, the fewest nights lately first: {', '.join(names[:_PROPOSED])}."


STALE = timedelta(hours=1)


def stale_calendars(schedule: Schedule) -> Iterable[rules.Finding]:
    """The schedule's calendars that can't be read: how old the good copy is, and the next shift that depends on it."""
    now = clock.now()
    for row in schedule.calendars.filter(failures__gt=0).order_by("name", "id"):
        if row.read_at is not None and now - row.read_at < STALE:
            continue
        following = row.shifts.filter(ends_at__gt=now).order_by("starts_at", "id").first()
        read = f"its last good copy is {age(row.read_at, now)} old" if row.read_at else "it has never been read"
        yield rules.Finding(
            "calendar",
            f"The calendar {row.name} can't be read; {read}.",
            row.error or "Check its address.",
            following.person_id if following else None,
            following.starts_at if following else None,
            following.ends_at if following else None,
        )


def age(since: datetime, now: datetime) -> str:
    """How long ago, in the largest unit that says it."""
    hours = int((now - since) / timedelta(hours=1))
    return (
        f"{hours // 24} d"
        if hours >= 48
        else f"{hours} h"
        if hours
        else f"{int((now - since).total_seconds() // 60)} min"
    )


@dataclass(frozen=True)
class Proposal:
    """A rota that the planner proposes, and its score beside today's. ``parts``: what it writes, each with whom it replaces
    (nobody: everybody); ``span``: all of the time that was planned, of one ``rotation`` or of the whole schedule."""

    shifts: list[tuple[Person, datetime, datetime]]
    parts: list[tuple[Person, datetime, datetime, Person | None]]
    before: rules.Quality
    after: rules.Quality
    moved: list[rules.Moved]
    people: dict[int, Person]
    span: tuple[datetime, datetime]
    rotation: int | None


def propose(
    schedule: Schedule,
    *,
    people: list[Person],
    start: datetime,
    turns: int,
    unit: str = "weeks",
    length: int = 1,
    most_in_a_row: int = 1,
    rest: int = 1,
    rotation: int | None = None,
) -> Proposal:
    """Plan ``turns`` turns from ``start`` on, hand-offs at the same hour in the schedule's zone: of one ``rotation``, where the
    others, swaps and covers stay as they are, or of the whole schedule.

    :raises Refused: the wishes contradict each other, or are too many.
    """
    if not 1 <= turns <= 200:
        raise Refused("That is too many or too few turns.", field="turns", value=turns, fix="Use 1 to 200.")
    zone = rules.check_zone(schedule.timezone)
    local = start.astimezone(zone).replace(tzinfo=None)
    layer = rules.Layer(0, "", 0, unit, length, local, schedule.timezone, tuple((each,) for each in range(turns + 1)))
    if detail := rules.fault(layer):
        raise Refused(detail, field="unit", value=unit, fix="Use hours, days, weeks or months, and a length from 1.")
    spans = [rules.turn_span(layer, number) for number in range(turns)]
    begin, end = spans[0][0], spans[-1][1]
    numbers = [person.pk for person in people]
    try:
        chosen = rules.propose(
            rules.Wishes(
                people=tuple(numbers),
                turns=tuple(spans),
                zones={person.pk: person.timezone for person in people},
                absent=absences_of(numbers, begin, end),
                holidays={pk: list(days) for pk, days in holidays_of(numbers, begin, end).items()},
                most_in_a_row=most_in_a_row,
                rest=rest,
            )
        )
    except rules.RuleError as error:
        raise Refused(error.message, field=error.field, value=error.value, fix=error.fix) from None
    shifts: list[tuple[int, datetime, datetime]] = []
    for person, (a, b) in zip(chosen, spans, strict=True):
        if shifts and shifts[-1][0] == person:
            shifts[-1] = (person, shifts[-1][1], b)
        else:
            shifts.append((person, a, b))
    plan = queries.plan_of(schedule, begin, end)
    if rotation is None:  # all of it: the new ones win by replacing everybody, and what else overrides then goes
        parts: list[tuple[int, datetime, datetime, int | None]] = [(person, a, b, None) for person, a, b in shifts]
        kept: tuple[rules.Override, ...] = ()
    else:
        parts = list(_parts_of(plan, rotation, shifts))
        planned = schedule.overrides.filter(kind=Override.Kind.PLANNED).values_list("pk", flat=True)
        gone = rules.outdated(plan, planned, [(a, b, who) for _, a, b, who in parts], (begin, end), rotation)
        kept = tuple(each for each in plan.overrides if each.key not in gone)
    last = max((each.key for each in plan.overrides), default=0)
    added = tuple(
        rules.Override(last + number, person, a, b, replaces)
        for number, (person, a, b, replaces) in enumerate(parts, start=1)
    )
    then = replace(plan, overrides=kept + added)
    before, _ = quality_of(schedule, begin, end, plan)
    after, known = quality_of(schedule, begin, end, then)
    moved = rules.difference(plan, then, begin, end)
    named = {pk for each in moved for pk in (*each.loses, *each.gains)} | {other for *_, other in parts if other}
    known |= queries.people_of(named | set(numbers))
    written = [(known[pk], a, b, known[other] if other else None) for pk, a, b, other in parts]
    return Proposal(
        [(known[pk], a, b) for pk, a, b in shifts], written, before, after, moved, known, (begin, end), rotation
    )


def _parts_of(
    plan: rules.Plan, rotation: int, shifts: Iterable[tuple[int, datetime, datetime]]
) -> Iterable[tuple[int, datetime, datetime, int]]:
    """What of these shifts lies in the time in which ``rotation`` decides, each with the one whose turn it takes."""
    layer = next((each for each in plan.layers if each.key == rotation), None)
    if layer is None:
        raise Refused(
            "The schedule has no such rotation.", field="rotation", value=rotation, fix="Choose one of its rotations."
        )
    if any(len(turn) > 1 for turn in layer.members):
        raise Refused(
            "In this rotation several people are on call together; the planner plans for one at a time.",
            field="rotation",
            value=rotation,
            fix="Plan the whole schedule, or give the second people a rotation of their own.",
        )
    for person, a, b in shifts:
        there = rules.final_shifts(replace(plan, overrides=()), a, b)
        parts: list[tuple[int, datetime, datetime, int]] = []
        for shift in there:
            if shift.layer != rotation or shift.person == person:
                continue
            # One of them while the same person is replaced, unless they are on call by another rotation in between.
            if parts and parts[-1][3] == shift.person and not _is_there(there, shift.person, parts[-1][2], shift):
                parts[-1] = (person, parts[-1][1], shift.ends_at, shift.person)
            else:
                parts.append((person, shift.starts_at, shift.ends_at, shift.person))
        yield from parts


def _is_there(shifts: Iterable[rules.Shift], person: int, since: datetime, until: rules.Shift) -> bool:
    return any(
        shift.person == person and shift is not until and shift.ends_at > since and shift.starts_at < until.starts_at
        for shift in shifts
    )


def swaps_for(actor: Actor) -> QuerySet[Swap]:
    """Open offers, of everybody: whoever responds may take one."""
    rows = Swap.objects.filter(state=Swap.State.OFFERED, expires_at__gt=clock.now())
    rows = rows.select_related("schedule__team", "offered_by", "taken_by")
    return rows if actor.may(Action.SEE) else rows.none()


def absences_visible_to(actor: Actor) -> QuerySet[Absence]:
    """Everybody sees who is away, because they plan with it."""
    rows = Absence.objects.select_related("person", "calendar")
    return rows if actor.may(Action.SEE) else rows.none()


def feeds_of(actor: Actor) -> QuerySet[Feed]:
    """The feeds that ``actor`` made and that still give something."""
    rows = Feed.objects.filter(revoked_at=None).select_related("person", "team", "schedule")
    return rows.filter(created_by=actor.person) if actor.person else rows.none()


def feed_by_key(key: str) -> Feed:
    """A feed by its secret.

    :raises NotFound: unknown, revoked, or whoever made it has left.
    """
    row = (
        Feed.objects.select_related("person", "team", "schedule")
        .filter(key_hash=fingerprint(key), revoked_at=None, created_by__is_active=True)
        .first()
    )
    if row is None:
        raise NotFound("There is no such calendar.", fix="Make a new address in Watchroom, under On call.")
    now = clock.now()
    if row.used_at is None or now - row.used_at > timedelta(hours=1):
        Feed.objects.filter(pk=row.pk).update(used_at=now)
    return row


def schedules_in(feed: Feed) -> QuerySet[Schedule]:
    """The schedules whose shifts a feed tells of."""
    if feed.schedule_id:
        return Schedule.objects.filter(pk=feed.schedule_id)
    if feed.team_id:
        return Schedule.objects.filter(team=feed.team_id)
    assert feed.person is not None
    return queries.schedules_of(feed.person)


def entries_of(feed: Feed, base_url: str) -> list[Written]:
    """The shifts that a feed tells of: two weeks back and half a year ahead. Their keys stay while the shifts do."""
    now = clock.now()
    # Whole days, so that a shift that is cut at the edge is cut at the same place all day.
    start = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=14)
    end = start + timedelta(days=14 + 183)
    chosen = list(schedules_in(feed))
    plans = queries.plans_of(chosen, start, end)
    shifts = [(row, shift) for row in chosen for shift in rules.final_shifts(plans[row.pk], start, end)]
    if feed.person_id:
        shifts = [(row, shift) for row, shift in shifts if shift.person == feed.person_id]
    people = queries.people_of(shift.person for _, shift in shifts)
    return [
        Written(
            key=f"oncall-{row.pk}-{shift.person}-{shift.starts_at:%Y%m%dT%H%M%SZ}-{shift.override or shift.layer}",
            starts_at=shift.starts_at,
            ends_at=shift.ends_at,
            summary=f"On call: {row.name}" if feed.person_id else f"{people[shift.person].name} on call: {row.name}",
            description={"override": "By an override", "calendar": "From a calendar"}.get(shift.why, "By the rotation"),
            url=f"{base_url}/schedules/{row.slug}",
        )
        for row, shift in shifts
        if shift.person in people
    ]


def preview_override(
    schedule: Schedule, person: Person, replaces: Person | None, starts_at: datetime, ends_at: datetime
) -> tuple[list[rules.Moved], dict[int, Person]]:
    """Who would gain and who would lose which time by an override; what has passed it does not change."""
    start = max(starts_at, clock.now())
    if ends_at <= start:
        return [], {}
    plan = queries.plan_of(schedule, start, ends_at)
    key = max((each.key for each in plan.overrides), default=0) + 1
    new = rules.Override(key, person.pk, start, ends_at, replaces.pk if replaces else None)
    moved = rules.difference(plan, replace(plan, overrides=(*plan.overrides, new)), start, ends_at)
    return moved, queries.people_of({pk for each in moved for pk in (*each.loses, *each.gains)})


def preview_temporary(row: Temporary) -> tuple[list[rules.Moved], dict[int, Person]]:
    """Who would gain and who would lose which time by a temporary schedule that is not saved yet."""
    start, end = max(row.starts_at, clock.now()), row.ends_at
    plan = queries.plan_of(row.schedule, start, end)
    others = queries.plans_of([row.other], start, end, temporaries=False) if row.other else {}
    moved = rules.difference(plan, queries.with_temporary(plan, [row], row.schedule.timezone, others), start, end)
    return moved, queries.people_of({pk for each in moved for pk in (*each.loses, *each.gains)})


def temporary_for(actor: Actor, pk: int) -> Temporary:
    """One temporary schedule.

    :raises NotFound: there is none that ``actor`` may see.
    """
    rows = Temporary.objects.filter(schedule__in=queries.schedules_visible_to(actor))
    found = rows.select_related("schedule__team", "other").filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such temporary schedule.", field="temporary", value=pk, fix="See the schedule.")
    return found
