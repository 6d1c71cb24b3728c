"""Reads about workflows and their runs."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from ..accounts.actors import Actor
from ..accounts.roles import Action
from ..incidents.models import Incident
from ..incidents.queries import seen_by
from ..kernel.finding import one
from .models import Workflow, WorkflowRun
from .rules import Snapshot


def needed_for(workflow: Workflow) -> Action:
    """What is needed to change it: a team's is its managers' business, everybody's is the administrators'."""
    return Action.MANAGE if workflow.team_id else Action.ADMINISTER


def visible_to(actor: Actor) -> QuerySet[Workflow]:
    """Workflows; everybody who is signed in may know what happens by itself."""
    rows = Workflow.objects.select_related("team")
    return rows if actor.may(Action.SEE) else rows.none()


def workflow_by(actor: Actor, slug: str) -> Workflow:
    """One workflow. :raises NotFound: there is none."""
    return one(visible_to(actor), "workflow", slug=slug)


def runs_visible_to(actor: Actor) -> QuerySet[WorkflowRun]:
    """Runs in incidents that ``actor`` may see."""
    return WorkflowRun.objects.filter(seen_by(actor, "incident__")).select_related("workflow__team", "incident__team")


def run_for(actor: Actor, pk: int) -> WorkflowRun:
    """One run. :raises NotFound: there is none that ``actor`` may see."""
    return one(runs_visible_to(actor), "workflow run", pk=pk)


def snapshot(incident: Incident, at: datetime) -> Snapshot:
    """What of an incident decides, now."""
    services = list(incident.services.all())
    groups = list(incident.alert_groups.values_list("group_labels", flat=True)[:100])
    labels = {
        (str(name), str(value)) for each in (*(s.labels for s in services), *groups) for name, value in each.items()
    }
    return Snapshot(
        severity=incident.severity,
        at=at,
        type=incident.type.slug if incident.type else "",
        team=incident.team.slug if incident.team else "",
        state=incident.state.slug if incident.state else "",
        services=frozenset(each.slug for each in services),
        labels=frozenset(labels),
        private=incident.private,
        drill=incident.drill or bool(getattr(incident, "test", False)),
    )
