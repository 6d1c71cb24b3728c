"""Drafts of updates, and their templates."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from ...accounts.queries import team_by
from ...api.auth import actor_of
from ...api.lists import Page
from ...api.pages import Cursor, Limit, page
from .. import commands, queries, rules
from ..models import Incident, UpdateDraft, UpdateTemplate

router = Router(tags=["Updates"])
_WORDINGS = "Other words for internal, customers or executives: happening, impact, doing."


class UpdateDraftIn(Schema):
    """The next update as far as it is written."""

    version: int = Field(
        ge=0, description="The version that you have read; 0: there was none. An older one is refused."
    )
    stage: str = "investigating"
    happening: str = ""
    impact: str = ""
    doing: str = ""
    wordings: dict[str, dict[str, str]] = Field({}, description=_WORDINGS)


class UpdateDraftOut(UpdateDraftIn):
    """The draft as it is; version 0: there is none."""

    edited_at: datetime | None
    edited_by: str | None
    publishes: bool = Field(description="Whether you may publish it.")
    rule: str = Field(description="Who may, in words.")


class TemplateBody(Schema):
    """The beginning of an update. `{title}`, `{services}`, `{severity}` and `{impact}` are filled in when it is used."""

    name: str = Field(max_length=100)
    team: str = Field(description="Slug.")
    stage: str = "investigating"
    severities: list[int] = Field([], description="For these only; empty: for all.")
    audience: str = Field("", description="internal, customers or executives; empty: everybody's words.")
    happening: str = ""
    impact: str = ""
    doing: str = ""


class TemplateIn(TemplateBody):
    """A new template."""

    slug: str | None = Field(None, max_length=64)


class TemplateOut(TemplateBody):
    """A template as it is read."""

    slug: str

    @staticmethod
    def of(row: UpdateTemplate) -> TemplateOut:
        names = ("slug", "name", "stage", "severities", "audience", "happening", "impact", "doing")
        return TemplateOut(team=row.team.slug, **{name: getattr(row, name) for name in names})


def _draft(request: HttpRequest, incident: Incident) -> UpdateDraftOut:
    by = actor_of(request)
    row = UpdateDraft.objects.select_related("edited_by").filter(incident=incident).first()
    said = (
        {name: getattr(row, name) for name in ("version", "stage", *rules.PARTS, "wordings")} if row else {"version": 0}
    )
    return UpdateDraftOut(
        **said,
        edited_at=row.edited_at if row else None,
        edited_by=str(row.edited_by) if row and row.edited_by else None,
        publishes=commands.may_publish(by, incident),
        rule=rules.publishing_rule(commands.taken_roles(incident)),
    )


@router.get("/incidents/{int:id}/draft", response=UpdateDraftOut, operation_id="get_update_draft")
def get_draft(request: HttpRequest, id: int) -> UpdateDraftOut:
    """The next update, while it is being written."""
    return _draft(request, queries.incident_for(actor_of(request), id))


@router.put("/incidents/{int:id}/draft", response=UpdateDraftOut, operation_id="save_update_draft")
def save_draft(request: HttpRequest, id: int, body: UpdateDraftIn) -> UpdateDraftOut:
    """Save it. 409 when somebody has saved another version since: nothing is merged."""
    by = actor_of(request)
    incident = queries.incident_for(by, id)
    commands.save_draft(by, incident, **body.model_dump())
    return _draft(request, incident)


@router.delete("/incidents/{int:id}/draft", response={204: None}, operation_id="discard_update_draft")
def discard_draft(request: HttpRequest, id: int, version: int) -> Status[None]:
    """Throw it away."""
    by = actor_of(request)
    commands.discard_draft(by, queries.incident_for(by, id), version=version)
    return Status(204, None)


@router.get("/update-templates", response=Page[TemplateOut], operation_id="list_update_templates")
def list_templates(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:
    """Templates of updates."""
    rows, following = page(queries.templates_visible_to(actor_of(request)), cursor=cursor, limit=limit)
    return {"items": [TemplateOut.of(row) for row in rows], "next_cursor": following}


def _save(request: HttpRequest, slug: str | None, body: TemplateBody) -> TemplateOut:
    by = actor_of(request)
    row = queries.template_by(by, slug) if slug else None
    said = body.model_dump() | {"team": team_by(body.team)}
    return TemplateOut.of(commands.save_template(by, row, **said))


@router.post("/update-templates", response={201: TemplateOut}, operation_id="create_update_template")
def create_template(request: HttpRequest, body: TemplateIn) -> Any:
    """Make a template."""
    return Status(201, _save(request, None, body))


@router.get("/update-templates/{slug}", response=TemplateOut, operation_id="get_update_template")
def get_template(request: HttpRequest, slug: str) -> TemplateOut:
    """One template."""
    return TemplateOut.of(queries.template_by(actor_of(request), slug))


@router.put("/update-templates/{slug}", response=TemplateOut, operation_id="change_update_template")
def change_template(request: HttpRequest, slug: str, body: TemplateBody) -> TemplateOut:
    """Change a template."""
    return _save(request, slug, body)


@router.delete("/update-templates/{slug}", response={204: None}, operation_id="delete_update_template")
def delete_template(request: HttpRequest, slug: str) -> Status[None]:
    """Delete a template."""
    by = actor_of(request)
    commands.delete_template(by, queries.template_by(by, slug))
    return Status(204, None)
