"""Writing down what was worked, and correcting it.

Each schedule is written down from ``created_at`` up to ``worked_to``, without gaps: the rows and the new ``worked_to`` are
one transaction, under a lock of the schedule. Whatever changes who is on call calls :func:`settle` first, so that what has
passed is written down by the rules that held then. The rows of a schedule are therefore always those that have held since
``worked_to``, and it does not matter how late the engine comes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.listeners import Happened
from ...accounts.models import Person
from ...accounts.roles import Action
from ...kernel import clock
from ...kernel.db import claimable, locked
from ...kernel.errors import Conflict, Refused
from .. import facts, queries, rules
from ..models import Correction, Schedule, Temporary, WorkedShift
from .groups import look_at_groups

log = logging.getLogger(__name__)
BATCH = 50
EVERY = timedelta(hours=6)
AT_ONCE = timedelta(days=90)  # of one schedule; the writing of what lies years back must not hold up everybody else
LONGEST = timedelta(days=366)
NOBODY: frozenset[int] = frozenset()


def settle(
    at: datetime, schedules: Iterable[int], *, back: frozenset[int] = NOBODY, gone: frozenset[int] = NOBODY
) -> None:
    """Who is on call in these schedules is about to change: write down who was until ``at``. Also of those in which one of
    them stands in. Inside the caller's transaction; after it the engine looks at their user groups.

    Where somebody has just been let go or taken back, say so: ``back`` was still to be reached until now, ``gone`` was not.
    """
    numbers = set(schedules)
    numbers |= set(Temporary.objects.filter(other__in=numbers, starts_at__lt=at).values_list("schedule", flat=True))
    rows = locked(Schedule.objects.filter(pk__in=numbers).order_by("pk"))
    look_at_groups(at, numbers)
    behind = [row for row in rows if row.written_to < at]
    while behind:
        before = {row.pk: row.written_to for row in behind}
        _write(behind, at, back, gone)
        behind = [
            row for row in behind if before[row.pk] < row.written_to < at
        ]  # without those that can't be worked out


def people_changed(happened: Sequence[Happened]) -> None:
    """Somebody was let go, or taken back: until now they were on call, or were not, all the same."""
    for each in happened:
        if each.type in ("person.deactivated", "person.activated") and isinstance(each.subject, Person):
            own = queries.schedules_of(each.subject).values_list("pk", flat=True)
            who = frozenset({each.subject.pk})
            left = each.type == "person.deactivated"
            settle(each.at, own, back=who if left else NOBODY, gone=NOBODY if left else who)


def due_at() -> datetime | None:
    """When the next schedule is to be written down."""
    return Schedule.objects.order_by("worked_due_at").values_list("worked_due_at", flat=True).first()


def write_down() -> int:
    """Write down up to a batch of schedules that are due, and say how many."""
    now = clock.now()
    with transaction.atomic():
        due = Schedule.objects.filter(worked_due_at__lte=now).order_by("worked_due_at", "id")
        rows = list(claimable(due)[:BATCH])
        _write(rows, now)
    return len(rows)


def _write(
    schedules: list[Schedule], at: datetime, back: frozenset[int] = NOBODY, gone: frozenset[int] = NOBODY
) -> None:
    """Write these down up to ``at``, but at most ``AT_ONCE`` of each: then it stays due. One that can't be worked out stops neither the others nor the edit that mends it: it is
    left where it was, and looked at again later."""
    try:
        with transaction.atomic():
            _write_all(schedules, at, back, gone)
    except DatabaseError:
        raise  # that is no schedule's fault
    except Exception:
        if len(schedules) > 1:
            for row in schedules:
                _write([row], at, back, gone)
            return
        log.exception("What was worked in schedule %s can not be worked out", schedules[0].slug)
        Schedule.objects.filter(pk=schedules[0].pk).update(worked_due_at=at + EVERY)


def _write_all(schedules: list[Schedule], at: datetime, back: frozenset[int], gone: frozenset[int]) -> None:
    if not schedules:
        return
    spans = {row.pk: (row.written_to, min(at, row.written_to + AT_ONCE)) for row in schedules}
    plans = queries.plans_of(schedules, min(start for start, _ in spans.values()), at + EVERY)
    for row in schedules:
        plans[row.pk] = replace(plans[row.pk], unreachable=(plans[row.pk].unreachable - back) | gone)
        behind = spans[row.pk][1] < at
        row.worked_due_at = at if behind else rules.next_handoff(plans[row.pk], at, EVERY) or at + EVERY
    last = {
        _same(each): each
        for each in facts.that_count().filter(
            schedule__in=schedules, ends_at__in={row.written_to for row in schedules}, correction=None
        )
    }
    by_pk = {row.pk: row for row in schedules}
    made = []
    for each in facts.passed(plans, spans):
        row = by_pk[each.schedule]
        fresh = WorkedShift(
            schedule=row,
            team_id=row.team_id,
            name=row.name,
            timezone=row.timezone,
            person_id=each.shift.person,
            starts_at=each.shift.starts_at,
            ends_at=each.shift.ends_at,
            why=each.why,
            detail=each.detail,
            instead_of_id=each.instead_of,
            is_shadow=each.shadow,
            layer=each.shift.layer,
            override=each.shift.override,
            written_at=at,
        )
        before = last.get(_same(fresh))
        if before is not None and before.ends_at == fresh.starts_at:  # the same shift, which goes on
            WorkedShift.objects.filter(pk=before.pk).update(ends_at=fresh.ends_at, written_at=at)
        else:
            made.append(fresh)
    WorkedShift.objects.bulk_create(made, batch_size=500)
    for row in schedules:
        row.worked_to = max(spans[row.pk])  # clocks of engines may differ
    Schedule.objects.bulk_update(schedules, ["worked_to", "worked_due_at"])


def _same(row: WorkedShift) -> tuple[object, ...]:
    """What two rows share that are parts of one shift."""
    return (
        row.schedule_id, row.person_id, row.is_shadow, row.why, row.layer, row.override,
        row.detail, row.name, row.timezone, row.team_id,
    )  # fmt: skip


def correct(
    by: Actor,
    schedule: Schedule,
    *,
    person: Person | None,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    instead_of: Person | None = None,
) -> Correction:
    """From ``starts_at`` to ``ends_at``, ``person`` was on call (None: nobody), in the place of ``instead_of`` (None: of
    everybody). What was written down stays beside it. For managers of the team, because pay and load follow.

    :raises NotAllowed: ``by`` does not manage the team that had the schedule then.
    :raises Refused: not all of that time has passed, the schedule wasn't there yet, there is no reason, or ``instead_of`` was
        not on call at all then.
    """
    reason = reason.strip()[:200]
    now = clock.now()
    if not starts_at < ends_at <= now or ends_at - starts_at > LONGEST:
        raise Refused(
            "Only what has passed can be corrected, at most a year at once.",
            field="ends_at",
            value=ends_at,
            fix="Choose an end that is over, after the beginning; for what lies ahead, add an override.",
        )
    if starts_at < schedule.created_at:
        raise Refused(
            "This schedule was not there yet.",
            field="starts_at",
            value=starts_at,
            fix=f"Choose a time from {schedule.created_at.isoformat(timespec='minutes')} on.",
        )
    if not reason:
        raise Refused("A correction needs a reason.", field="reason", value=reason, fix="Say how you know.")
    if person is not None and instead_of is not None and person.pk == instead_of.pk:
        raise Refused("That is the same person.", field="instead_of", value=person.pk, fix="Choose somebody else.")
    with change(by, "worked.corrected", schedule, needs=Action.MANAGE, team=schedule.team_id) as made:
        settle(made.at, [schedule.pk])
        row = Correction.objects.create(
            schedule=schedule,
            team_id=schedule.team_id,
            person=person,
            instead_of=instead_of,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=reason,
            made_by=by.person,
            made_at=made.at,
        )
        was = facts.that_count().filter(
            schedule=schedule, ends_at__gt=starts_at, starts_at__lt=ends_at, is_shadow=False
        )
        taken = list(locked(was if instead_of is None else was.filter(person=instead_of)))
        for team in {each.team_id for each in taken if each.team_id is not None}:
            by.require(Action.MANAGE, team)  # also of a team that has given the schedule away since: its pay follows
        if instead_of is not None and not taken:
            raise Refused(
                f"{instead_of} was not on call then.",
                field="instead_of",
                value=instead_of.pk,
                fix="See who was, or leave it empty.",
            )
        spans = [(starts_at, ends_at)] if instead_of is None else _within(taken, starts_at, ends_at)
        fresh = [part for span in spans for part in _placed(schedule, taken, *span)]
        _take_out(row, taken)
        if person is not None:
            _put_in(row, person, fresh, made.at)
        made.note(
            correction=row.pk,
            person=str(person) if person else None,
            instead_of=str(instead_of) if instead_of else None,
            starts_at=starts_at.isoformat(),
            ends_at=ends_at.isoformat(),
            reason=reason,
        )
        made.touch("schedules", f"schedule:{schedule.pk}")
    return row


def _within(rows: Iterable[WorkedShift], start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    return rules.joined((max(row.starts_at, start), min(row.ends_at, end)) for row in rows)


def _placed(schedule: Schedule, taken: Iterable[WorkedShift], start: datetime, end: datetime) -> list[WorkedShift]:
    """A span of time in the parts in which the schedule belonged to one team, under one name and by one clock: as those had
    it who are taken out; where there is nobody, as it is today."""
    parts: list[WorkedShift] = []
    for each in sorted(taken, key=lambda row: row.starts_at):
        place = {"team_id": each.team_id, "name": each.name, "timezone": each.timezone}
        if each.starts_at >= end or each.ends_at <= start:
            continue
        if parts and all(getattr(parts[-1], field) == value for field, value in place.items()):
            continue
        since = max(each.starts_at, start) if parts else start
        if parts:
            parts[-1].ends_at = since
        parts.append(WorkedShift(schedule=schedule, starts_at=since, ends_at=end, **place))
    own = WorkedShift(
        schedule=schedule,
        team_id=schedule.team_id,
        name=schedule.name,
        timezone=schedule.timezone,
        starts_at=start,
        ends_at=end,
    )
    return parts or [own]


def _take_out(row: Correction, taken: Iterable[WorkedShift]) -> None:
    """Mark what lies within the correction, and go on counting what of these shifts lies outside of it."""
    for each in taken:
        before, within, after = rules.cut((each.starts_at, each.ends_at), row.starts_at, row.ends_at)
        assert within is not None
        each.starts_at, each.ends_at = within
        each.corrected_by = row
        each.save(update_fields=["starts_at", "ends_at", "corrected_by"])
        each.corrected_by = None
        for part in (before, after):
            if part is not None:
                each.pk, (each.starts_at, each.ends_at) = None, part
                each.save(force_insert=True)


def _put_in(row: Correction, person: Person, parts: Iterable[WorkedShift], at: datetime) -> None:
    """Somebody who was on call for another reason all the same isn't so twice."""
    there = facts.that_count().filter(
        schedule=row.schedule, person=person, is_shadow=False, ends_at__gt=row.starts_at, starts_at__lt=row.ends_at
    )
    own = _within(there, row.starts_at, row.ends_at)
    for part in parts:
        a, b = part.starts_at, part.ends_at
        inside = [(max(x, a), min(y, b)) for x, y in own if x < b and y > a]
        WorkedShift.objects.bulk_create(
            WorkedShift(
                schedule=row.schedule,
                team_id=part.team_id,
                name=part.name,
                timezone=part.timezone,
                person=person,
                starts_at=x,
                ends_at=y,
                why=WorkedShift.Why.CORRECTION,
                detail=row.reason,
                instead_of=row.instead_of,
                written_at=at,
                correction=row,
            )
            for x, y in rules.holes(inside, a, b)
        )


