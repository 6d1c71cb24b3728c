"""How incidents went: what is read for it. The rules count."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Count, QuerySet

from ..accounts.actors import Actor
from ..accounts.models import Team
from ..incidents.models import Incident
from ..incidents.queries import that_count, times_of_many, visible_to
from .rules.response import Numbers, Went, numbers

MOST = 5_000  # of one time: how long it took is told of the newest so many; how many there were, of all


@dataclass(frozen=True)
class Counted:
    """One incident with what was counted of it."""

    incident: Incident
    went: Went


def _wanted(actor: Actor, start: datetime, end: datetime, team: Team | None) -> QuerySet[Incident]:
    rows = that_count(visible_to(actor)).filter(declared_at__gte=start, declared_at__lt=end)
    return rows.filter(team=team) if team else rows


def incidents_between(actor: Actor, start: datetime, end: datetime, team: Team | None = None) -> list[Counted]:
    """Those that ``actor`` may see and that count, declared from ``start`` up to ``end``, the newest first; at most
    :data:`MOST`. Some five statements."""
    rows = _wanted(actor, start, end, team).order_by("-declared_at", "-id")
    incidents = list(rows.only("id", "title", "severity", "status", "declared_at", "team_id")[:MOST])
    services: dict[int, list[str]] = defaultdict(list)
    named = Incident.objects.filter(pk__in=[each.pk for each in incidents], services__isnull=False)
    for number, slug in named.order_by("services__name").values_list("pk", "services__slug"):
        services[number].append(slug)
    times = times_of_many(incidents)
    found = []
    for incident in incidents:
        own = {moment: row.at for moment, row in times[incident.pk].items()}
        went = Went(incident.pk, incident.declared_at, incident.severity, tuple(services[incident.pk]), own)
        found.append(Counted(incident, went))
    return found


def incident_numbers(actor: Actor, start: datetime, end: datetime, team: Team | None = None) -> Numbers:
    """How the incidents of a time went, beside as long a time before it."""
    spans = (start, end), (start - (end - start), start)
    own, earlier = ([each.went for each in incidents_between(actor, a, b, team)] for a, b in spans)
    found = numbers(own, earlier, start, end)
    if max(len(own), len(earlier)) < MOST:
        return found
    now, before = (_wanted(actor, a, b, team) for a, b in spans)
    by_severity = (
        now.order_by("severity").values("severity").annotate(count=Count("pk")).values_list("severity", "count")
    )
    return replace(
        found,
        count=now.count(),
        before=before.count(),
        open=now.exclude(status=Incident.Status.RESOLVED).count(),
        by_severity=dict(by_severity),
    )
