"""Services over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from ..accounts.queries import team_by
from ..api.auth import actor_of
from ..api.lists import Page
from ..api.pages import Cursor, Limit, page
from ..kernel.errors import Refused
from ..paging.models import EscalationPolicy
from . import commands, queries
from .models import Service

router = Router(tags=["Services"])


class LinkIO(Schema):
    """Where something about the service is to be found."""

    kind: Literal["runbook", "dashboard", "logs", "traces", "repository", "docs", "other"] = "other"
    label: str = ""
    url: str


class ServiceOut(Schema):
    """Something that people or other services rely on."""

    id: int
    name: str
    slug: str
    team: str = Field(description="Slug of the owner.")
    description: str
    tier: int = Field(description="1 (customers notice at once) to 4.")
    labels: dict[str, str]
    links: list[LinkIO]
    needs: list[str] = Field(description="Slugs of the services without which it does not work.")
    needed_by: list[str] = Field(description="Slugs.")
    policy: str | None = Field(description="Slug of its escalation policy.")
    created_at: datetime

    @classmethod
    def of(cls, row: Service) -> ServiceOut:
        """Of a service with everything prefetched."""
        return cls(
            id=row.pk,
            name=row.name,
            slug=row.slug,
            team=row.team.slug,
            description=row.description,
            tier=row.tier,
            labels=row.labels,
            links=[LinkIO(kind=link.kind, label=link.label, url=link.url) for link in row.links.all()],  # type: ignore[arg-type]
            needs=sorted(each.needs.slug for each in row.needs.all()),
            needed_by=sorted(each.service.slug for each in row.needed_by.all()),
            policy=row.policy.slug if row.policy else None,
            created_at=row.created_at,
        )


class ServiceIn(Schema):
    """A new service."""

    name: str
    team: str = Field(description="Slug of the owner.")
    slug: str | None = Field(None, description="Left out, it is made of the name.")
    description: str = ""
    tier: int = Field(2, ge=1, le=4)
    labels: dict[str, str] = {}
    links: list[LinkIO] = []
    needs: list[str] = Field([], description="Slugs.")
    policy: str | None = Field(None, description="Slug.")


class ServicePatch(Schema):
    """What is given changes; an empty policy takes it away."""

    name: str | None = None
    team: str | None = None
    slug: str | None = None
    description: str | None = None
    tier: int | None = Field(None, ge=1, le=4)
    labels: dict[str, str] | None = None
    links: list[LinkIO] | None = None
    needs: list[str] | None = None
    policy: str | None = None


def _policy(slug: str | None) -> int | None:
    if not slug:
        return None
    pk = EscalationPolicy.objects.filter(slug=slug).values_list("pk", flat=True).first()
    if pk is None:
        raise Refused(f"There is no escalation policy {slug!r}.", field="policy", value=slug, fix="See GET /policies.")
    return pk


def _full(request: HttpRequest, slug: str) -> ServiceOut:
    by = actor_of(request)
    queries.service_by(by, slug)
    rows = queries.services_visible_to(by).prefetch_related("links", "needs__needs", "needed_by__service")
    return ServiceOut.of(rows.get(slug=slug))


@router.get("/services", response=Page[ServiceOut], summary="List services")
def list_services(
    request: HttpRequest,
    q: str = Query("", description="Part of a name."),
    team: str = Query("", description="Slug."),
    tier: int | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ServiceOut]:
    """Newest first."""
    rows = queries.services_visible_to(actor_of(request)).prefetch_related(
        "links", "needs__needs", "needed_by__service"
    )
    if q:
        rows = rows.filter(name__icontains=q)
    if team:
        rows = rows.filter(team__slug=team)
    if tier is not None:
        rows = rows.filter(tier=tier)
    items, following = page(rows, cursor=cursor, limit=limit)
    return Page[ServiceOut](items=[ServiceOut.of(row) for row in items], next_cursor=following)


@router.post("/services", response={201: ServiceOut}, summary="Add a service")
def create_service(request: HttpRequest, body: ServiceIn) -> Status[ServiceOut]:
    """For managers of the team that owns it."""
    by = actor_of(request)
    made = commands.save_service(
        by,
        None,
        team=team_by(body.team),
        name=body.name,
        slug=body.slug,
        description=body.description,
        tier=body.tier,
        labels=body.labels,
        links=[link.model_dump() for link in body.links],
        needs=queries.ids_of(by, body.needs),
        policy=_policy(body.policy),
    )
    return Status(201, _full(request, made.slug))


@router.get("/services/{slug:slug}", response=ServiceOut, summary="One service")
def get_service(request: HttpRequest, slug: str) -> ServiceOut:
    """With links and dependencies."""
    return _full(request, slug)


@router.patch("/services/{slug:slug}", response=ServiceOut, summary="Change a service")
def patch_service(request: HttpRequest, slug: str, body: ServicePatch) -> ServiceOut:
    """A dependency that leads back to the service is refused; the answer names the way."""
    by = actor_of(request)
    row = queries.service_by(by, slug)
    given = body.model_fields_set
    saved = commands.save_service(
        by,
        row,
        team=team_by(body.team) if body.team else row.team,
        name=row.name if body.name is None else body.name,
        slug=body.slug or None,
        description=row.description if body.description is None else body.description,
        tier=body.tier or row.tier,
        labels=body.labels,
        links=None if body.links is None else [link.model_dump() for link in body.links],
        needs=None if body.needs is None else queries.ids_of(by, body.needs),
        policy=_policy(body.policy) if "policy" in given else row.policy_id,
    )
    return _full(request, saved.slug)


@router.delete("/services/{slug:slug}", response={204: None}, summary="Delete a service")
def delete_service(request: HttpRequest, slug: str) -> Status[None]:
    """Refused while an integration or a route names it."""
    by = actor_of(request)
    commands.delete_service(by, queries.service_by(by, slug))
    return Status(204, None)