def take_back(by: Actor, row: Correction) -> Correction:
    """The correction was wrong: what was written down counts again. A second time changes nothing.

    :raises Conflict: a later correction stands on it.
    """
    with change(by, "worked.correction_taken_back", row.schedule, needs=Action.MANAGE, team=row.team_id) as made:
        if row.schedule_id is not None:
            settle(made.at, [row.schedule_id])  # locks it: no other correction of it comes in between
        own = locked(Correction.objects.filter(pk=row.pk)).get()
        made.note(correction=own.pk, starts_at=own.starts_at.isoformat(), ends_at=own.ends_at.isoformat())
        if own.taken_back_at is None:
            later = Correction.objects.filter(
                schedule=own.schedule_id, pk__gt=own.pk, taken_back_at=None,
                starts_at__lt=own.ends_at, ends_at__gt=own.starts_at,
            ).first()  # fmt: skip
            if later is not None:
                raise Conflict(
                    "A later correction stands on this one.",
                    field="correction",
                    value=own.pk,
                    fix=f"Take back correction {later.pk} first.",
                )
            own.put_in.all().delete()
            own.taken_out.update(corrected_by=None)
            own.taken_back_at, own.taken_back_by = made.at, by.person
            own.save(update_fields=["taken_back_at", "taken_back_by"])
        made.touch("schedules", f"schedule:{own.schedule_id}")
    row.refresh_from_db()
    return row
