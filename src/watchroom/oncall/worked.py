"""What was worked in a span of time: what is written down, and by the rules the last hours, which are not yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import QuerySet

from ..accounts.actors import Actor
from ..accounts.models import Person, Team
from ..accounts.roles import Action
from ..kernel import clock
from ..kernel.finding import one
from . import facts, queries
from .models import Correction, Schedule, WorkedShift

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Worked:
    """Somebody was on call. ``schedule`` is the number of the schedule (none: it has been deleted), ``name`` and ``zone`` are
    what it had then. ``taken_out``: a correction says otherwise, and it counts no longer."""

    schedule: int | None
    name: str
    zone: str
    person: int
    starts_at: datetime
    ends_at: datetime
    why: str
    detail: str
    shadow: bool = False
    instead_of: int | None = None
    correction: Correction | None = None
    taken_out: Correction | None = None

    @property
    def place(self) -> tuple[int | None, str, str]:
        """Where it was: what was one schedule, by one clock."""
        return self.schedule, self.zone, "" if self.schedule else self.name


def of_team(team: Team, start: datetime, end: datetime, *, taken_out: bool = False) -> list[Worked]:
    """What the people of a team worked from ``start`` up to ``end`` (at most now), also in schedules that are no more; with
    what corrections took out if ``taken_out``. A constant number of queries."""
    rows = WorkedShift.objects.filter(team=team)
    return _found(rows, list(Schedule.objects.filter(team=team)), start, end, taken_out)


def of_schedule(schedule: Schedule, start: datetime, end: datetime, *, taken_out: bool = False) -> list[Worked]:
    """The same of one schedule, whichever team it belonged to."""
    return _found(WorkedShift.objects.filter(schedule=schedule), [schedule], start, end, taken_out)


def _found(
    rows: QuerySet[WorkedShift], schedules: list[Schedule], start: datetime, end: datetime, taken_out: bool
) -> list[Worked]:
    end = min(end, clock.now())
    rows = rows.filter(ends_at__gt=start, starts_at__lt=end)
    rows = rows if taken_out else rows.filter(corrected_by=None)
    found = [
        Worked(
            row.schedule_id,
            row.name,
            row.timezone,
            row.person_id,
            max(row.starts_at, start),
            min(row.ends_at, end),
            row.why,
            row.detail,
            row.is_shadow,
            row.instead_of_id,
            row.correction,
            row.corrected_by,
        )
        for row in rows.select_related(
            "correction__made_by",
            "correction__person",
            "correction__instead_of",
            "corrected_by__made_by",
            "corrected_by__person",
            "corrected_by__instead_of",
        )
    ]
    found += _not_yet_written(schedules, start, end)
    return sorted(_joined(found), key=lambda each: (each.starts_at, each.name, each.shadow, each.person))


def _not_yet_written(schedules: Iterable[Schedule], start: datetime, end: datetime) -> Iterable[Worked]:
    """By the rules that hold: they have held since the last row was written."""
    open_ones = [row for row in schedules if row.written_to < end]
    if not open_ones:
        return
    spans = {row.pk: (max(start, row.written_to), end) for row in open_ones}
    plans = queries.plans_of(open_ones, min(since for since, _ in spans.values()), end)
    by_pk = {row.pk: row for row in open_ones}
    for each in facts.passed(plans, spans):
        row, shift = by_pk[each.schedule], each.shift
        yield Worked(
            row.pk,
            row.name,
            row.timezone,
            shift.person,
            shift.starts_at,
            shift.ends_at,
            each.why,
            each.detail,
            each.shadow,
            each.instead_of,
        )


def _joined(found: Iterable[Worked]) -> list[Worked]:
    """Rows that are one shift as one: it was written down in pieces."""
    kept: dict[tuple[object, ...], Worked] = {}
    done: list[Worked] = []
    for each in sorted(found, key=lambda row: row.starts_at):
        key = (*each.place, each.person, each.why, each.detail, each.shadow, each.correction, each.taken_out)
        before = kept.get(key)
        if before is not None and before.ends_at == each.starts_at:
            each = replace(before, ends_at=each.ends_at)
        elif before is not None:
            done.append(before)
        kept[key] = each
    return [*done, *kept.values()]


def corrections_of(actor: Actor, schedule: Schedule) -> QuerySet[Correction]:
    """The corrections of a schedule, the latest first, for whoever may see its team."""
    rows = Correction.objects.select_related("schedule", "person", "instead_of", "made_by", "taken_back_by")
    return rows.filter(schedule=schedule, team__in=actor.teams_where(Action.SEE))


def correction_for(actor: Actor, pk: int) -> Correction:
    """One of them.

    :raises NotFound: there is none that ``actor`` may see.
    """
    rows = Correction.objects.select_related("schedule__team", "person", "instead_of", "made_by", "taken_back_by")
    return one(rows.filter(team__in=actor.teams_where(Action.SEE)), "correction", pk=pk, fix="See what was worked.")


def in_words(row: Correction) -> str:
    """What a correction says, and who said it when: for the line of whoever it concerns."""
    said = f"{row.person or 'nobody'} was on call"
    said += f" instead of {row.instead_of}" if row.instead_of else ""
    return f"{said}, says {row.made_by or 'somebody who has left'} on {row.made_at:%-d %b %Y}: {row.reason}"


def people_in(found: Iterable[Worked]) -> dict[int, Person]:
    """Everybody who is named in these rows, whether they are here or have left."""
    return queries.people_of({pk for row in found for pk in (row.person, row.instead_of) if pk is not None})
