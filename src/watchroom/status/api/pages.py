"""Status pages, their components and copies, and updates on them."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from ...accounts.queries import team_by
from ...api.auth import actor_of
from ...api.lists import Page
from ...api.pages import Cursor, Limit, page
from ...incidents.models import Update
from ...incidents.queries import visible_to as incidents_visible_to
from ...kernel.errors import NotFound, Refused
from .. import commands
from ..models import Destination, StatusPage
from ..queries import page_by, page_url, visible_to

router = Router(tags=["Status pages"])


class ComponentBody(Schema):
    """A part of what customers use."""

    name: str = Field(max_length=100, description="What customers call it.")
    service: str | None = Field(None, description="Slug of the service behind it, whose incidents affect it.")
    description: str = Field("", max_length=200)
    asserted: str | None = Field(
        None, description="How it is doing apart from incidents; without it, what was said before stays."
    )
    group: str = Field("", max_length=100, description="The heading under which it stands.")
    automatic: str = Field(
        "off", description="What is done with what its service's incidents and checks say: off, proposed or direct."
    )
    only_if_degraded: bool = Field(False, description="Shown only while it is not operational.")


class ComponentOut(ComponentBody):
    """A component as it is read."""

    id: int = Field(description="What `impacts` of an update name it by.")
    seen: str = Field(description="What its service's incidents and checks say, where it is asked.")
    seen_reason: str = ""


class StatusPageBody(Schema):
    """A page as it is written."""

    team: str = Field(description="Slug of the team that keeps it.")
    name: str = Field(max_length=100)
    description: str | None = Field(None, description="Without it, it stays as it is.")
    public: bool | None = Field(
        None,
        description="false: for who is signed in, knows the password, or comes from the networks. Without it, it stays as "
        "it is; a new page is public.",
    )
    networks: list[str] | None = Field(None, description="Addresses and networks (CIDR) that may read it.")
    domain: str | None = Field(None, description="Its own host name, such as status.example.org; empty: none.")
    language: str | None = Field(None, description="en, de, fr or es: for readers whose own is not offered.")
    timezone: str | None = None
    colour: str | None = Field(None, description="#rrggbb on white; refused where it can't be read.")
    colour_dark: str | None = Field(None, description="#rrggbb on black.")
    support_url: str | None = Field(None, description="Where readers get help.")
    password: str | None = Field(None, description="Empty: there is none; without it, what there is stays.")
    components: list[ComponentBody] | None = Field(
        None, description="All of them: one that is left out is deleted. Without this field they stay as they are."
    )


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
    has_password: bool
    networks: list[str]
    domain: str
    language: str
    timezone: str
    colour: str
    colour_dark: str
    support_url: str
    components: list[ComponentOut]
    url: str = Field(description="The page itself, relative to Watchroom's address.")
    address: str = Field(description="Where strangers find it: under its own domain, where it has one.")

    @classmethod
    def of(cls, row: StatusPage) -> StatusPageOut:
        return cls(
            slug=row.slug,
            team=row.team.slug,
            name=row.name,
            description=row.description,
            public=row.public,
            has_password=bool(row.password),
            networks=row.networks,
            domain=row.domain,
            language=row.language,
            timezone=row.timezone,
            colour=row.colour,
            colour_dark=row.colour_dark,
            support_url=row.support_url,
            url=f"/status/{row.slug}",
            address=page_url(row),
            components=[
                ComponentOut(
                    id=c.pk,
                    name=c.name,
                    service=c.service.slug if c.service else None,
                    description=c.description,
                    asserted=c.asserted,
                    group=c.group.name if c.group else "",
                    automatic=c.automatic,
                    only_if_degraded=c.only_if_degraded,
                    seen=c.seen,
                    seen_reason=c.seen_reason,
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
def list_status_pages(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:
    """Status pages."""
    rows, following = page(
        visible_to(actor_of(request)).prefetch_related("components__service", "components__group"),
        cursor=cursor,
        limit=limit,
    )
    return {"items": [StatusPageOut.of(row) for row in rows], "next_cursor": following}


def _save(request: HttpRequest, slug: str | None, body: StatusPageBody) -> StatusPageOut:
    actor = actor_of(request)
    saved = commands.save_status_page(
        actor,
        page_by(actor, slug) if slug else None,
        slug=body.slug if isinstance(body, StatusPageIn) else None,
        **(body.model_dump(exclude={"slug"}) | {"team": team_by(body.team)}),
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


class ComponentStateBody(Schema):
    """How a component is."""

    state: str = Field(
        description="operational, under_maintenance, degraded_performance, partial_outage or major_outage."
    )


@router.put("/status-pages/{slug}/components/{id}", response=StatusPageOut, operation_id="assert_component")
def assert_component(request: HttpRequest, slug: str, id: int, body: ComponentStateBody) -> Any:
    """Say how a component is, apart from incidents; the same accepts what its service proposes."""
    actor = actor_of(request)
    found = page_by(actor, slug).components.select_related("page__team").filter(pk=id).first()
    if found is None:
        raise NotFound("There is no such component on this page.", field="id", value=id, fix="Read the page again.")
    commands.assert_component(actor, found, body.state)
    return StatusPageOut.of(page_by(actor, slug))


class LogoBody(Schema):
    """A picture."""

    data: str = Field(max_length=400_000, description="PNG, JPEG, GIF or WebP in base64; empty: none.")


@router.put("/status-pages/{slug}/logo", response={204: None}, operation_id="set_status_page_logo")
def set_logo(request: HttpRequest, slug: str, body: LogoBody) -> Any:
    """Another picture on top of the page."""
    actor = actor_of(request)
    try:
        picture = base64.b64decode(body.data, validate=True)
    except ValueError:  # not base64, or letters beyond ASCII
        raise Refused("That is not base64.", field="data", value=body.data[:40], fix="Encode the file.") from None
    commands.set_logo(actor, page_by(actor, slug), picture or None)
    return Status(204, None)


class CopiesBody(Schema):
    """A bucket of S3-compatible storage that the page is copied to on each change."""

    endpoint: str = Field(description="For example https://s3.eu-central-1.amazonaws.com.")
    bucket: str
    region: str = "us-east-1"
    prefix: str = ""
    access_key: str | None = Field(None, description="Never read back; without it, what there is stays.")
    secret_key: str | None = Field(None, description="The same.")


class CopiesOut(Schema):
    """Where the page is copied to, and how it went."""

    endpoint: str
    bucket: str
    region: str
    prefix: str
    pushed_at: datetime | None
    problem: str
    due_at: datetime | None
    files: int

    @classmethod
    def of(cls, row: Destination) -> CopiesOut:
        names = ("endpoint", "bucket", "region", "prefix", "pushed_at", "problem", "due_at")
        return cls(files=len(row.pushed), **{name: getattr(row, name) for name in names})


def _destination(page_: StatusPage) -> CopiesOut:
    row = Destination.objects.filter(page=page_).first()
    if row is None:
        raise NotFound("This page is not copied anywhere.", field="slug", value=page_.slug, fix="Set a bucket.")
    return CopiesOut.of(row)


@router.get("/status-pages/{slug}/copies", response=CopiesOut, operation_id="get_status_page_copies")
def get_copies(request: HttpRequest, slug: str) -> Any:
    """Where the page is copied to."""
    return _destination(page_by(actor_of(request), slug))


@router.put("/status-pages/{slug}/copies", response=CopiesOut, operation_id="set_status_page_copies")
def set_copies(request: HttpRequest, slug: str, body: CopiesBody) -> Any:
    """Copy the page to a bucket from now on."""
    actor = actor_of(request)
    return CopiesOut.of(commands.save_destination(actor, page_by(actor, slug), **body.model_dump()))


@router.delete("/status-pages/{slug}/copies", response={204: None}, operation_id="remove_status_page_copies")
def remove_copies(request: HttpRequest, slug: str) -> Any:
    """Copy it no more."""
    actor = actor_of(request)
    commands.remove_destination(actor, page_by(actor, slug))
    return Status(204, None)
