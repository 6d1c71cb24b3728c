"""The API of workflows."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Query, Router, Status

from ..accounts.queries import team_by
from ..api.auth import actor_of
from ..api.lists import Page
from ..api.pages import Cursor, Limit, page
from ..incidents.queries import incident_for
from . import commands, queries
from .deeds import DEEDS
from .models import Workflow
from .schemas import ActionKindOut, RehearsalOut, WorkflowIn, WorkflowOut, WorkflowRunOut

router = Router(tags=["Workflows"])


def _save(request: HttpRequest, row: Workflow | None, body: WorkflowIn) -> WorkflowOut:
    fields = body.model_dump() | {"team": team_by(body.team) if body.team else None}
    return WorkflowOut.of(commands.save_workflow(actor_of(request), row, **fields))


@router.get("/workflow-actions", response=list[ActionKindOut], summary="What a workflow can do")
def list_workflow_actions(request: HttpRequest) -> list[ActionKindOut]:
    """And what each action takes."""
    actor_of(request)
    return [ActionKindOut(do=name, label=each.label, takes=dict(each.fields)) for name, each in DEEDS.items()]


@router.get("/workflows", response=Page[WorkflowOut], summary="List workflows")
def list_workflows(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Page[WorkflowOut]:
    """What happens by itself in incidents."""
    rows, more = page(queries.visible_to(actor_of(request)), cursor=cursor, limit=limit, key="id")
    return Page(items=[WorkflowOut.of(row) for row in rows], next_cursor=more)


@router.post("/workflows", response={201: WorkflowOut}, summary="Add a workflow")
def create_workflow(request: HttpRequest, body: WorkflowIn) -> Status[WorkflowOut]:
    """Try it dry before you rely on it."""
    return Status(201, _save(request, None, body))


@router.get("/workflows/{slug}", response=WorkflowOut, summary="One workflow")
def get_workflow(request: HttpRequest, slug: str) -> WorkflowOut:
    """As it is now."""
    return WorkflowOut.of(queries.workflow_by(actor_of(request), slug))


@router.put("/workflows/{slug}", response=WorkflowOut, summary="Change a workflow")
def change_workflow(request: HttpRequest, slug: str, body: WorkflowIn) -> WorkflowOut:
    """A run that has begun does what it was to do then."""
    return _save(request, queries.workflow_by(actor_of(request), slug), body)


@router.delete("/workflows/{slug}", response={204: None}, summary="Delete a workflow")
def delete_workflow(request: HttpRequest, slug: str) -> Status[None]:
    """With its run log."""
    by = actor_of(request)
    commands.delete_workflow(by, queries.workflow_by(by, slug))
    return Status(204, None)


@router.get("/workflows/{slug}/dry-run", response=RehearsalOut, summary="What would have happened")
def dry_run_workflow(
    request: HttpRequest, slug: str, incident: int = Query(description="Number of an incident.", ge=1, le=2**62)
) -> RehearsalOut:
    """For an incident, now or long over. Changes nothing."""
    by = actor_of(request)
    return RehearsalOut.of(commands.dry_run(by, queries.workflow_by(by, slug), incident_for(by, incident)))


@router.get("/workflow-runs", response=Page[WorkflowRunOut], summary="What workflows did")
def list_workflow_runs(
    request: HttpRequest,
    workflow: str = Query("", description="Slug."),
    incident: int | None = Query(None, ge=1, le=2**62),
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[WorkflowRunOut]:
    """The newest first, in incidents that you may see."""
    rows = queries.runs_visible_to(actor_of(request))
    rows = rows.filter(workflow__slug=workflow) if workflow else rows
    rows = rows.filter(incident=incident) if incident else rows
    found, more = page(rows, cursor=cursor, limit=limit, key="-id")
    return Page(items=[WorkflowRunOut.of(row) for row in found], next_cursor=more)


@router.post("/workflow-runs/{int:id}/retry", response=WorkflowRunOut, summary="Do again what could not be done")
def retry_workflow_run(request: HttpRequest, id: int) -> WorkflowRunOut:
    """And nothing else."""
    by = actor_of(request)
    commands.retry(by, queries.run_for(by, id))
    return WorkflowRunOut.of(queries.run_for(by, id))
