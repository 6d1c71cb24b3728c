"""What the API of workflows takes and gives."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Field, Schema

from .commands import Rehearsal
from .models import Workflow, WorkflowRun


class WorkflowIn(Schema):
    """When one of ``triggers`` happens and all of ``conditions`` holds, ``actions`` are done, in order."""

    name: str
    slug: str = Field("", description="Left out, it is made of the name.")
    team: str | None = Field(None, description="Slug; null: for everybody's incidents.")
    triggers: list[str] = Field(description="Events of incidents, such as incident.declared.")
    conditions: dict[str, Any] = Field(
        {}, description="severities, types, states, teams, services, labels, hours, private, drills."
    )
    actions: list[dict[str, Any]] = Field(description="Each with do and what it takes; see /workflow-actions.")
    enabled: bool = True


class WorkflowOut(WorkflowIn):
    @staticmethod
    def of(row: Workflow) -> WorkflowOut:
        return WorkflowOut(
            name=row.name,
            slug=row.slug,
            team=row.team.slug if row.team else None,
            triggers=row.triggers,
            conditions=row.conditions,
            actions=row.actions,
            enabled=row.enabled,
        )


class ActionKindOut(Schema):
    """Something that a workflow can do."""

    do: str
    label: str
    takes: dict[str, str]


class DeedResultOut(Schema):
    do: str
    ok: bool
    text: str


class WorkflowRunOut(Schema):
    """What a workflow did for one event."""

    id: int
    workflow: str
    incident: int
    event: str
    event_type: str
    at: datetime
    state: str = Field(description="due, done or failed (in part).")
    results: list[DeedResultOut]

    @staticmethod
    def of(row: WorkflowRun) -> WorkflowRunOut:
        return WorkflowRunOut(
            id=row.pk,
            workflow=row.workflow.slug,
            incident=row.incident_id,
            event=str(row.event_key),
            event_type=row.event_type,
            at=row.at,
            state=row.state,
            results=[DeedResultOut(do=each["do"], ok=each["ok"], text=each["text"]) for each in row.results],
        )


class HappenedOut(Schema):
    at: datetime
    type: str


class RehearsalOut(Schema):
    """What would have happened."""

    would_run: bool
    times: list[HappenedOut] = Field(description="When what it waits for happened.")
    unmet: list[str] = Field(description="What does not hold.")
    plan: list[str]

    @staticmethod
    def of(found: Rehearsal) -> RehearsalOut:
        times = [HappenedOut(at=at, type=type) for at, type in found.times]
        return RehearsalOut(would_run=found.would_run, times=times, unmet=found.unmet, plan=found.plan)
