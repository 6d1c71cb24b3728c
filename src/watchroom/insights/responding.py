"""How incidents went: what is read for it. The rules count."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..accounts.actors import Actor
from ..accounts.models import Team
from ..incidents.models import Incident
from ..incidents.queries import that_count, times_of_many, visible_to
from .rules.response import Numbers, Went, numbers

AT_ONCE = 5_000  # a database takes only so many numbers in one statement
MOST = 20_000  # of one time: more are not counted, and that is said


@dataclass(frozen=True)
class Counted:
    """One incident with what was counted of it."""

    incident: Incident
    went: Went


def incidents_between(actor: Actor, start: datetime, end: datetime, team: Team | None = None) -> list[Counted]:
    """Those that ``actor`` may see and that count, declared from ``start`` up to ``end``, the newest first; at most
    :data:`MOST`. Some five statements for each :data:`AT_ONCE`."""
    rows = that_count(visible_to(actor)).filter(declared_at__gte=start, declared_at__lt=end)
    rows = rows.filter(team=team) if team else rows
    wanted = list(
        rows.order_by("-declared_at", "-id").only("id", "title", "severity", "status", "declared_at", "team_id")[:MOST]
    )
    return [each for first in range(0, len(wanted), AT_ONCE) for each in _told(wanted[first : first + AT_ONCE])]


def _told(incidents: Sequence[Incident]) -> Iterator[Counted]:
    services: dict[int, list[str]] = defaultdict(list)
    numbers = [incident.pk for incident in incidents]
    named = Incident.objects.filter(pk__in=numbers, services__isnull=False).order_by("services__name")
    for number, slug in named.values_list("pk", "services__slug"):
        services[number].append(slug)
    times = times_of_many(incidents)
    for incident in incidents:
        own = {moment: row.at for moment, row in times[incident.pk].items()}
        yield Counted(
            incident, Went(incident.pk, incident.declared_at, incident.severity, tuple(services[incident.pk]), own)
        )


def incident_numbers(actor: Actor, start: datetime, end: datetime, team: Team | None = None) -> Numbers:
    """How the incidents of a time went, beside as long a time before it."""
    own, earlier = (
        [each.went for each in incidents_between(actor, a, b, team)]
        for a, b in ((start, end), (start - (end - start), start))
    )
    return numbers(own, earlier, start, end)
