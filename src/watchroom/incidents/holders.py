"""Who has which role in the incident that something belongs to, for those below who may not know incidents."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ..paging.models import Escalation
from .models import Incident, RoleAssignment


def holders_for(kind: str, subject: int, roles: Collection[str]) -> Mapping[str, tuple[int, ...]]:
    """Who has these roles, by number: in the open incidents of an alert group, or in the incident of an assignment."""
    if kind == Escalation.Kind.ALERT_GROUP:
        incidents = Incident.objects.exclude(status=Incident.Status.RESOLVED).filter(alert_groups=subject)
    elif kind == Escalation.Kind.ROLE:
        incidents = Incident.objects.filter(roles=subject)
    else:
        return {}
    rows = RoleAssignment.objects.filter(incident__in=incidents, role__in=list(roles), ended_at__isnull=True)
    found: dict[str, tuple[int, ...]] = {}
    for role, person in rows.order_by("id").values_list("role", "person_id"):
        found[role] = (*found.get(role, ()), person)
    return found
