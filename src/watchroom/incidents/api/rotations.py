"""Role rotations, and who is needed in an incident."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from ...accounts.queries import person_by, team_by
from ...api.auth import actor_of
from ...api.lists import Page
from ...api.pages import Cursor, Limit, page
from ...catalog.queries import service_by
from ...oncall.queries import schedule_by
from .. import assembly, commands, queries
from ..models import RoleRotation
from .schemas import NamedPersonOut, RoleOut

router = Router(tags=["Incidents as they are here"])


class RotationBody(Schema):
    """Who is asked for a role by itself: exactly one of a schedule and a person."""

    role: str = Field(description="commander, operations, communications, scribe or expert.")
    team: str | None = Field(None, description="Slug: in incidents of this team. Without team and service: in all.")
    service: str | None = Field(None, description="Slug: in incidents about this service.")
    schedule: str | None = Field(None, description="Slug: whoever is on call in it, then the next ones.")
    person: int | str | None = Field(None, description="Id or e-mail address.")
    least_severity: int = Field(5, ge=1, le=5, description="For SEV1 up to this one.")
    answer_minutes: int = Field(5, ge=1, le=120, description="After so long without an answer the next one is asked.")


class RoleRotationIn(RotationBody):
    """A new role rotation."""

    slug: str | None = Field(None, max_length=64)


class RoleRotationOut(Schema):
    """A role rotation as it is read."""

    slug: str
    role: str
    team: str | None
    service: str | None
    schedule: str | None
    person: NamedPersonOut | None
    least_severity: int
    answer_minutes: int

    @staticmethod
    def of(row: RoleRotation) -> RoleRotationOut:
        return RoleRotationOut(
            slug=row.slug,
            role=row.role,
            team=row.team.slug if row.team else None,
            service=row.service.slug if row.service else None,
            schedule=row.schedule.slug if row.schedule else None,
            person=NamedPersonOut.of(row.person),
            least_severity=row.least_severity,
            answer_minutes=row.answer_minutes,
        )


class CandidateOut(Schema):
    """Somebody who could be asked."""

    person: NamedPersonOut
    why: str


class NeededOut(Schema):
    """A role that is needed, or that somebody is there for."""

    role: str
    required: bool = Field(description="The severity asks for it.")
    holders: list[RoleOut]
    candidates: list[CandidateOut] = Field(description="Who could be asked, the nearest first.")

    @staticmethod
    def of(found: assembly.Needed) -> NeededOut:
        return NeededOut(
            role=found.role.value,
            required=found.required,
            holders=[RoleOut.of(row) for row in found.holders],
            candidates=[
                CandidateOut(person=NamedPersonOut(id=each.person.pk, name=str(each.person)), why=each.why)
                for each in found.candidates
            ],
        )


@router.get("/role-rotations", response=Page[RoleRotationOut], operation_id="list_role_rotations")
def list_rotations(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:
    """Who is asked for which role by itself."""
    rows, following = page(queries.rotations_visible_to(actor_of(request)), cursor=cursor, limit=limit)
    return {"items": [RoleRotationOut.of(row) for row in rows], "next_cursor": following}


def _save(request: HttpRequest, slug: str | None, body: RotationBody) -> RoleRotationOut:
    by = actor_of(request)
    row = queries.rotation_by(by, slug) if slug else None
    said = body.model_dump() | {
        "team": team_by(body.team) if body.team else None,
        "service": service_by(by, body.service) if body.service else None,
        "schedule": schedule_by(by, body.schedule) if body.schedule else None,
        "person": person_by(body.person) if body.person else None,
    }
    return RoleRotationOut.of(commands.save_rotation(by, row, **said))


@router.post("/role-rotations", response={201: RoleRotationOut}, operation_id="create_role_rotation")
def create_rotation(request: HttpRequest, body: RoleRotationIn) -> Any:
    """Make a role rotation."""
    return Status(201, _save(request, None, body))


@router.get("/role-rotations/{slug}", response=RoleRotationOut, operation_id="get_role_rotation")
def get_rotation(request: HttpRequest, slug: str) -> RoleRotationOut:
    """One role rotation."""
    return RoleRotationOut.of(queries.rotation_by(actor_of(request), slug))


@router.put("/role-rotations/{slug}", response=RoleRotationOut, operation_id="change_role_rotation")
def change_rotation(request: HttpRequest, slug: str, body: RotationBody) -> RoleRotationOut:
    """Change a role rotation."""
    return _save(request, slug, body)


@router.delete("/role-rotations/{slug}", response={204: None}, operation_id="delete_role_rotation")
def delete_rotation(request: HttpRequest, slug: str) -> Status[None]:
    """Ask nobody by it any more."""
    by = actor_of(request)
    commands.delete_rotation(by, queries.rotation_by(by, slug))
    return Status(204, None)


@router.get("/incidents/{int:id}/needed", response=list[NeededOut], operation_id="list_needed_roles")
def needed(request: HttpRequest, id: int) -> list[NeededOut]:
    """Who is needed: the roles that the severity asks for, who has them, and who could be asked."""
    return [NeededOut.of(each) for each in assembly.needed_in(queries.incident_for(actor_of(request), id))]


@router.post("/incidents/{int:id}/assemble", response=list[RoleOut], operation_id="assemble_incident")
def assemble(request: HttpRequest, id: int) -> list[RoleOut]:
    """Page everybody who is needed and not there yet. Returns whom."""
    by = actor_of(request)
    return [RoleOut.of(each) for each in commands.assemble(by, queries.incident_for(by, id))]
