"""What is wrong with a schedule, and who could help."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from ...accounts.models import Person
from ...kernel import clock
from .. import queries, rules
from ..models import Schedule
from .away import absences_of, cover_for, holidays_of


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
