"""A run for an alert group goes on in the incident of which the group becomes a part."""

from __future__ import annotations

from collections.abc import Sequence

from ...accounts.listeners import Happened
from ...incidents.commands import write_system
from ...incidents.models import Incident
from ...kernel.db import announce, locked
from ..models import RunbookRun
from ..rules import progress, steps_of
from ..runs import said_of


def follow_groups(happened: Sequence[Happened]) -> None:
    """Move what runs for the alert groups of an incident into it, with a line that says how far it is. Inside the
    transaction in which they became a part of it; the groups are held there."""
    for each in happened:
        if each.type in ("incident.declared", "incident.alerts_linked") and isinstance(each.subject, Incident):
            _move(each.subject)


def _move(incident: Incident) -> None:
    groups = incident.alert_groups.order_by().values("pk")
    rows = RunbookRun.objects.filter(group__in=groups, incident__isnull=True, ended_at__isnull=True)
    for run in locked(rows.order_by("id")):
        run.incident, run.drill = incident, incident.drill
        run.save(update_fields=["incident", "drill"])
        steps = steps_of(run.steps)
        stands = progress.standing(steps, said_of(run))
        write_system(
            incident,
            "runbook.started",
            f"The runbook {run.name} (version {run.version}) goes on here: {len(stands.said)} of "
            f"{progress.steps_in_words(len(steps))} done",
            {"run": run.pk, "runbook": run.runbook.slug if run.runbook else "", "version": run.version},
        )
        announce({f"runbook_run:{run.pk}"})
