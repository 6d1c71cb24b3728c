"""The API of status pages."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from ..accounts.queries import team_by
from ..api.auth import actor_of
from ..api.lists import Page
from ..api.pages import page
from ..incidents.models import Update
from ..incidents.queries import visible_to as incidents_visible_to
from ..kernel.errors import NotFound
from . import commands
from .models import StatusPage
from .queries import page_by, visible_to

router = Router(tags=["status pages"])


class ComponentBody(Schema):
    """A part of what customers use."""

    name: str = Field(max_length=100, description="What customers call it.")
    service: str | None = Field(None, description="Slug of the service behind it, whose incidents affect it.")
    description: str = Field("", max_length=200)
    asserted: str | None = Field(
        None, description="How it is doing apart from incidents; without it, what was said before stays."
    )


class ComponentOut(ComponentBody):
    """A component as it is read."""

    id: int = Field(description="What `impacts` of an update name it by.")


class StatusPageBody(Schema):
    """A page as it is written."""

    team: str = Field(description="Slug of the team that keeps it.")
    name: str = Field(max_length=100)
    description: str = ""
    public: bool = Field(True, description="Otherwise only people who are signed in can read it.")
    components: list[ComponentBody] = Field([], description="All of them: one that is left out is deleted.")


class StatusPageIn(StatusPageBody):
    """A new page."""

    slug: str | None = Field(None, max_length=64, description="Made from the name when left out.")


class StatusPageOut(Schema):
    """A page as it is read."""

    slug: str
    team: str
    name: str
    description: str
    public: bool
    components: list[ComponentOut]
    url: str = Field(description="The page itself, relative to Watchroom's address.")

    @classmethod
    def of(cls, row: StatusPage) -> StatusPageOut:
        return cls(
            slug=row.slug,
            team=row.team.slug,
            name=row.name,
            description=row.description,
            public=row.public,
            url=f"/status/{row.slug}",
            components=[
                ComponentOut(
                    id=c.pk,
                    name=c.name,
                    service=c.service.slug if c.service else None,
                    description=c.description,
                    asserted=c.asserted,
                )
                for c in row.components.all()
            ],
        )


class PublishBody(Schema):
    """Where and how to show an update."""

    pages: list[str] = Field(description="Slugs of status pages.")
    impacts: dict[int, str] | None = Field(
        None, description="States by component id; without it, the incident's severity decides for its services."
    )
    title: str = Field("", max_length=200, description="What strangers read above the updates.")


@router.get("/status-pages", response=Page[StatusPageOut], operation_id="list_status_pages")
def list_status_pages(request: HttpRequest, cursor: str | None = None, limit: int = 50) -> Any:
    """Status pages."""
    rows, following = page(
        visible_to(actor_of(request)).prefetch_related("components__service"), cursor=cursor, limit=limit
    )
    return {"items": [StatusPageOut.of(row) for row in rows], "next_cursor": following}


def _save(request: HttpRequest, slug: str | None, body: StatusPageBody) -> StatusPageOut:
    actor = actor_of(request)
    saved = commands.save_status_page(
        actor,
        page_by(actor, slug) if slug else None,
        slug=body.slug if isinstance(body, StatusPageIn) else None,
        team=team_by(body.team),
        name=body.name,
        description=body.description,
        public=body.public,
        components=[component.model_dump() for component in body.components],
    )
    return StatusPageOut.of(saved)


@router.post("/status-pages", response={201: StatusPageOut}, operation_id="create_status_page")
def create_status_page(request: HttpRequest, body: StatusPageIn) -> Any:
    """Make a status page."""
    return Status(201, _save(request, None, body))


@router.get("/status-pages/{slug}", response=StatusPageOut, operation_id="get_status_page")
def get_status_page(request: HttpRequest, slug: str) -> Any:
    """One status page."""
    return StatusPageOut.of(page_by(actor_of(request), slug))


@router.put("/status-pages/{slug}", response=StatusPageOut, operation_id="change_status_page")
def change_status_page(request: HttpRequest, slug: str, body: StatusPageBody) -> Any:
    """Change a status page."""
    return _save(request, slug, body)


@router.delete("/status-pages/{slug}", response={204: None}, operation_id="delete_status_page")
def delete_status_page(request: HttpRequest, slug: str) -> Any:
    """Delete a status page."""
    actor = actor_of(request)
    commands.delete_status_page(actor, page_by(actor, slug))
    return Status(204, None)


@router.post("/updates/{id}/publish", response={204: None}, operation_id="show_update")
def show_update(request: HttpRequest, id: int, body: PublishBody) -> Any:
    """Show an update of an incident on status pages."""
    actor = actor_of(request)
    update = (
        Update.objects.select_related("incident__team").filter(pk=id, incident__in=incidents_visible_to(actor)).first()
    )
    if update is None:
        raise NotFound(f"There is no update {id}.", field="id", value=id, fix="See the incident's updates.")
    commands.publish(actor, update, body.pages, impacts=body.impacts, title=body.title)
    return Status(204, None)
