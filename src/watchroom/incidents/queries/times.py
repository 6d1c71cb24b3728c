"""The key times of incidents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Min

from .. import rules
from ..models import Incident, KeyTime, RoleAssignment


def facts_of(incidents: Iterable[Incident]) -> dict[int, rules.Facts]:
    """What was seen of each incident, for :func:`rules.key_times`; two queries, however many incidents."""
    incidents = list(incidents)
    ids = [incident.pk for incident in incidents]
    alerts = {
        row["pk"]: row
        for row in Incident.objects.filter(pk__in=ids)
        .order_by()
        .values("pk", "status", "state__phase")
        .annotate(
            started=Min("alert_groups__alerts__starts_at"),
            seen=Min("alert_groups__alerts__first_seen_at"),
            acknowledged=Min("alert_groups__acknowledged_at"),
            opened=Min("alert_groups__opened_at"),
        )
    }
    accepted = dict(
        RoleAssignment.objects.filter(incident_id__in=ids, accepted_at__isnull=False)
        .values("incident_id")
        .annotate(first=Min("accepted_at"))
        .order_by()
        .values_list("incident_id", "first")
    )
    facts = {}
    for incident in incidents:
        row: dict[str, Any] = dict(alerts.get(incident.pk, {}))
        facts[incident.pk] = rules.Facts(
            declared_at=incident.declared_at,
            phase=_phase(incident.status, row.get("state__phase")),
            alert_started=row.get("started"),
            alert_seen=row.get("seen") or row.get("opened"),
            acknowledged=row.get("acknowledged"),
            role_accepted=accepted.get(incident.pk),
        )
    return facts


def _phase(status: str, of_state: str | None) -> str:
    """As :attr:`Incident.phase`, of what was read."""
    return of_state if of_state and status == Incident.Status.RESOLVED else status


def times_of_many(incidents: Iterable[Incident]) -> dict[int, dict[str, rules.Row]]:
    """The key times of each incident by its id, as they stand now."""
    incidents = list(incidents)
    rows: dict[int, list[rules.Row]] = {incident.pk: [] for incident in incidents}
    read = KeyTime.objects.filter(incident__in=incidents).order_by("id")
    for pk, moment, at, provenance, reason, name, address in read.values_list(
        "incident", "moment", "at", "provenance", "reason", "corrected_by__name", "corrected_by__email"
    ):
        rows[pk].append(rules.Row(moment, at, provenance, reason, name or address or ""))
    return {pk: rules.key_times(facts, rows[pk]) for pk, facts in facts_of(incidents).items()}


def times_of(incident: Incident) -> dict[str, rules.Row]:
    """The key times of one incident: ``{"detected": Row(moment, at, provenance, reason, corrected_by), …}``."""
    return times_of_many([incident])[incident.pk]
