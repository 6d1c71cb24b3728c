"""What the room shows, read at once: the snapshot behind “what to do next”, and the lists beside it.

It is read from above as well (mitigations, postmortems), so only pages and the API use it.
"""

from __future__ import annotations

from collections import Counter

from ...intake.models import AlertGroup
from ...kernel import clock
from ...mitigations.models import MitigationRun
from .. import rules
from ..models import Incident, LogEntry, RoleAssignment, RoleName


def groups_of(incident: Incident) -> list[AlertGroup]:
    """The linked alert groups, the newest first."""
    return list(incident.alert_groups.select_related("service", "acknowledged_by").order_by("-id"))


def snapshot_of(
    incident: Incident,
    holders: list[RoleAssignment],
    groups: list[AlertGroup],
    runs: list[MitigationRun],
    *,
    has_postmortem: bool | None,
) -> rules.Snapshot:
    """What :func:`rules.next_steps` decides by."""
    by_role = {row.role: row for row in holders}
    commander = by_role.get(RoleName.COMMANDER)
    entries = Counter(
        LogEntry.objects.filter(incident=incident, kind__in=("symptom", "hypothesis")).values_list("kind", "standing")
    )
    return rules.Snapshot(
        status=incident.status,
        commander=commander is not None,
        commander_accepted=commander is not None and commander.accepted_at is not None,
        communications=RoleName.COMMUNICATIONS in by_role,
        symptoms=entries["symptom", ""],
        open_hypotheses=entries["hypothesis", "open"] + entries["hypothesis", "testing"],
        tried=len(runs),
        running=sum(run.ended_at is None for run in runs),
        worked=sum(run.outcome == MitigationRun.Outcome.WORKED for run in runs),
        alerts=len(groups),
        firing=sum(group.resolved_at is None for group in groups),
        updates=incident.updates.count(),
        next_update_at=incident.next_update_at,
        postmortem=has_postmortem,
    )


def steps_for(incident: Incident, holders: list[RoleAssignment]) -> list[rules.Step]:
    """What to do next in ``incident``."""
    runs = list(MitigationRun.objects.filter(incident=incident))
    snapshot = snapshot_of(incident, holders, groups_of(incident), runs, has_postmortem=hasattr(incident, "postmortem"))
    return rules.next_steps(snapshot, clock.now())
