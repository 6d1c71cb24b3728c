"""The API of mitigations: the catalog, and runs in an incident."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from ...accounts.actors import Actor
from ...accounts.queries import team_by
from ...api.auth import actor_of
from ...api.pages import page
from ...catalog.queries import service_by
from ...evidence.models import Indicator
from ...incidents.queries import incident_for
from ...kernel import asked
from ...kernel.errors import NotFound
from ...kernel.plugins import all_of
from ...runners.base import RunFailed
from .. import commands, queries
from ..commands.agents import KIND
from ..commands.runners import GROUP
from ..models import Execution, Mitigation, MitigationRun, Runner
from .agents import router as agents

router = Router(tags=["Mitigations"])
router.add_router("", agents)


class MitigationIn(Schema):
    team: str = Field(description="Slug of the team that owns it.")
    service: str | None = Field(None, description="Slug; without it, for any service.")
    kind: str = Field("other", description="roll_back, disable, fail_over, scale_up, restart, drain, block or other.")
    name: str = Field(max_length=120)
    how: str = Field(description="Step by step, for someone without deep knowledge.")
    check_text: str = Field("", description="How to see that it worked.")
    undo: str = Field("", description="How to undo it.")
    risk: str = Field("low", description="low, medium or high.")
    indicator: str | None = Field(None, description="Name of an indicator of the service: looked at before and after.")
    runner: str | None = Field(None, description="Slug of what carries it out; without it, somebody does by hand.")
    inputs: dict[str, str] = Field({}, description="What the runner shall do; see `GET /runners/kinds`.")
    timeout_seconds: int = Field(900, ge=10, le=86_400, description="After it somebody has to look.")
    needs_approval: bool = Field(False, description="A second person approves before it is carried out.")
    managers_only: bool = Field(False, description="Only managers of the team may run and approve it.")


class NewMitigationIn(MitigationIn):
    slug: str = Field("", max_length=64, pattern=r"^[-a-zA-Z0-9_]*$", description="Without it, made of the name.")


class MitigationOut(MitigationIn):
    slug: str

    @staticmethod
    def of(row: Mitigation) -> MitigationOut:
        return MitigationOut(
            slug=row.slug,
            team=row.team.slug,
            service=row.service.slug if row.service else None,
            kind=row.kind,
            name=row.name,
            how=row.how,
            check_text=row.check_text,
            undo=row.undo,
            risk=row.risk,
            indicator=row.indicator.name if row.indicator else None,
            runner=row.runner.slug if row.runner else None,
            inputs=row.inputs,
            timeout_seconds=row.timeout_seconds,
            needs_approval=row.needs_approval,
            managers_only=row.managers_only,
        )


class MitigationsOut(Schema):
    items: list[MitigationOut]
    next_cursor: str | None


class RunIn(Schema):
    mitigation: str | None = Field(None, description="Slug of one from the catalog.")
    kind: str = Field(
        "", description="Of one's own: roll_back, disable, fail_over, scale_up, restart, drain, block or other."
    )
    title: str = Field("", max_length=200, description="Of one's own: what is being done.")
    client_key: str = Field("", max_length=64, description="Made by you; sent again, it starts once.")


class OutcomeIn(Schema):
    outcome: str = Field(description="worked, partly, no_effect or worse.")
    note: str = ""


class ExecutionOut(Schema):
    """How a runner carries it out."""

    runner: str | None
    state: str = Field(
        description="waiting, due, sending, running, succeeded, failed, timed_out, unknown, declined or cancelled."
    )
    plan: str
    inputs: dict[str, str]
    output: str
    link: str
    approved_by: str | None
    started_at: datetime | None
    ended_at: datetime | None

    @staticmethod
    def of(row: Execution) -> ExecutionOut:
        return ExecutionOut(
            runner=row.runner.slug if row.runner else None,
            state=row.state,
            plan=row.plan,
            inputs=row.inputs,
            output=row.output,
            link=row.link,
            approved_by=str(row.approved_by) if row.approved_by else None,
            started_at=row.started_at,
            ended_at=row.ended_at,
        )


class StepOut(Schema):
    """A step of something that is done by hand."""

    number: int
    text: str
    done_at: datetime | None
    done_by: str | None


class StepIn(Schema):
    done: bool = Field(True, description="false takes it back.")


class RunOut(Schema):
    id: int
    incident: int
    mitigation: str | None
    kind: str
    title: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str
    note: str
    before: float | None = Field(description="What the indicator showed before, once it has been looked at.")
    after: float | None
    effect: str
    execution: ExecutionOut | None = Field(description="Null: somebody does it by hand.")
    steps: list[StepOut] = Field(description="Of what is done by hand: to be ticked off.")

    @staticmethod
    def of(row: MitigationRun) -> RunOut:
        return RunOut(
            id=row.pk,
            incident=row.incident_id,
            mitigation=row.mitigation.slug if row.mitigation else None,
            kind=row.kind,
            title=row.title,
            started_at=row.started_at,
            ended_at=row.ended_at,
            outcome=row.outcome,
            note=row.note,
            before=row.before,
            after=row.after,
            effect=row.effect,
            execution=ExecutionOut.of(row.execution) if hasattr(row, "execution") else None,
            steps=[
                StepOut(
                    number=step.number,
                    text=step.text,
                    done_at=step.done_at,
                    done_by=str(step.done_by) if step.done_by else None,
                )
                for step in row.steps.all()
            ],
        )


class RunsOut(Schema):
    items: list[RunOut]


class OfferedOut(Schema):
    slug: str
    name: str
    risk: str
    reason: str = Field(description="Why it stands here; may be empty.")
    runner: str | None


class ApprovalIn(Schema):
    approve: bool = Field(description="false declines it.")


class AgentOut(Schema):
    """What asks for a runner's orders."""

    seen_at: datetime
    version: str
    commands: list[str]


