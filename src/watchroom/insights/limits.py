"""What a team bears: its limits, who has crossed one, and what would help."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Max, QuerySet

from ..accounts.actors import Actor
from ..accounts.models import Team
from ..accounts.roles import Action
from ..intake.models import AlertGroup
from ..kernel import clock
from ..kernel.finding import one
from ..oncall import rules as schedules
from ..oncall.models import Schedule
from ..oncall.outlook import Cover, cover_for
from ..oncall.queries import plans_of
from ..paging.models import Escalation, Notification
from .models import Crossing, TeamLimits
from .rules.limits import Limits, rest_day

AHEAD = timedelta(days=42)
ASKED = 3  # of those who could cover
FIXED = 3  # alerts that are proposed to be mended


def limits_of(team: Team) -> tuple[Limits, TeamLimits | None]:
    """What counts for a team, and its own row if it has one."""
    row = TeamLimits.objects.filter(team=team).first()
    if row is None:
        return Limits(), None
    return Limits(**{each.name: getattr(row, each.name) for each in fields(Limits)}), row


def crossings_visible_to(actor: Actor) -> QuerySet[Crossing]:
    """Crossings in the teams whose things ``actor`` may see; the latest first."""
    rows = Crossing.objects.select_related("team", "person", "absence", "closed_by")
    return rows.filter(team__in=actor.teams_where(Action.SEE))


def crossing_for(actor: Actor, pk: int) -> Crossing:
    """One of them.

    :raises NotFound: there is none that ``actor`` may see.
    """
    return one(crossings_visible_to(actor), "crossing", pk=pk, fix="See the load of the team.")


def may_answer(actor: Actor, row: Crossing) -> bool:
    """Whether ``actor`` may take a proposal: the person themselves, and managers of the team."""
    own = actor.person is not None and actor.person.pk == row.person_id
    return actor.may(Action.RESPOND if own else Action.MANAGE, row.team)


@dataclass(frozen=True)
class Handover:
    """A shift that could be given to others: whom to ask, the best rested first (nobody: none is free)."""

    schedule: Schedule
    starts_at: datetime
    ends_at: datetime
    candidates: tuple[Cover, ...]


@dataclass(frozen=True)
class Proposals:
    """What would help one person. ``rest``: a day off, with what has to be covered in it; ``swap``: their next shift; ``fix``:
    the alerts that paged them most, with how often."""

    rest: tuple[datetime, datetime]
    rest_cover: tuple[Handover, ...]
    swap: Handover | None
    fix: tuple[tuple[str, int], ...]


def proposals(row: Crossing) -> Proposals:
    """What would help ``row``'s person, as things are now."""
    now = clock.now()
    rest = rest_day(now, ZoneInfo(row.person.timezone))
    own = list(Schedule.objects.filter(team=row.team).select_related("team"))
    plans = plans_of(own, now, now + AHEAD)
    shifts = [
        (schedule, a, b)
        for schedule in own
        for a, b in schedules.joined(
            (each.starts_at, each.ends_at)
            for each in schedules.shifts_of(plans[schedule.pk], row.person_id, now, now + AHEAD)
        )
    ]
    shifts.sort(key=lambda each: (each[1], each[0].pk))
    covered = [
        _handover(row, schedule, max(a, rest[0]), min(b, rest[1]))
        for schedule, a, b in shifts
        if a < rest[1] and b > rest[0]
    ]
    following = next(((schedule, a, b) for schedule, a, b in shifts if a > now), None)
    return Proposals(
        rest=rest,
        rest_cover=tuple(covered),
        swap=_handover(row, *following) if following else None,
        fix=tuple(_noisiest(row)),
    )


def _handover(row: Crossing, schedule: Schedule, a: datetime, b: datetime) -> Handover:
    return Handover(schedule, a, b, tuple(cover_for(schedule, a, b, without=[row.person_id])[:ASKED]))


def _noisiest(row: Crossing) -> Iterable[tuple[str, int]]:
    """The alerts of the team that paged this person most, each with how often, since it was counted; of those that paged them
    as often, the ones by which the limit was crossed come first."""
    since = min(row.since, row.noticed_at - timedelta(days=7))
    told = (
        Notification.objects.filter(
            purpose=Notification.Purpose.PAGE,
            person=row.person_id,
            escalation__team=row.team,
            escalation__kind=Escalation.Kind.ALERT_GROUP,
            drill=False,
            created_at__gte=since,
        )
        .order_by()
        .values("escalation_id", "escalation__subject_id")
        .annotate(last=Max("created_at"))
        .values_list("escalation__subject_id", "last")
    )
    groups = [(group, last) for group, last in told if group is not None]
    names = dict(AlertGroup.objects.filter(pk__in=[group for group, _ in groups]).values_list("pk", "rule"))
    counted, by_these = Counter[str](), Counter[str]()
    for group, last in groups:
        if name := names.get(group):
            counted[name] += 1
            by_these[name] += last >= row.since
    return sorted(counted.items(), key=lambda each: (-each[1], -by_these[each[0]], each[0]))[:FIXED]
