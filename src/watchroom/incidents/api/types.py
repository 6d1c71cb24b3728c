"""Incident types, and what an incident answers to the fields of its type."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status
from pydantic import ConfigDict

from ...accounts.queries import team_by
from ...api.auth import actor_of
from ...api.lists import Page
from ...api.pages import Cursor, Limit, page
from .. import commands, queries
from ..models import IncidentType

router = Router(tags=["Incidents as they are here"])


class FieldBody(Schema):
    """One question of an incident type."""

    model_config = ConfigDict(extra="forbid")  # a misspelt setting would be left out without a word

    key: str = Field(max_length=40, description="Small letters, digits and _; answers are kept under it.")
    label: str = Field(max_length=80)
    kind: str = Field("text", description="text, number, choice, date, person or link.")
    options: list[str] = Field([], description="Of a choice.")
    required: str = Field("never", description="By when it must be answered: never, declared or resolved.")
    shown: bool = Field(True, description="At the top of the room.")
    filtered: bool = Field(False, description="Offered above the list of incidents.")
    help: str = Field("", max_length=200)


class TypeBody(Schema):
    """A kind of incident with its own fields."""

    name: str = Field(max_length=80)
    team: str = Field(description="Slug of the team that keeps it.")
    description: str = Field("", max_length=300, description="When to choose it.")
    private: bool = Field(False, description="Incidents of this type begin as private ones.")
    offered: bool = Field(True, description="Whether new incidents can be of it.")
    fields: list[FieldBody] = []


class TypeIn(TypeBody):
    """A new incident type."""

    slug: str | None = Field(None, max_length=64)


class TypeOut(TypeBody):
    """An incident type as it is read."""

    slug: str

    @staticmethod
    def of(row: IncidentType) -> TypeOut:
        names = ("slug", "name", "description", "private", "offered")
        fields = [FieldBody(**each) for each in row.fields]
        return TypeOut(team=row.team.slug, fields=fields, **{name: getattr(row, name) for name in names})


@router.get("/incident-types", response=Page[TypeOut], operation_id="list_incident_types")
def list_types(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:
    """Incident types."""
    rows, following = page(queries.types_visible_to(actor_of(request)), cursor=cursor, limit=limit)
    return {"items": [TypeOut.of(row) for row in rows], "next_cursor": following}


def _save(request: HttpRequest, slug: str | None, body: TypeBody) -> TypeOut:
    by = actor_of(request)
    row = queries.type_by(by, slug) if slug else None
    return TypeOut.of(commands.save_type(by, row, **(body.model_dump() | {"team": team_by(body.team)})))


@router.post("/incident-types", response={201: TypeOut}, operation_id="create_incident_type")
def create_type(request: HttpRequest, body: TypeIn) -> Any:
    """Make an incident type."""
    return Status(201, _save(request, None, body))


@router.get("/incident-types/{slug}", response=TypeOut, operation_id="get_incident_type")
def get_type(request: HttpRequest, slug: str) -> TypeOut:
    """One incident type."""
    return TypeOut.of(queries.type_by(actor_of(request), slug))


@router.put("/incident-types/{slug}", response=TypeOut, operation_id="change_incident_type")
def change_type(request: HttpRequest, slug: str, body: TypeBody) -> TypeOut:
    """Change an incident type; what incidents have answered stays."""
    return _save(request, slug, body)


@router.delete("/incident-types/{slug}", response={204: None}, operation_id="delete_incident_type")
def delete_type(request: HttpRequest, slug: str) -> Status[None]:
    """Delete a type that no incident has."""
    by = actor_of(request)
    commands.delete_type(by, queries.type_by(by, slug))
    return Status(204, None)
