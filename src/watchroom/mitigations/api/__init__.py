"""The API of mitigations: the catalog, and runs in an incident."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Status

from ...accounts.actors import Actor
from ...accounts.queries import team_by
from ...api.auth import actor_of
from ...api.lists import Page
from ...api.pages import Cursor, Limit, page
from ...catalog.queries import service_by
from ...evidence.models import Indicator
from ...incidents.queries import incident_for
from ...kernel.errors import NotFound
from ...kernel.plugins import all_of
from ...paging.proposed import of_ones_own
from ...runners.base import RunFailed
from .. import commands, queries
from ..commands.runners import GROUP
from ..schemas import (
    AnsweredOut,
    ApprovalIn,
    FieldOut,
    KindOut,
    MitigationIn,
    MitigationOut,
    MitigationRunOut,
    MitigationStepIn,
    NewMitigationIn,
    OfferedOut,
    OutcomeIn,
    RunIn,
    RunnerIn,
    RunnerOut,
    RunsOut,
)
from .agents import router as agents

router = Router(tags=["Mitigations"])
router.add_router("", agents)


def _fields(by: Actor, body: MitigationIn) -> dict[str, Any]:
    """What the command takes: things instead of their names."""
    service = service_by(by, body.service) if body.service else None
    indicator = None
    if body.indicator:
        indicator = Indicator.objects.filter(service=service, name=body.indicator).first() if service else None
        if indicator is None:
            raise NotFound(
                f"The service has no indicator {body.indicator!r}.",
                field="indicator",
                value=body.indicator,
                fix="See GET /indicators.",
            )
    runner = queries.runner_by(by, body.runner) if body.runner else None
    found = {"team": team_by(body.team), "service": service, "indicator": indicator, "runner": runner}
    return body.model_dump() | found


@router.get("/mitigations", response=Page[MitigationOut], summary="The catalog")
def list_mitigations(
    request: HttpRequest,
    team: str = Query("", description="Slug."),
    service: str = Query("", description="Slug."),
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[MitigationOut]:
    """What can be done when it hurts."""
    rows = queries.visible_to(actor_of(request)).order_by("-id")
    rows = rows.filter(team__slug=team) if team else rows
    rows = rows.filter(service__slug=service) if service else rows
    items, following = page(rows, cursor=cursor, limit=limit)
    return Page[MitigationOut](items=[MitigationOut.of(row) for row in items], next_cursor=following)


@router.post("/mitigations", response={201: MitigationOut}, summary="Add a mitigation")
def create_mitigation(request: HttpRequest, body: NewMitigationIn) -> Status[MitigationOut]:
    """Needs a manager of the team."""
    by = actor_of(request)
    return Status(201, MitigationOut.of(commands.save_mitigation(by, None, **_fields(by, body))))


@router.get("/mitigations/{slug}", response=MitigationOut, summary="One mitigation")
def get_mitigation(request: HttpRequest, slug: str) -> MitigationOut:
    """What it does, and by what it is carried out."""
    return MitigationOut.of(queries.mitigation_by(actor_of(request), slug))


@router.put("/mitigations/{slug}", response=MitigationOut, summary="Change a mitigation")
def change_mitigation(request: HttpRequest, slug: str, body: MitigationIn) -> MitigationOut:
    """Needs a manager of the team."""
    by = actor_of(request)
    return MitigationOut.of(commands.save_mitigation(by, queries.mitigation_by(by, slug), **_fields(by, body)))


@router.delete("/mitigations/{slug}", response={204: None}, summary="Remove a mitigation")
def delete_mitigation(request: HttpRequest, slug: str) -> Status[None]:
    """Its runs stay in their incidents."""
    by = actor_of(request)
    commands.delete_mitigation(by, queries.mitigation_by(by, slug))
    return Status(204, None)


@router.get("/incidents/{int:id}/mitigations", response=RunsOut, summary="What was tried in an incident")
def list_mitigation_runs(request: HttpRequest, id: int) -> RunsOut:
    """In the order in which it was tried."""
    by = actor_of(request)
    return RunsOut(
        items=[
            MitigationRunOut.of(row)
            for row in queries.runs_visible_to(by).filter(incident=incident_for(by, id)).order_by("id")
        ]
    )


@router.post("/incidents/{int:id}/mitigations", response={201: MitigationRunOut}, summary="Start a mitigation")
def start_mitigation(request: HttpRequest, id: int, body: RunIn) -> Status[MitigationRunOut]:
    """One of the catalog, or one's own in words. Written to the running log."""
    by = actor_of(request)
    incident = incident_for(by, id)
    chosen = queries.mitigation_by(by, body.mitigation) if body.mitigation else None
    run = commands.start(
        by, incident, mitigation=chosen, kind=body.kind, title=body.title, client_key=of_ones_own(body.client_key)
    )
    return Status(201, MitigationRunOut.of(run))


@router.post("/mitigation-runs/{int:id}/finish", response=MitigationRunOut, summary="Record an outcome")
def finish_mitigation(request: HttpRequest, id: int, body: OutcomeIn) -> MitigationRunOut:
    """Written to the running log as the action's result."""
    by = actor_of(request)
    commands.finish(by, queries.run_for(by, id), outcome=body.outcome, note=body.note)
    return MitigationRunOut.of(queries.run_for(by, id))