class RunnerOut(Schema):
    """What carries mitigations out. Secrets are never shown."""

    slug: str
    name: str
    team: str
    kind: str
    settings: dict[str, str]
    agent: AgentOut | None = Field(None, description="Of an agent: when it last asked; null: never.")

    @staticmethod
    def of(row: Runner) -> RunnerOut:
        plugin = all_of(GROUP).get(row.kind)
        settings = asked.shown(plugin.fields if plugin else (), row.settings)
        asks = getattr(row, "agent", None) if row.kind == KIND else None
        agent = AgentOut(seen_at=asks.seen_at, version=asks.version, commands=asks.commands) if asks else None
        team = row.team.slug
        return RunnerOut(slug=row.slug, name=row.name, team=team, kind=row.kind, settings=settings, agent=agent)


class RunnersOut(Schema):
    items: list[RunnerOut]
    next_cursor: str | None


class RunnerIn(Schema):
    """A runner. A secret that is left out stays what it is while the address stays the same."""

    name: str
    team: str = Field(description="Slug.")
    kind: str = Field(description="See `GET /runners/kinds`.")
    slug: str = Field("", description="Left out, it is made of the name.")
    settings: dict[str, str]


class AnsweredOut(Schema):
    ok: bool
    text: str = Field(description="What the other side answered, or why it could not be asked.")


class FieldOut(Schema):
    name: str
    help: str
    required: bool
    secret: bool
    choices: list[str]
    default: str


class KindOut(Schema):
    kind: str
    label: str
    summary: str
    settings: list[FieldOut]
    inputs: list[FieldOut]
    has_dry_run: bool


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


@router.get("/mitigations", response=MitigationsOut, summary="The catalog")
def list_mitigations(
    request: HttpRequest,
    team: str = Query("", description="Slug."),
    service: str = Query("", description="Slug."),
    cursor: str | None = None,
    limit: int = Query(50, ge=1, le=200),
) -> MitigationsOut:
    """What can be done when it hurts."""
    rows = queries.visible_to(actor_of(request)).order_by("-id")
    rows = rows.filter(team__slug=team) if team else rows
    rows = rows.filter(service__slug=service) if service else rows
    items, following = page(rows, cursor=cursor, limit=limit)
    return MitigationsOut(items=[MitigationOut.of(row) for row in items], next_cursor=following)


@router.post("/mitigations", response={201: MitigationOut}, summary="Add a mitigation")
def add_mitigation(request: HttpRequest, body: NewMitigationIn) -> Status[MitigationOut]:
    """Needs a manager of the team."""
    by = actor_of(request)
    return Status(201, MitigationOut.of(commands.save_mitigation(by, None, **_fields(by, body))))


@router.put("/mitigations/{slug}", response=MitigationOut, summary="Change a mitigation")
def change_mitigation(request: HttpRequest, slug: str, body: MitigationIn) -> MitigationOut:
    """Needs a manager of the team."""
    by = actor_of(request)
    return MitigationOut.of(commands.save_mitigation(by, queries.mitigation_by(by, slug), **_fields(by, body)))


@router.delete("/mitigations/{slug}", response={204: None}, summary="Remove a mitigation")
def remove_mitigation(request: HttpRequest, slug: str) -> Status[None]:
    """Its runs stay in their incidents."""
    by = actor_of(request)
    commands.delete_mitigation(by, queries.mitigation_by(by, slug))
    return Status(204, None)


