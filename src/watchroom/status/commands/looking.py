"""Components that follow their service's incidents and checks."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any

from django.db import transaction

from ...incidents.models import Incident
from ...kernel import clock, wake
from ...kernel.db import announce, claimable
from ...monitors.models import Check, Heartbeat
from ..models import Component, ComponentSpan
from ..rules import Seen, seen_of
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
        found = _seen({row.service_id for row in rows if row.service_id is not None})
        topics: set[str] = set()
        for row in rows:
            seen = found.get(row.service_id, Seen()) if row.service_id else Seen()
            if (seen.state, seen.reason) != (row.seen, row.seen_reason):
                topics |= {f"status:{row.page_id}", "status-pages", wake.DUE}
            row.seen, row.seen_reason, row.look_at = seen.state, seen.reason[:200], now + EVERY
        Component.objects.bulk_update(rows, ["seen", "seen_reason", "look_at"])
        direct = {row.pk: row.seen for row in rows if row.automatic == Component.Automatic.DIRECT}
        set_spans(direct, ComponentSpan.Cause.CHECKS, now)
        if topics:
            announce(topics)
    return len(rows)


def _seen(services: set[int]) -> dict[int, Seen]:
    """What is said of services, by id, in a constant number of queries."""
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
    return {pk: seen_of(incidents[pk], down[pk]) for pk in services}