@router.post("/mitigation-runs/{int:id}/steps/{int:number}", response=MitigationRunOut, summary="Tick off a step")
def tick_mitigation_step(request: HttpRequest, id: int, number: int, body: MitigationStepIn) -> MitigationRunOut:
    """Of what is done by hand; who and when is in the running log."""
    by = actor_of(request)
    commands.tick(by, queries.run_for(by, id), number, done=body.done)
    return MitigationRunOut.of(queries.run_for(by, id))


@router.post("/mitigation-runs/{int:id}/decide", response=MitigationRunOut, summary="Approve or decline a run")
def decide_mitigation_run(request: HttpRequest, id: int, body: ApprovalIn) -> MitigationRunOut:
    """As the second person. Approved, it is carried out."""
    by = actor_of(request)
    commands.decide(by, queries.run_for(by, id), approve=body.approve)
    return MitigationRunOut.of(queries.run_for(by, id))


@router.get("/mitigation-runs/{int:id}", response=MitigationRunOut, summary="One run")
def get_mitigation_run(request: HttpRequest, id: int) -> MitigationRunOut:
    """With how far it is and what the other side said."""
    return MitigationRunOut.of(queries.run_for(actor_of(request), id))


@router.get("/incidents/{int:id}/mitigations/offered", response=list[OfferedOut], summary="What can stop the bleeding")
def list_offered_mitigations(request: HttpRequest, id: int) -> list[OfferedOut]:
    """The best guess first: by what helped before, risk, and what was changed lately."""
    by = actor_of(request)
    return [
        OfferedOut(
            slug=row.slug,
            name=row.name,
            risk=row.risk,
            reason=row.reason,  # type: ignore[attr-defined]
            runner=row.runner.slug if row.runner else None,
        )
        for row in queries.offered_in(by, incident_for(by, id))
    ]


@router.post("/mitigations/{slug}/dry-run", response=AnsweredOut, summary="Try a mitigation dry")
def rehearse_mitigation(request: HttpRequest, slug: str) -> AnsweredOut:
    """Where the target has a dry run: asks it, and changes nothing."""
    by = actor_of(request)
    return _answered(lambda: commands.dry_run(by, queries.mitigation_by(by, slug)))


@router.get("/runners", response=Page[RunnerOut], summary="What carries mitigations out")
def list_runners(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Page[RunnerOut]:
    """Without secrets."""
    items, following = page(queries.runners_visible_to(actor_of(request)).order_by("-id"), cursor=cursor, limit=limit)
    return Page[RunnerOut](items=[RunnerOut.of(row) for row in items], next_cursor=following)


@router.get("/runners/kinds", response=list[KindOut], summary="Kinds of runners")
def list_runner_kinds(request: HttpRequest) -> list[KindOut]:
    """What each is told once (``settings``), and by each mitigation (``inputs``)."""
    actor_of(request)
    return [
        KindOut(
            kind=each.name,
            label=each.label,
            summary=each.summary,
            settings=[_field(one) for one in each.fields],
            inputs=[_field(one) for one in each.inputs],
            has_dry_run=each.has_dry_run,
        )
        for each in all_of(GROUP).values()
    ]


@router.post("/runners", response={201: RunnerOut}, summary="Add a runner")
def create_runner(request: HttpRequest, body: RunnerIn) -> Status[RunnerOut]:
    """Needs a manager of the team."""
    fields = body.model_dump() | {"team": team_by(body.team)}
    return Status(201, RunnerOut.of(commands.save_runner(actor_of(request), None, **fields)))


@router.get("/runners/{slug}", response=RunnerOut, summary="One runner")
def get_runner(request: HttpRequest, slug: str) -> RunnerOut:
    """Without its secrets."""
    return RunnerOut.of(queries.runner_by(actor_of(request), slug))


@router.put("/runners/{slug}", response=RunnerOut, summary="Change a runner")
def change_runner(request: HttpRequest, slug: str, body: RunnerIn) -> RunnerOut:
    """Needs a manager of the team. A new address never gets the old secret."""
    by = actor_of(request)
    fields = body.model_dump() | {"team": team_by(body.team)}
    return RunnerOut.of(commands.save_runner(by, queries.runner_by(by, slug), **fields))


@router.delete("/runners/{slug}", response={204: None}, summary="Remove a runner")
def delete_runner(request: HttpRequest, slug: str) -> Status[None]:
    """Refused while mitigations use it."""
    by = actor_of(request)
    commands.delete_runner(by, queries.runner_by(by, slug))
    return Status(204, None)


@router.post("/runners/{slug}/try", response=AnsweredOut, summary="Try a runner")
def try_runner(request: HttpRequest, slug: str) -> AnsweredOut:
    """Asks the other side something small that changes nothing."""
    by = actor_of(request)
    row = queries.runner_by(by, slug)
    return _answered(
        lambda: commands.try_runner(by, team=row.team, kind=row.kind, settings=dict(row.settings), before=row)
    )


def _field(one: Any) -> FieldOut:
    return FieldOut(
        name=one.name,
        help=one.help or one.label,
        required=one.required,
        secret=one.secret,
        choices=list(one.choices),
        default=one.default,
    )


def _answered(ask: Callable[[], str]) -> AnsweredOut:
    """What the other side said is an answer, also when it is a no; what is wrong with the request is raised."""
    try:
        return AnsweredOut(ok=True, text=ask())
    except RunFailed as error:
        return AnsweredOut(ok=False, text=str(error))
