"""Runs of runbooks, by the API."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router, Status

from ...api.lists import Page
from ...api.pages import Cursor, Limit, page
from ...incidents.queries import incident_for
from ...paging.proposed import of_ones_own
from ...web.middleware import actor_of
from .. import commands
from ..models import Runbook
from ..offering import offered_for, offered_in
from ..queries import runbook_by
from ..run_schemas import (
    OfferedRunbookOut,
    RunbookDeclaringIn,
    RunbookHelpedIn,
    RunbookMendedOut,
    RunbookRunOut,
    RunbookSayIn,
    RunbookStartIn,
)
from ..runs import run_for, runs_visible_to
from ..views.running import group_for, mended_by

router = Router(tags=["Runbooks"])


@router.post("/runbooks/{slug:slug}/start", response={201: RunbookRunOut}, operation_id="start_runbook")
def start(request: HttpRequest, slug: str, body: RunbookStartIn) -> Status[RunbookRunOut]:
    """Begin to carry it out, in an incident or for an alert group. One that runs there already is that one."""
    by = actor_of(request)
    run = commands.start_run(
        by,
        runbook_by(by, slug),
        incident=incident_for(by, body.incident) if body.incident is not None else None,
        group=group_for(by, body.alert_group) if body.alert_group is not None else None,
        client_key=of_ones_own(body.client_key),
    )
    return Status(201, RunbookRunOut.of(run_for(by, run.pk)))


@router.get("/runbook-runs", response=Page[RunbookRunOut], operation_id="list_runbook_runs")
def list_runs(
    request: HttpRequest,
    runbook: str | None = None,
    incident: int | None = None,
    open: bool | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[RunbookRunOut]:
    """The newest first. ``open``: only what is being carried out, or only what is over."""
    rows = runs_visible_to(actor_of(request)).prefetch_related("outcomes__by")
    rows = rows.filter(runbook__slug=runbook) if runbook else rows
    rows = rows.filter(incident=incident) if incident is not None else rows
    rows = rows.filter(ended_at__isnull=open) if open is not None else rows
    found, following = page(rows.order_by("-id"), cursor=cursor, limit=limit)
    return Page[RunbookRunOut](items=[RunbookRunOut.of(row) for row in found], next_cursor=following)


@router.get("/runbook-runs/{int:id}", response=RunbookRunOut, operation_id="get_runbook_run")
def show_run(request: HttpRequest, id: int) -> RunbookRunOut:
    """How far it is, and which step is next."""
    return RunbookRunOut.of(run_for(actor_of(request), id))


@router.post("/runbook-runs/{int:id}/steps/{slug:key}", response=RunbookRunOut, operation_id="say_runbook_step")
def say(request: HttpRequest, id: int, key: str, body: RunbookSayIn) -> RunbookRunOut:
    """Say what came of a step. Written to the running log."""
    by = actor_of(request)
    commands.say(by, run_for(by, id), key, outcome=body.outcome, answer=body.answer, note=body.note)
    return RunbookRunOut.of(run_for(by, id))


@router.post("/runbook-runs/{int:id}/steps/{slug:key}/start", response=RunbookRunOut, operation_id="start_runbook_step")
def start_step(request: HttpRequest, id: int, key: str, body: RunbookDeclaringIn) -> RunbookRunOut:
    """Start the mitigation of a step, in the incident."""
    by = actor_of(request)
    commands.start_step(by, run_for(by, id), key, declaring=body.declare)
    return RunbookRunOut.of(run_for(by, id))


@router.post("/runbook-runs/{int:id}/steps/{slug:key}/call", response=RunbookRunOut, operation_id="call_runbook_step")
def call(request: HttpRequest, id: int, key: str) -> RunbookRunOut:
    """Page whom a step names; it is done then."""
    by = actor_of(request)
    commands.call(by, run_for(by, id), key)
    return RunbookRunOut.of(run_for(by, id))


@router.post("/runbook-runs/{int:id}/steps/{slug:key}/undo", response=RunbookRunOut, operation_id="undo_runbook_step")
def undo(request: HttpRequest, id: int, key: str) -> RunbookRunOut:
    """Take back what was said of a step: it is open again."""
    by = actor_of(request)
    commands.take_back(by, run_for(by, id), key)
    return RunbookRunOut.of(run_for(by, id))


@router.post("/runbook-runs/{int:id}/finish", response=RunbookRunOut, operation_id="finish_runbook_run")
def finish(request: HttpRequest, id: int, body: RunbookHelpedIn) -> RunbookRunOut:
    """End it, and say whether it helped."""
    by = actor_of(request)
    commands.finish_run(by, run_for(by, id), helped=body.helped, note=body.note)
    return RunbookRunOut.of(run_for(by, id))


@router.post("/runbook-runs/{int:id}/mend", response={201: RunbookMendedOut}, operation_id="mend_runbook")
def mend(request: HttpRequest, id: int) -> Status[RunbookMendedOut]:
    """An action item for whoever owns the runbook, with what was said of it."""
    by = actor_of(request)
    item = mended_by(by, run_for(by, id))
    return Status(201, RunbookMendedOut(action_item=item.pk, owner=item.owner_id, due_on=item.due_on))


@router.get(
    "/incidents/{int:id}/runbooks/offered", response=list[OfferedRunbookOut], operation_id="list_offered_runbooks"
)
def offered(request: HttpRequest, id: int) -> list[OfferedRunbookOut]:
    """Runbooks that fit an incident, the best first."""
    by = actor_of(request)
    return [_offered(row) for row in offered_in(by, incident_for(by, id))]


@router.get(
    "/alert-groups/{int:id}/runbooks/offered",
    response=list[OfferedRunbookOut],
    operation_id="list_runbooks_for_alert_group",
)
def offered_to_group(request: HttpRequest, id: int) -> list[OfferedRunbookOut]:
    """Runbooks that fit an alert group, the best first."""
    by = actor_of(request)
    return [_offered(row) for row in offered_for(by, group_for(by, id))]


def _offered(row: Runbook) -> OfferedRunbookOut:
    past = row.past  # type: ignore[attr-defined]
    return OfferedRunbookOut(
        slug=row.slug,
        name=row.name,
        reason=row.reason,  # type: ignore[attr-defined]
        past=past.text,
        runs=past.runs,
        last_used_at=past.last_at,
    )
