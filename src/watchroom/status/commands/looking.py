"""Components that follow their service's incidents and checks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction

from ...incidents.models import Incident
from ...kernel import clock, wake
from ...kernel.db import announce, claimable
from ...monitors.models import Check, Heartbeat
from ..models import Component, ComponentImpact, ComponentSpan
from ..rules import seen_of
from ._shared import is_for_strangers
from .spans import set_spans

EVERY = timedelta(seconds=15)


def look(most: int) -> int:
    """Ask the services of the components whose turn it is, all at once, and write down what is different. Returns how
    many were looked at."""
    now = clock.now()
    with transaction.atomic():
        due = Component.objects.filter(look_at__lte=now).order_by("look_at").select_related("page")
        rows = list(claimable(due)[:most])
        if not rows:
            return 0
        incidents, down = _said_of({row.service_id for row in rows if row.service_id is not None})
        spoken = _spoken_of(rows, {number for each in incidents.values() for number, _ in each})
        topics: set[str] = set()
        for row in rows:
            service = row.service_id or 0
            left = [each for each in incidents.get(service, ()) if (row.pk, each[0]) not in spoken]
            seen = seen_of(left, down.get(service, ()))
            if (seen.state, seen.reason) != (row.seen, row.seen_reason):
                topics |= {f"status:{row.page_id}", "status-pages", wake.DUE}
            row.seen, row.seen_reason, row.look_at = seen.state, seen.reason[:200], now + EVERY
        Component.objects.bulk_update(rows, ["seen", "seen_reason", "look_at"])
        direct = {row.pk: row.seen for row in rows if row.automatic == Component.Automatic.DIRECT}
        set_spans(direct, ComponentSpan.Cause.CHECKS, now)
        if topics:
            announce(topics)
    return len(rows)


Incidents = dict[int, list[tuple[int, int]]]
Down = dict[int, list[tuple[str, str]]]


def _spoken_of(rows: Sequence[Component], incidents: set[int]) -> set[tuple[int, int]]:
    """Components with the open incidents by which people have said on their page how they are: their word holds then,
    also that a component works again."""
    said = ComponentImpact.objects.filter(
        public_incident__incident__in=incidents, component__in=[row.pk for row in rows]
    )
    return set(said.values_list("component", "public_incident__incident"))


def _said_of(services: set[int]) -> tuple[Incidents, Down]:
    """Open incidents and checks that are down, by the id of their service, in a constant number of queries."""
    incidents: dict[int, list[tuple[int, int]]] = defaultdict(list)
    down: dict[int, list[tuple[str, str]]] = defaultdict(list)
    through: Any = Incident.services.through
    for link in (
        through.objects.filter(service__in=services)
        .exclude(incident__status=Incident.Status.RESOLVED)
        .select_related("incident")
    ):
        if is_for_strangers(link.incident):
            incidents[link.service_id].append((link.incident_id, link.incident.severity))
    for model in (Check, Heartbeat):
        rows = model.objects.filter(service__in=services, state="down", paused=False, drill=False)  # type: ignore[attr-defined]
        for service, name, severity in rows.values_list("service", "name", "severity"):
            down[service].append((name, severity))
    return incidents, down
