"""Runbooks in an incident's room and beside an alert group: what runs there, what fits, and what a policy has proposed. A
request of its own, so that neither page waits for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from ...accounts.actors import Actor
from ...incidents.commands._shared import needed
from ...incidents.queries import incident_for
from ...intake.commands.groups import needed_for
from ...kernel.errors import WatchroomError
from ...kernel.numbers import whole
from ...paging.models import Approval, Escalation
from ...paging.proposed import as_they_are
from ...paging.queries import approvals_visible_to
from ...web.middleware import actor_of
from ..models import Runbook, RunbookRun
from ..offering import of_group, offered_for, offered_in
from ..rules import progress, steps_of
from ..runs import runs_visible_to, said_of
from .running import group_for

MOST_RUNS = 20


@require_GET
def for_incident(request: HttpRequest, pk: int) -> HttpResponse:
    """In the room."""
    by = actor_of(request)
    incident = incident_for(by, pk)
    acts = incident.is_open and _may(by, lambda: by.may(needed(by, incident), incident.team))
    proposals = approvals_visible_to(by).filter(
        state=Approval.State.OPEN,
        escalation__kind=Escalation.Kind.ALERT_GROUP,
        escalation__subject_id__in=list(incident.alert_groups.values_list("pk", flat=True)),
    )
    context = {
        "runs": _runs(runs_visible_to(by).filter(incident=incident)),
        "offered": offered_in(by, incident) if acts else [],
        "approvals": as_they_are(proposals) if incident.is_open else [],
        "acts": acts,
        "about": "incident",
        "pk": pk,
    }
    return render(request, "runbooks/_offers.html", context)


@require_GET
def for_group(request: HttpRequest, pk: int) -> HttpResponse:
    """Beside an alert group, also where there is no incident."""
    by = actor_of(request)
    group = group_for(by, pk)
    acts = group.resolved_at is None and _may(by, lambda: by.may(needed_for(by, group), group.team))
    context = {
        "runs": _runs(runs_visible_to(by).filter(of_group(group)).distinct()),
        "offered": offered_for(by, group) if acts else [],
        "acts": acts,
        "about": "group",
        "pk": pk,
    }
    return render(request, "runbooks/_offers.html", context)


def begin_here(by: Actor, runbook: Runbook, said: Mapping[str, str]) -> dict[str, Any] | None:
    """For whoever comes from an alert (``?alert=7``) or a room (``?incident=7``) to read a runbook: what it is begun for, or the
    run that is under way there. None: they came from elsewhere, or may not."""
    alert, incident = whole(said.get("alert", "")), whole(said.get("incident", ""))
    try:
        if alert is not None:
            group = group_for(by, alert)
            may = group.resolved_at is None and by.may(needed_for(by, group), group.team)
            found = {"about": "group", "pk": group.pk, "title": group.title, "back": f"/alerts/{group.pk}"}
            rows = runs_visible_to(by).filter(of_group(group))
        elif incident is not None:
            row = incident_for(by, incident)
            may = row.is_open and by.may(needed(by, row), row.team)
            found = {"about": "incident", "pk": row.pk, "title": str(row), "back": f"/incidents/{row.pk}"}
            rows = runs_visible_to(by).filter(incident=row)
        else:
            return None
    except WatchroomError:
        return None
    running = rows.filter(runbook=runbook, ended_at__isnull=True).order_by("-id").first()
    return {**found, "run": running} if may or running else None


def _may(by: Actor, ask: Any) -> bool:
    try:
        return bool(ask())
    except WatchroomError:
        return False


def _runs(rows: QuerySet[RunbookRun]) -> list[dict[str, Any]]:
    """Those that run first; each with the step that is next."""
    found = []
    for run in rows.prefetch_related("outcomes").order_by("-id")[:MOST_RUNS]:
        steps = steps_of(run.steps)
        said = said_of(run)
        stands = progress.standing(steps, said)
        next_step = next((each for each in steps if each.key == stands.next), None)
        found.append({"run": run, "next": next_step, "done": len(stands.said), "count": len(steps)})
    return sorted(found, key=lambda each: each["run"].ended_at is not None)