@router.get("/incidents/{int:id}/mitigations", response=RunsOut, summary="What was tried in an incident")
def list_runs(request: HttpRequest, id: int) -> RunsOut:
    """In the order in which it was tried."""
    by = actor_of(request)
    return RunsOut(
        items=[
            RunOut.of(row) for row in queries.runs_visible_to(by).filter(incident=incident_for(by, id)).order_by("id")
        ]
    )


@router.post("/incidents/{int:id}/mitigations", response={201: RunOut}, summary="Start a mitigation")
def start_mitigation(request: HttpRequest, id: int, body: RunIn) -> Status[RunOut]:
    """One of the catalog, or one's own in words. Written to the running log."""
    by = actor_of(request)
    incident = incident_for(by, id)
    chosen = queries.mitigation_by(by, body.mitigation) if body.mitigation else None
    run = commands.start(by, incident, mitigation=chosen, kind=body.kind, title=body.title, client_key=body.client_key)
    return Status(201, RunOut.of(run))


@router.post("/mitigation-runs/{int:id}/finish", response=RunOut, summary="Record an outcome")
def finish_mitigation(request: HttpRequest, id: int, body: OutcomeIn) -> RunOut:
    """Written to the running log as the action's result."""
    by = actor_of(request)
    commands.finish(by, queries.run_for(by, id), outcome=body.outcome, note=body.note)
    return RunOut.of(queries.run_for(by, id))


@router.post("/mitigation-runs/{int:id}/steps/{int:number}", response=RunOut, summary="Tick off a step")
def tick_step(request: HttpRequest, id: int, number: int, body: StepIn) -> RunOut:
    """Of what is done by hand; who and when is in the running log."""
    by = actor_of(request)
    commands.tick(by, queries.run_for(by, id), number, done=body.done)
    return RunOut.of(queries.run_for(by, id))


@router.post("/mitigation-runs/{int:id}/decide", response=RunOut, summary="Approve or decline a run")
def decide_run(request: HttpRequest, id: int, body: ApprovalIn) -> RunOut:
    """As the second person. Approved, it is carried out."""
    by = actor_of(request)
    commands.decide(by, queries.run_for(by, id), approve=body.approve)
    return RunOut.of(queries.run_for(by, id))


@router.get("/mitigation-runs/{int:id}", response=RunOut, summary="One run")
def show_run(request: HttpRequest, id: int) -> RunOut:
    """With how far it is and what the other side said."""
    return RunOut.of(queries.run_for(actor_of(request), id))


@router.get("/incidents/{int:id}/mitigations/offered", response=list[OfferedOut], summary="What can stop the bleeding")
def offered(request: HttpRequest, id: int) -> list[OfferedOut]:
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
def rehearse(request: HttpRequest, slug: str) -> AnsweredOut:
    """Where the target has a dry run: asks it, and changes nothing."""
    by = actor_of(request)
    return _answered(lambda: commands.dry_run(by, queries.mitigation_by(by, slug)))


@router.get("/runners", response=RunnersOut, summary="What carries mitigations out")
def list_runners(request: HttpRequest, cursor: str | None = None, limit: int = Query(50, ge=1, le=200)) -> RunnersOut:
    """Without secrets."""
    items, following = page(queries.runners_visible_to(actor_of(request)).order_by("-id"), cursor=cursor, limit=limit)
    return RunnersOut(items=[RunnerOut.of(row) for row in items], next_cursor=following)


@router.get("/runners/kinds", response=list[KindOut], summary="Kinds of runners")
def list_kinds(request: HttpRequest) -> list[KindOut]:
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
def add_runner(request: HttpRequest, body: RunnerIn) -> Status[RunnerOut]:
    """Needs a manager of the team."""
    fields = body.model_dump() | {"team": team_by(body.team)}
    return Status(201, RunnerOut.of(commands.save_runner(actor_of(request), None, **fields)))


@router.put("/runners/{slug}", response=RunnerOut, summary="Change a runner")
def change_runner(request: HttpRequest, slug: str, body: RunnerIn) -> RunnerOut:
    """Needs a manager of the team. A new address never gets the old secret."""
    by = actor_of(request)
    fields = body.model_dump() | {"team": team_by(body.team)}
    return RunnerOut.of(commands.save_runner(by, queries.runner_by(by, slug), **fields))


@router.delete("/runners/{slug}", response={204: None}, summary="Remove a runner")
def remove_runner(request: HttpRequest, slug: str) -> Status[None]:
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
