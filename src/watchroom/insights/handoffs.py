"""Shift changes: who comes on call is reminded, and is told at the change what happened and what lies ahead.

Schedules know nothing of pages and alerts, so the two are brought together here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from ..accounts.models import Membership, Person
from ..accounts.roles import Role
from ..kernel import clock
from ..kernel.db import announce, claimable
from ..oncall import facts, rules
from ..oncall.models import Handoff, Schedule
from ..oncall.outlook import absences_of
from ..oncall.queries import people_of, plans_of
from ..paging.checks import Fault, faults_of
from ..paging.commands import notify
from ..paging.models import Notification
from .reports import report

AHEAD = timedelta(hours=36)  # from when on a change stands there as ahead; earlier where the reminder goes earlier
BACK = timedelta(days=7)  # as far as a gap in which nobody is on call is looked over
LOOK_EVERY = timedelta(hours=6)
LONGEST = timedelta(days=31)


def look(most: int) -> int:
    """Look at up to ``most`` schedules whose shift changes are due: write what has changed, remind of what comes, and say
    when to look again. Of several changes that were missed the last one counts."""
    now = clock.now()
    with transaction.atomic():
        due = Schedule.objects.filter(handoff_due_at__lte=now).order_by("handoff_due_at", "id")
        schedules = list(claimable(due).select_related("team")[:most])
        plans = plans_of(schedules, now - BACK, now + max([AHEAD, *map(_ahead, schedules)]))
        rows = Handoff.objects.filter(schedule__in=schedules, written_at=None).prefetch_related("incoming")
        planned = {row.schedule_id: row for row in rows}
        for schedule in schedules:
            schedule.handoff_due_at = _look_at(schedule, planned.get(schedule.pk), plans[schedule.pk], now)
            schedule.handoff_seen_at = now
        Schedule.objects.bulk_update(schedules, ["handoff_due_at", "handoff_seen_at"])
    return len(schedules)


def _ahead(schedule: Schedule) -> timedelta:
    return max(AHEAD, timedelta(hours=schedule.remind_hours + 24))


def _look_at(schedule: Schedule, planned: Handoff | None, plan: rules.Plan, now: datetime) -> datetime:
    """When this schedule is to be looked at again."""
    found = rules.handoffs_of(facts.shifts(schedule, plan, now - BACK, now + _ahead(schedule)), now - BACK)
    remind = timedelta(hours=schedule.remind_hours)
    passed = [each for each in found if schedule.handoff_seen_at < each.at <= now]
    ahead = next((each for each in found if each.at > now), None)
    if passed:
        _write(schedule, planned, passed[-1], plan, now)
        planned = None
    if ahead is None:
        if planned is not None and not planned.note:
            planned.delete()  # nobody takes over any more
        return now + LOOK_EVERY
    planned = _planned(schedule, planned, ahead)
    if remind and planned.reminded_at is None and now >= ahead.at - remind:
        _remind(schedule, planned, now)
    following = ahead.at if planned.reminded_at or not remind else ahead.at - remind
    return min(following, now + LOOK_EVERY)


def _planned(schedule: Schedule, row: Handoff | None, ahead: rules.Handoff) -> Handoff:
    """The row of the next change; it moves with the schedule, and keeps a note that was written already."""
    row = row or Handoff(schedule=schedule, created_at=clock.now())
    moved = row.pk is None or row.at != ahead.at or {each.pk for each in row.incoming.all()} != set(ahead.into)
    if moved:
        row.at, row.reminded_at, row.checks = ahead.at, None, []
        row.save()
        row.incoming.set(ahead.into)
    row.outgoing.set(ahead.out)
    return row


def _remind(schedule: Schedule, row: Handoff, now: datetime) -> None:
    people = list(row.incoming.all())
    faults = _checked(schedule, row, people)
    row.reminded_at = now
    row.save(update_fields=["reminded_at", "checks"])
    for person in people:
        own = [*(fault.told for fault in faults[person.pk]), *_away(person, row.at)]
        _tell(
            schedule,
            person,
            subject=f"You are on call from {_local(row.at, person)}: {schedule.name}",
            body=" ".join([f"You take over from {_names(row.outgoing.all())}." if row.outgoing.all() else "", *own]),
            path=f"/hand-offs/{row.pk}",
            reason=f"handoff-{row.pk}-remind-{row.at:%Y%m%dT%H%M%S}",
            purpose=Notification.Purpose.REMINDER,
        )
        if any(fault.deaf for fault in faults[person.pk]):
            _warn(schedule, row, person, faults[person.pk])


def _away(person: Person, at: datetime) -> Iterable[str]:
    if absences_of([person.pk], at, at + timedelta(hours=1)):
        yield "You are entered as away then: ask somebody to cover for you."


def _warn(schedule: Schedule, row: Handoff, person: Person, faults: list[Fault]) -> None:
    """Whoever is to come on call would not hear a page: those who go, and the team's managers, learn of it."""
    managers = Membership.objects.filter(team=schedule.team, role__gte=Role.MANAGER, person__is_active=True)
    told = {each.pk: each for each in row.outgoing.all()} | {
        each.person_id: each.person for each in managers.select_related("person")
    }
    for other in told.values():
        if other.pk != person.pk:
            _tell(
                schedule,
                other,
                subject=f"Pages would not reach {person}: {schedule.name}, from {_local(row.at, other)}",
                body=" ".join(fault.text for fault in faults if fault.deaf),
                path=f"/hand-offs/{row.pk}",
                reason=f"handoff-{row.pk}-deaf-{person.pk}-{row.at:%Y%m%dT%H%M%S}",
                purpose=Notification.Purpose.REMINDER,
            )


