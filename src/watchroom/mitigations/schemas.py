"""What the API of mitigations takes and answers."""

from __future__ import annotations

from datetime import datetime

from ninja import Field, Schema

from ..kernel import asked
from ..kernel.plugins import all_of
from .commands.agents import KIND
from .commands.runners import GROUP
from .models import Execution, Mitigation, MitigationRun, Runner


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


class MitigationStepOut(Schema):
    """A step of something that is done by hand."""

    number: int
    text: str
    done_at: datetime | None
    done_by: str | None


class MitigationStepIn(Schema):
    done: bool = Field(True, description="false takes it back.")


class MitigationRunOut(Schema):
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
    steps: list[MitigationStepOut] = Field(description="Of what is done by hand: to be ticked off.")

    @staticmethod
    def of(row: MitigationRun) -> MitigationRunOut:
        return MitigationRunOut(
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
                MitigationStepOut(
                    number=step.number,
                    text=step.text,
                    done_at=step.done_at,
                    done_by=str(step.done_by) if step.done_by else None,
                )
                for step in row.steps.all()
            ],
        )


class RunsOut(Schema):
    items: list[MitigationRunOut]


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
