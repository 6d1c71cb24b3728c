"""What insights are computed from: pages and shifts, read once and counted by the rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Min, OuterRef, Subquery

from ..accounts.models import Person, Team
from ..incidents.models import Incident, KeyTime, RoleAssignment
from ..kernel import clock
from ..kernel.errors import Refused
from ..kernel.times import monday_of
from ..oncall.rules import joined
from ..oncall.rules.quality import uneven
from ..oncall.worked import of_team
from ..paging.models import Notification
from .limits import limits_of
from .rules import load
from .worth import REACHED

LONGEST_DAYS = 366
LONGEST_INCIDENT = timedelta(days=92)  # older ones are open only because nobody closed them


def window(days: int, until: datetime | None = None) -> tuple[datetime, datetime]:
    """The last so many days.

    :raises Refused: less than one, or more than :data:`LONGEST_DAYS`.
    """
    if not 1 <= days <= LONGEST_DAYS:
        raise Refused(
            "That many days can't be counted.", field="days", value=days, fix=f"Use a number from 1 to {LONGEST_DAYS}."
        )
    end = until or clock.now()
    return end - timedelta(days=days), end


@dataclass(frozen=True)
class Week:
    """The pages of a team in one week, which begins on a Monday (UTC)."""

    monday: date
    pages: int
    night_pages: int


@dataclass(frozen=True)
class TeamLoad:
    """What on-call cost a team's people. ``uneven`` is the Gini coefficient of their pages: 0 is even."""

    people: tuple[tuple[Person, load.Load], ...]
    weeks: tuple[Week, ...]
    uneven: float


def team_load(team: Team, start: datetime, end: datetime) -> TeamLoad:
    """Who of a team was on call and paged, how often and when. A constant number of queries."""
    pages = pages_of(team, start, end)
    spans = spans_of(team, start, end)
    in_incidents = time_in_incidents(team, start, end)
    people = Person.objects.in_bulk({page.person for page in pages} | spans.keys() | in_incidents.keys())
    zones = {pk: ZoneInfo(person.timezone) for pk, person in people.items()}
    found = load.loads(
        [page for page in pages if page.person in people],
        {pk: own for pk, own in spans.items() if pk in people},
        zones,
        start,
        end,
        limits_of(team)[0],
        in_incidents={pk: own for pk, own in in_incidents.items() if pk in people},
    )
    return TeamLoad(
        people=tuple((people[each.person], each) for each in found),
        weeks=tuple(_weeks(pages, zones, start, end)),
        uneven=uneven([each.pages for each in found]),
    )


def pages_of(team: Team, start: datetime, end: datetime) -> list[load.Page]:
    """What reached people of a team as a page in that time, drills apart."""
    rows = (
        Notification.objects.filter(
            purpose=Notification.Purpose.PAGE,
            escalation__team=team,
            drill=False,
            state__in=REACHED,
            created_at__gte=start,
            created_at__lt=end,
        )
        .order_by()
        .values_list("person_id", "escalation_id")
        .annotate(first=Min("created_at"))
    )
    return [load.Page(person, first) for person, _, first in rows]


def spans_of(team: Team, start: datetime, end: datetime) -> dict[int, list[tuple[datetime, datetime]]]:
    """When the people of a team were on call, as it was worked."""
    spans: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    for each in of_team(team, start, end):
        if not each.shadow:
            spans[each.person].append((each.starts_at, each.ends_at))
    return {person: joined(own) for person, own in spans.items()}


def time_in_incidents(team: Team, start: datetime, end: datetime) -> dict[int, list[load.Span]]:
    """When people had a role in this team's incidents, from when they took it until they gave it back or the incident was
    resolved. Drills and tests don't count."""
    resolved = KeyTime.objects.filter(incident=OuterRef("incident"), moment="resolved").order_by("-id").values("at")[:1]
    rows = (
        RoleAssignment.objects.filter(
            incident__team=team,
            incident__drill=False,
            incident__test=False,
            incident__declared_at__gte=start - LONGEST_INCIDENT,
            accepted_at__lt=end,  # and so they have said yes
        )
        .exclude(ended_at__lte=start)
        .annotate(resolved_at=Subquery(resolved))
    )
    spans: dict[int, list[load.Span]] = defaultdict(list)
    for person, began, left, over, status in rows.values_list(
        "person_id", "accepted_at", "ended_at", "resolved_at", "incident__status"
    ):
        ends = (end, left, over if status == Incident.Status.RESOLVED else None)
        begin, until = max(began or start, start), min(at for at in ends if at is not None)
        if begin < until:
            spans[person].append((begin, until))
    return {person: joined(own) for person, own in spans.items()}


def _weeks(pages: Iterable[load.Page], zones: dict[int, ZoneInfo], start: datetime, end: datetime) -> Iterable[Week]:
    counted: dict[date, list[bool]] = defaultdict(list)
    for page in pages:
        zone = zones.get(page.person, ZoneInfo("UTC"))
        counted[monday_of(page.at)].append(load.is_night(page.at, zone))
    monday = monday_of(start)
    while monday <= monday_of(end):
        nights = counted.get(monday, [])
        yield Week(monday, len(nights), sum(nights))
        monday += timedelta(days=7)
