"""Handing a role over in writing."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from ...accounts.queries import person_by
from ...api.auth import actor_of
from ...kernel import clock
from .. import commands, handing_over, queries
from ..models import RoleHandoff
from ..rules.handing_over import prefilled
from ..views._catching_up import catch_up_for
from .schemas import NamedPersonOut, RoleOut

router = Router(tags=["Incidents"])


class RoleNoteOut(Schema):
    """What somebody has to know who takes over."""

    knows: str = Field(description="What is known.")
    still_open: str = Field(description="What is open.")
    following: str = Field(description="What is next.")


class HandoffIn(Schema):
    """A hand-off. Parts that are left out say what the log says."""

    to: int | str = Field(description="Id or e-mail address of who takes over; they are paged.")
    knows: str | None = Field(None, max_length=5000)
    still_open: str | None = Field(None, max_length=5000)
    following: str | None = Field(None, max_length=5000)


class RoleHandoffOut(RoleNoteOut):
    """A hand-off as it is read."""

    id: int
    incident: int
    role: str
    held_by: NamedPersonOut
    to: NamedPersonOut
    at: datetime
    state: str = Field(description="offered, accepted or declined.")
    why: str

    @staticmethod
    def of(row: RoleHandoff) -> RoleHandoffOut:
        held = row.assignment.person
        return RoleHandoffOut(
            id=row.pk,
            incident=row.assignment.incident_id,
            role=row.assignment.role,
            held_by=NamedPersonOut(id=held.pk, name=str(held)),
            to=NamedPersonOut(id=row.to_id, name=str(row.to)),
            at=row.at,
            state="offered" if row.ended_at is None else "accepted" if row.accepted else "declined",
            why=row.why,
            knows=row.knows,
            still_open=row.still_open,
            following=row.following,
        )


class DeclineIn(Schema):
    """Why not."""

    why: str = Field("", max_length=300)


@router.get("/roles/{int:id}/hand-off", response=RoleNoteOut, operation_id="draft_role_hand_off")
def draft(request: HttpRequest, id: int) -> RoleNoteOut:
    """A hand-off of this role as the log would write it."""
    by = actor_of(request)
    incident = queries.incident_for(by, queries.assignment_for(by, id).incident_id)
    note = prefilled(catch_up_for(incident, clock.now(), None))
    return RoleNoteOut(knows=note.knows, still_open=note.still_open, following=note.following)


@router.post("/roles/{int:id}/hand-off", response={201: RoleHandoffOut}, operation_id="hand_off_role")
def hand_over(request: HttpRequest, id: int, body: HandoffIn) -> Status[RoleHandoffOut]:
    """Ask somebody to take a role over, and page them. It is theirs when they accept."""
    by = actor_of(request)
    assignment = queries.assignment_for(by, id)
    incident = queries.incident_for(by, assignment.incident_id)
    note = prefilled(catch_up_for(incident, clock.now(), None))
    parts = {
        name: getattr(note, name) if said is None else said for name, said in body.model_dump(exclude={"to"}).items()
    }
    row = commands.offer_handoff(by, assignment, person_by(body.to), **parts)
    return Status(201, RoleHandoffOut.of(row))


@router.post("/roles/{int:id}/decline", response=RoleOut, summary="Say no to a role")
def decline_role(request: HttpRequest, id: int, body: DeclineIn) -> RoleOut:
    """The next one is asked at once, where a rotation has somebody."""
    by = actor_of(request)
    return RoleOut.of(commands.decline_role(by, queries.assignment_for(by, id), why=body.why))


@router.get("/role-hand-offs/{int:id}", response=RoleHandoffOut, operation_id="get_role_hand_off")
def get(request: HttpRequest, id: int) -> RoleHandoffOut:
    """One hand-off."""
    return RoleHandoffOut.of(handing_over.handoff_for(actor_of(request), id))


@router.post("/role-hand-offs/{int:id}/accept", response=RoleHandoffOut, operation_id="accept_role_hand_off")
def accept(request: HttpRequest, id: int) -> RoleHandoffOut:
    """Take the role over. Only for the receiver."""
    by = actor_of(request)
    commands.answer_handoff(by, handing_over.handoff_for(by, id), accept=True)
    return RoleHandoffOut.of(handing_over.handoff_for(by, id))


@router.post("/role-hand-offs/{int:id}/decline", response=RoleHandoffOut, operation_id="decline_role_hand_off")
def decline(request: HttpRequest, id: int, body: DeclineIn) -> RoleHandoffOut:
    """The role stays where it is."""
    by = actor_of(request)
    commands.answer_handoff(by, handing_over.handoff_for(by, id), accept=False, why=body.why)
    return RoleHandoffOut.of(handing_over.handoff_for(by, id))
