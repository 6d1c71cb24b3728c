"""Overrides: somebody takes over for a while."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from django.db.models import QuerySet

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Person
from ...accounts.roles import Action
from ...kernel import clock
from ...kernel.errors import Refused
from .. import queries, rules
from ..models import Override, Schedule
from .handoffs import look_again
from .worked import LONGEST, settle

MOST_PLANNED = timedelta(days=3660)


def add_override(
    by: Actor,
    schedule: Schedule,
    *,
    person: Person,
    starts_at: datetime,
    ends_at: datetime,
    replaces: Person | None = None,
    reason: str = "",
    kind: str = Override.Kind.OVERRIDE,
) -> Override:
    """``person`` is on call from ``starts_at`` to ``ends_at`` instead of ``replaces`` (None: instead of everybody). A beginning
    that has passed means now: who was on call until then was paged, and stays written down; see :func:`~.worked.correct`.

    :raises Refused: it ends before it begins, has ended already, is longer than a year, or nobody could be reached.
    """
    if ends_at <= starts_at:
        raise Refused(
            "This ends before it begins.", field="ends_at", value=ends_at, fix="Choose an end after the beginning."
        )
    if ends_at <= clock.now():
        raise Refused("This has ended already.", field="ends_at", value=ends_at, fix="Choose an end in the future.")
    if ends_at - starts_at > LONGEST:
        raise Refused("This is longer than a year.", field="ends_at", value=ends_at, fix="Change the rotation instead.")
    if not person.is_active:
        raise Refused(f"{person} has left.", field="person", value=person.pk, fix="Choose somebody who can be paged.")
    if replaces is not None and replaces.pk == person.pk:
        raise Refused(
            "Nobody can take over from themselves.",
            field="replaces",
            value=replaces.pk,
            fix="Choose somebody else, or everybody.",
        )
    with change(by, "override.added", schedule, needs=Action.RESPOND, team=schedule.team_id) as made:
        settle(made.at, [schedule.pk])
        row = Override.objects.create(
            schedule=schedule,
            person=person,
            replaces=replaces,
            starts_at=max(starts_at, made.at),
            ends_at=ends_at,
            reason=reason.strip()[:200],
            kind=kind,
            created_by=by.person,
            created_at=made.at,
        )
        made.note(
            override=row.pk,
            person=str(person),
            replaces=str(replaces) if replaces else None,
            starts_at=row.starts_at.isoformat(),
            ends_at=ends_at.isoformat(),
            reason=row.reason,
        )
        made.touch("schedules", f"schedule:{schedule.pk}")
        look_again(made, schedule.pk)
    return row


def accept_rota(
    by: Actor,
    schedule: Schedule,
    *,
    shifts: Sequence[tuple[Person, datetime, datetime, Person | None]],
    span: tuple[datetime, datetime] | None = None,
    rotation: int | None = None,
) -> list[Override]:
    """Put a planned rota into effect: an override for each of its shifts. One of the whole schedule (nobody is named that a shift
    replaces) takes the place of all overrides that were there; one of a ``rotation`` that of what was planned of it before; other
    rotations' plans and swaps stay. It does so in all of ``span``, the time that was planned: where whoever has their turn anyway
    has it, nothing is written, but what was planned before goes. Without it, that is from the first shift to the last.

    :raises Refused: the shifts overlap, have begun, or somebody has left.
    """
    ordered = sorted(shifts, key=lambda each: each[1])
    for (_, _, end, _), (_, start, _, _) in pairwise(ordered):
        if start < end:
            raise Refused("Two shifts overlap.", field="shifts", value=start, fix="Let the planner propose it again.")
    span = span or (ordered[0][1], ordered[-1][2]) if ordered else span
    if span is None or (not ordered and rotation is None) or span[0] <= clock.now():
        raise Refused(
            "There is no shift, or one has begun already.", field="shifts", value=None, fix="Plan from a later time on."
        )
    start, end = span
    if end <= start or (ordered and not start <= ordered[0][1] < ordered[-1][2] <= end):
        raise Refused(
            "The shifts do not lie in the time that was planned.",
            field="ends_at",
            value=end,
            fix="Send the plan back as it came.",
        )
    if end - start > MOST_PLANNED:
        raise Refused("This plans for too long.", field="ends_at", value=end, fix="Plan for ten years at most.")
    with change(by, "rota.accepted", schedule, needs=Action.MANAGE, team=schedule.team_id) as made:
        settle(made.at, [schedule.pk])
        schedule.refresh_from_db()
        rows_there = Override.objects.filter(schedule=schedule)
        if rotation is not None or any(replaces for *_, replaces in ordered):
            planned = rows_there.filter(kind=Override.Kind.PLANNED).values_list("pk", flat=True)
            spans = [(a, b, replaces.pk if replaces else None) for _, a, b, replaces in ordered]
            gone = rules.outdated(queries.plan_of(schedule, start, end), planned, spans, span, rotation)
            rows_there = rows_there.filter(pk__in=gone)
        _clear(rows_there, start, end)
        rows = [
            add_override(
                by,
                schedule,
                person=person,
                replaces=replaces,
                starts_at=a,
                ends_at=b,
                reason="Planned rota",
                kind=Override.Kind.PLANNED,
            )
            for person, a, b, replaces in ordered
        ]
        made.note(shifts=len(rows), starts_at=start.isoformat(), ends_at=end.isoformat())
        made.touch("schedules", f"schedule:{schedule.pk}")
        look_again(made, schedule.pk)
    return rows


def take_back_rota(by: Actor, schedule: Schedule) -> int:
    """The rotations count again: what was planned and lies ahead goes, what runs ends now, what has passed stays. Gives how many
    shifts went.

    :raises Refused: nothing that was planned lies ahead.
    """
    with change(by, "rota.taken_back", schedule, needs=Action.MANAGE, team=schedule.team_id) as made:
        settle(made.at, [schedule.pk])
        rows = Override.objects.filter(schedule=schedule, kind=Override.Kind.PLANNED, ends_at__gt=made.at)
        number = len(rows)
        if not number:
            raise Refused(
                "Nothing that was planned lies ahead.", field="schedule", value=schedule.slug, fix="Leave it as it is."
            )
        rows.filter(starts_at__lt=made.at).update(ends_at=made.at)
        rows.filter(starts_at__gte=made.at).delete()
        made.note(shifts=number)
        made.touch("schedules", f"schedule:{schedule.pk}")
        look_again(made, schedule.pk)
    return number


def _clear(rows: QuerySet[Override], start: datetime, end: datetime) -> None:
    """Take these overrides out of a span of time; those that reach beyond it keep what is outside."""
    for row in rows.filter(starts_at__lt=end, ends_at__gt=start):
        starts_at, ends_at = row.starts_at, row.ends_at
        if starts_at >= start and ends_at <= end:
            row.delete()
            continue
        if starts_at < start:
            row.ends_at = start
            row.save(update_fields=["ends_at"])
            if ends_at > end:
                row.pk, row.starts_at, row.ends_at = None, end, ends_at
                row.save(force_insert=True)
        else:
            row.starts_at = end
            row.save(update_fields=["starts_at"])


def remove_override(by: Actor, override: Override) -> None:
    """Undo an override: from now on it counts no longer. What has passed of it stays."""
    with change(
        by, "override.removed", override.schedule, needs=Action.RESPOND, team=override.schedule.team_id
    ) as made:
        settle(made.at, [override.schedule_id])
        made.note(
            override=override.pk,
            person=str(override.person),
            starts_at=override.starts_at.isoformat(),
            ends_at=override.ends_at.isoformat(),
        )
        made.touch("schedules", f"schedule:{override.schedule_id}")
        look_again(made, override.schedule_id)
        if override.starts_at < made.at < override.ends_at:
            override.ends_at = made.at
            override.save(update_fields=["ends_at"])
        elif override.starts_at >= made.at:
            override.delete()
        else:
            raise Refused(
                "This override is over; who was on call then can't be changed.",
                field="override",
                value=override.pk,
                fix="Leave it.",
            )