def _write(schedule: Schedule, row: Handoff | None, change: rules.Handoff, plan: rules.Plan, now: datetime) -> None:
    if Handoff.objects.filter(schedule=schedule, at=change.at, written_at__isnull=False).exists():
        return
    row = row or Handoff(schedule=schedule, created_at=now)
    before = Handoff.objects.filter(schedule=schedule, written_at__isnull=False, at__lt=change.at).first()
    row.at, row.written_at = change.at, now
    row.since = max(before.at, change.at - LONGEST) if before else change.at - BACK
    row.report = report(schedule.team, row.since, now)
    row.save()
    row.outgoing.set(change.out)
    row.incoming.set(change.into)
    people = list(row.incoming.all())
    _checked(schedule, row, people)
    row.save(update_fields=["checks"])
    for person in people:
        _tell(
            schedule,
            person,
            subject=f"You are on call now: {schedule.name}",
            body=" ".join(filter(None, [_in_short(row), "There is a note for you." if row.note else ""])),
            path=f"/hand-offs/{row.pk}",
            reason=f"handoff-{row.pk}-written",
        )
    learning = {shift.person for shift in rules.shadow_shifts(plan, change.at, change.at + timedelta(seconds=1))}
    for person in people_of(learning - set(change.into)).values():
        _tell(
            schedule,
            person,
            subject=f"You learn beside {_names(people)}: {schedule.name}",
            body="You are not paged. Read the hand-off, and look over their shoulder.",
            path=f"/hand-offs/{row.pk}",
            reason=f"handoff-{row.pk}-shadow",
        )
    announce({f"handoff:{row.pk}", f"schedule:{schedule.pk}"})


def _in_short(row: Handoff) -> str:
    counts = " ".join(f"{section['title']}: {section['count']}." for section in row.report if section["count"])
    return counts or "Nothing has fired since the last change, and nothing is open."


def _checked(schedule: Schedule, row: Handoff, people: list[Person]) -> dict[int, list[Fault]]:
    """What may keep pages from these people; also written into the row, for everybody to see."""
    found = faults_of(people)
    row.checks = [
        {"person": person.pk, "text": fault.text, "fix": fault.fix, "deaf": fault.deaf}
        for person in people
        for fault in found[person.pk]
    ]
    return found


def _tell(
    schedule: Schedule,
    person: Person,
    *,
    subject: str,
    body: str,
    path: str,
    reason: str,
    purpose: str = Notification.Purpose.UPDATE,
) -> None:
    if not schedule.is_demo and person.is_active:
        notify(person, purpose=purpose, subject=subject, body=body.strip(), path=path, reason=reason)


def _names(people: Iterable[Person]) -> str:
    return " and ".join(str(person) for person in people)


def _local(at: datetime, person: Person) -> str:
    return f"{at.astimezone(ZoneInfo(person.timezone)):%a %-d %b %H:%M}"
