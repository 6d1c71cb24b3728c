"""Who has which role in the incident that something belongs to, for those below who may not know incidents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from ..paging.models import Escalation
from .models import Incident, RoleAssignment


def holders_for(kind: str, subjects: Collection[int], roles: Collection[str]) -> dict[int, dict[str, tuple[int, ...]]]:
    """Who has these roles, by number, for each of these subjects: in the open incidents of an alert group, or in the
    incident of an assignment."""
    held = RoleAssignment.objects.filter(role__in=list(roles), ended_at__isnull=True)
    if kind == Escalation.Kind.ALERT_GROUP:
        subject, held = "incident__alert_groups", held.exclude(incident__status=Incident.Status.RESOLVED)
    elif kind == Escalation.Kind.ROLE:
        subject = "incident__roles"
    else:
        return {}
    found: dict[int, dict[str, tuple[int, ...]]] = defaultdict(dict)
    rows = held.filter(**{f"{subject}__in": subjects}).order_by("id").values_list(subject, "role", "person_id")
    for number, role, person in rows:
        found[number][role] = (*found[number].get(role, ()), person)
    return found
