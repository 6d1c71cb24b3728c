"""Runs: begun for an event, once; carried on action by action; written into the incident's log. An action and the note that
it was done are one transaction, so that whatever is cut off goes on where it stopped."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from ..accounts.actors import Actor
from ..incidents.commands import write_system
from ..incidents.models import Incident
from ..kernel import clock, wake
from ..kernel.db import announce, claimable, locked
from ..kernel.errors import WatchroomError
from ..outgoing.models import Event
from ..outgoing.rules import wants as is_wanted
from . import queries, rules
from .deeds import DEEDS, Doing
from .models import Workflow, WorkflowRun

log = logging.getLogger(__name__)
State = WorkflowRun.State
LEASE = timedelta(minutes=2)


def wants() -> QuerySet[Workflow, tuple[Any, Any]]:
    """What workflows run for."""
    return Workflow.objects.filter(enabled=True).order_by().values_list("triggers", "team")


def take(events: Sequence[Event]) -> None:
    """Begin the runs that events of incidents ask for."""
    mine = [
        each
        for each in events
        if each.incident_id is not None and not rules.is_own_doing(each.actor_kind, each.actor_name)
    ]
    workflows = list(Workflow.objects.filter(enabled=True).order_by("id")) if mine else []
    for event in mine:
        wanting = [
            each
            for each in workflows
            if each.team_id in {None, event.team_id}
            and is_wanted(each.triggers, event.type)
            and each.created_at <= event.at
        ]
        incident = Incident.objects.select_related("team", "type", "state").filter(pk=event.incident_id or 0).first()
        if incident is None or not wanting:
            continue
        seen = queries.snapshot(incident, event.at)
        for workflow in wanting:
            if not rules.unmet(rules.Conditions.of(workflow.conditions), seen):
                _begin(workflow, incident, event)


def _begin(workflow: Workflow, incident: Incident, event: Event) -> None:
    if WorkflowRun.objects.filter(workflow=workflow, incident=incident).count() >= rules.MOST_RUNS:
        return
    now = clock.now()
    WorkflowRun.objects.get_or_create(
        workflow=workflow,
        event_key=event.key,
        defaults={
            "incident": incident,
            "event_type": event.type,
            "actions": workflow.actions,
            "at": now,
            "due_at": now,
        },
    )
    announce({wake.DUE})


def claim() -> WorkflowRun | None:
    """The run that is due first, under a lease."""
    now = clock.now()
    with transaction.atomic():
        due = WorkflowRun.objects.filter(due_at__lte=now).order_by("due_at", "id")
        row = claimable(due.select_related("workflow", "incident__team", "incident__type")).first()
        if row is not None:
            row.due_at = now + LEASE
            row.save(update_fields=["due_at"])
    return row


def carry_on(run: WorkflowRun) -> None:
    """Do what is still to be done of a run. What goes wrong is written down, and the next is done all the same."""
    by = Actor(kind="system", name=rules.actor_name(run.workflow.name))
    while len(run.results) < len(run.actions):
        number = len(run.results)
        action = run.actions[number]
        deed = DEEDS.get(str(action.get("do")))
        if deed is not None and deed.asks:
            said = _tried(by, run, number)
            with transaction.atomic():
                if not _note(run, number, said):
                    return
        else:
            with transaction.atomic():
                if _held(run, number) is None:
                    return  # somebody else goes on with it
                if not _note(run, number, _tried(by, run, number)):
                    return
    _end(by, run)


def _held(run: WorkflowRun, number: int) -> WorkflowRun | None:
    row = locked(WorkflowRun.objects.filter(pk=run.pk, state=State.DUE)).first()
    return row if row is not None and len(row.results) == number else None


def _note(run: WorkflowRun, number: int, said: dict[str, Any]) -> bool:
    row = _held(run, number)
    if row is None:
        return False
    run.results = [*row.results, said]
    WorkflowRun.objects.filter(pk=run.pk).update(results=run.results, due_at=clock.now() + LEASE)
    return True


def _tried(by: Actor, run: WorkflowRun, number: int) -> dict[str, Any]:
    action = run.actions[number]
    kind = str(action.get("do"))
    try:
        deed = DEEDS[kind]
        if deed.asks:
            text = deed.done(Doing(by, _fresh(run), run, int(action.get("number", number))), action)
        else:
            with transaction.atomic():
                text = deed.done(Doing(by, _fresh(run), run, int(action.get("number", number))), action)
        return {"do": kind, "ok": True, "text": text}
    except WatchroomError as error:
        return {"do": kind, "ok": False, "text": str(error)[:300]}
    except Exception as error:
        log.exception("An action of a workflow failed in a way it should not: run %s, action %s", run.pk, number)
        return {"do": kind, "ok": False, "text": type(error).__name__}


def _fresh(run: WorkflowRun) -> Incident:
    return Incident.objects.select_related("team", "type", "declared_by").get(pk=run.incident_id)


def _end(by: Actor, run: WorkflowRun) -> None:
    with transaction.atomic():
        row = locked(WorkflowRun.objects.filter(pk=run.pk, state=State.DUE)).first()
        if row is None:
            return
        row.state = State.DONE if rules.ended_well(row.results) else State.FAILED
        row.due_at, row.ended_at = None, clock.now()
        row.save()
        new = [each for each in row.results if not each.get("told")]
        did = [each["text"] for each in new if each["ok"]]
        failed = [each["text"] for each in new if not each["ok"]]
        text = f"{by.name}{', again' if len(new) < len(row.results) else ''}: " + ("; ".join(did) or "nothing was done")
        text += f". Could not be done: {'; '.join(failed)}" if failed else ""
        write_system(run.incident, "workflow.ran", text[:2000], {"run": run.pk, "workflow": run.workflow.slug})
        announce({f"workflow:{run.workflow_id}"})
