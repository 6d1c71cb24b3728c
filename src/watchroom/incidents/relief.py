"""Who could come into an incident, as the pure ranking reads them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Count, Q

from ..accounts.models import Membership, Person
from ..oncall.models import Absence, Schedule
from ..oncall.queries import on_call_now
from ..paging.models import Notification
from .models import Incident, LogEntry, RoleAssignment
from .rules.relief import Candidate, Help, whom_to_call

RESTED, LATELY = timedelta(hours=10), timedelta(days=180)
_MOST = 200  # people of teams that are looked at


def help_for(incident: Incident, now: datetime) -> list[Help]:
    """Whom to call: nobody who is in already, holds a role in another open incident, or is away."""
    services = list(incident.services.all())
    teams = {service.team_id for service in services} | ({incident.team_id} if incident.team_id else set())
    owners = set(
        Membership.objects.filter(team__in=teams, role__gte=20, person__is_active=True)
        .order_by("person__name", "id")
        .values_list("person", flat=True)[:_MOST]
    )
    duties: dict[int, list[str]] = {}
    for schedule, people in on_call_now(now, Schedule.objects.filter(team__in=teams).select_related("team")).items():
        for person in people:
            duties.setdefault(person.pk, []).append(schedule.name)
    known = dict(
        RoleAssignment.objects.filter(
            incident__services__in=services,
            incident__drill=False,
            assigned_at__gt=now - LATELY,
            accepted_at__isnull=False,
        )
        .exclude(incident=incident)
        .values("person")
        .annotate(number=Count("incident", distinct=True))
        .order_by()
        .values_list("person", "number")
    )
    wanted = (owners | set(duties) | set(known)) - _not_now(incident, now)
    paged = dict(
        Notification.objects.filter(
            person__in=wanted, created_at__gt=now - RESTED, purpose__in=("page", "role"), urgency="high", drill=False
        )
        .values("person")
        .annotate(number=Count("reason", distinct=True))
        .order_by()
        .values_list("person", "number")
    )
    return whom_to_call(
        Candidate(
            person.pk, person.name, tuple(duties.get(person.pk, ())), known.get(person.pk, 0), person.pk in owners,
            paged.get(person.pk, 0),
        )
        for person in Person.objects.filter(pk__in=wanted, is_active=True).order_by("name", "id")
    )  # fmt: skip


def _not_now(incident: Incident, now: datetime) -> set[int]:
    """Who is in it already, is in another one, or is away."""
    busy = Q(incident=incident) | ~Q(incident__status=Incident.Status.RESOLVED)
    found = set(RoleAssignment.objects.filter(busy, ended_at__isnull=True).values_list("person", flat=True))
    found |= set(
        LogEntry.objects.filter(incident=incident, author__isnull=False, at__gt=now - timedelta(hours=2))
        .order_by()
        .values_list("author", flat=True)
        .distinct()
    )
    return found | set(Absence.objects.filter(starts_at__lte=now, ends_at__gt=now).values_list("person", flat=True))
