"""What a change would do, before it is made; and changes that somebody has offered."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.db.models import QuerySet

from ...accounts.actors import Actor
from ...accounts.models import Person
from ...accounts.roles import Action
from ...kernel import clock
from ...kernel.finding import one
from .. import queries, rules
from ..models import Schedule, Swap, Temporary


def swaps_for(actor: Actor) -> QuerySet[Swap]:
    """Open offers, of everybody: whoever responds may take one."""
    rows = Swap.objects.filter(state=Swap.State.OFFERED, expires_at__gt=clock.now())
    rows = rows.select_related("schedule__team", "offered_by", "taken_by")
    return rows if actor.may(Action.SEE) else rows.none()


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
    return one(rows.select_related("schedule__team", "other"), "temporary schedule", pk=pk, fix="See the schedule.")
