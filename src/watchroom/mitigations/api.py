"""The API of mitigations: the catalog, and runs in an incident."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from ..accounts.actors import Actor
from ..accounts.queries import team_by
from ..api.auth import actor_of
from ..api.pages import page
from ..catalog.models import Service
from ..catalog.queries import service_by
from ..incidents.queries import incident_for
from . import commands, queries
from .models import Mitigation, MitigationRun

router = Router(tags=["Mitigations"])


class MitigationIn(Schema):
    team: str = Field(description="Slug of the team that owns it.")
    service: str | None = Field(None, description="Slug; without it, for any service.")
    kind: str = Field("other", description="roll_back, disable, fail_over, scale_up, restart, drain, block or other.")
    name: str = Field(max_length=120)
    how: str = Field(description="Step by step, for someone without deep knowledge.")
    check_text: str = Field("", description="How to see that it worked.")
    undo: str = Field("", description="How to undo it.")
    risk: str = Field("low", description="low, medium or high.")


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
        )


class RunsOut(Schema):
    items: list[RunOut]


def _service(by: Actor, slug: str | None) -> Service | None:
    return service_by(by, slug) if slug else None


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
    fields = body.model_dump() | {"team": team_by(body.team), "service": _service(by, body.service)}
    return Status(201, MitigationOut.of(commands.save_mitigation(by, None, **fields)))


@router.put("/mitigations/{slug}", response=MitigationOut, summary="Change a mitigation")
def change_mitigation(request: HttpRequest, slug: str, body: MitigationIn) -> MitigationOut:
    """Needs a manager of the team."""
    by = actor_of(request)
    fields = body.model_dump() | {"team": team_by(body.team), "service": _service(by, body.service)}
    return MitigationOut.of(commands.save_mitigation(by, queries.mitigation_by(by, slug), **fields))


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
