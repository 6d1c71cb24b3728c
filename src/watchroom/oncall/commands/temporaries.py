"""Temporary schedules: what replaces a schedule's rotations for a while, such as in a release week or over Christmas."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Person
from ...accounts.roles import Action
from ...accounts.rules import checked_name
from ...kernel import clock
from ...kernel.errors import Conflict, Refused
from ..models import Rotation, Schedule, Temporary
from ..rules import RuleError, restriction_to, restrictions_from
from .handoffs import look_again
from .worked import LONGEST, settle


def draft_temporary(
    schedule: Schedule,
    *,
    name: str,
    starts_at: datetime,
    ends_at: datetime,
    other: Schedule | None = None,
    members: Sequence[Sequence[Person]] = (),
    unit: str = "weeks",
    length: int = 1,
    restrictions: Sequence[Any] = (),
) -> Temporary:
    """A temporary schedule that is not saved. Either ``other`` stands in, or people take turns, the first from
    ``starts_at`` on, each turn those on call together.

    :raises Refused: it would say nothing, twice the same, or is in another one's way.
    """
    if ends_at <= max(starts_at, clock.now()) or ends_at - starts_at > LONGEST:
        raise Refused(
            "That time is over, ends before it begins, or is longer than a year.",
            field="ends_at",
            value=ends_at,
            fix="Choose a time ahead.",
        )
    turns = [list(dict.fromkeys(each.pk for each in turn)) for turn in members if turn]
    if (other is None) == (not turns):
        raise Refused(
            "Name either another schedule, or who takes turns.",
            field="other" if turns else "members",
            value=other.slug if other else None,
            fix="Give one of the two.",
        )
    if gone := next((each for turn in members for each in turn if not each.is_active), None):
        raise Refused(f"{gone} has left.", field="members", value=gone.pk, fix="Choose somebody who can be paged.")
    if unit not in Rotation.Unit.values or not 1 <= length <= 1000:
        raise Refused(
            "A turn can't last that long.",
            field="length",
            value=f"{length} {unit}",
            fix="Use 1 to 1000 hours, days, weeks or months.",
        )
    try:
        windows = [restriction_to(each) for each in restrictions_from(list(restrictions), "restrictions")]
    except RuleError as error:
        raise Refused(error.message, field=error.field, value=error.value, fix=error.fix) from None
    if other is not None and other.pk == schedule.pk:
        raise Refused("A schedule can't stand in for itself.", field="other", value=other.slug, fix="Choose another.")
    _in_the_way(schedule, other, starts_at, ends_at)
    return Temporary(
        schedule=schedule,
        name=checked_name(name),
        starts_at=starts_at,
        ends_at=ends_at,
        other=other,
        unit=unit,
        length=length,
        restrictions=windows,
        members=turns,
    )


def _in_the_way(schedule: Schedule, other: Schedule | None, start: datetime, end: datetime) -> None:
    then = Temporary.objects.filter(starts_at__lt=end, ends_at__gt=start).select_related("schedule")
    if there := then.filter(schedule=schedule).first():
        raise Conflict(
            f"{there.name} replaces this schedule already for a part of that time.",
            field="starts_at",
            value=start,
            fix="End it first, or choose another time.",
        )
    # One schedule that stands in for another which itself is replaced: nobody could tell any more who is on call.
    chained = Q(other=schedule) | (Q(schedule=other) if other else Q(pk=None))
    if there := then.filter(chained).first():
        raise Conflict(
            f"{there.name} of {there.schedule} makes a chain of schedules that stand in for each other.",
            field="other",
            value=other.slug if other else schedule.slug,
            fix="Name the people instead.",
        )


def add_temporary(by: Actor, schedule: Schedule, **fields: Any) -> Temporary:
    """Put a temporary schedule into effect; see :func:`draft_temporary`. For managers of the team.

    :raises Refused: as there.
    """
    with change(by, "temporary.added", schedule, needs=Action.MANAGE, team=schedule.team_id) as made:
        other = fields.get("other")
        settle(made.at, [schedule.pk] if other is None else [schedule.pk, other.pk])  # locks them in one order for all
        schedule.refresh_from_db()
        row = draft_temporary(schedule, **fields)
        row.created_by, row.created_at = by.person, made.at
        row.save()
        row.people.set({pk for turn in row.members for pk in turn})
        made.note(
            temporary=row.pk,
            name=row.name,
            starts_at=row.starts_at.isoformat(),
            ends_at=row.ends_at.isoformat(),
            other=row.other.slug if row.other else None,
        )
        made.touch("schedules", f"schedule:{schedule.pk}")
        look_again(made, schedule.pk)
    return row


def end_temporary(by: Actor, row: Temporary) -> None:
    """From now on the schedule's own rotations count again; what has passed of it stays.

    :raises Refused: it is over.
    """
    with change(by, "temporary.ended", row.schedule, needs=Action.MANAGE, team=row.schedule.team_id) as made:
        settle(made.at, [row.schedule_id])
        made.note(temporary=row.pk, name=row.name)
        made.touch("schedules", f"schedule:{row.schedule_id}")
        look_again(made, row.schedule_id)
        if row.ends_at <= made.at:
            raise Refused("It is over already.", field="temporary", value=row.pk, fix="Leave it.")
        if row.starts_at < made.at:
            row.ends_at = made.at
            row.save(update_fields=["ends_at"])
        else:
            row.delete()
