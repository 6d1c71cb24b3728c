"""Incidents that an escalation policy declares by itself."""

from __future__ import annotations

from ...accounts.actors import SYSTEM
from ...intake.models import AlertGroup
from ...kernel.db import locked
from ...kernel.errors import Refused
from ...paging.models import Escalation
from ..models import Incident
from .declaring import declare


def declare_for(escalation: Escalation, severity: int) -> str:
    """Declare an incident for what is escalated, or name the one that is open already: a policy that starts again, or
    two at once, make one incident. Inside the caller's transaction. Severity 0: as the alerts say.

    :raises Refused: it is not about alerts.
    """
    rows = AlertGroup.objects.filter(pk=escalation.subject_id or 0)
    group = locked(rows).first() if escalation.kind == Escalation.Kind.ALERT_GROUP else None
    if group is None:
        raise Refused("Only alerts become an incident by themselves.", fix="Declare one by hand.")
    already = Incident.objects.exclude(status=Incident.Status.RESOLVED).filter(alert_groups=group).first()
    if already is not None:
        return f"Incident {already.pk} is open for it already."
    incident = declare(
        SYSTEM,
        title=escalation.title[:200],
        severity=severity or None,
        team=escalation.team,
        alert_groups=[group],
        drill=escalation.drill,
    )
    return f"Incident {incident.pk} declared (SEV{incident.severity})."
