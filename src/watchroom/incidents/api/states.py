"""The states that an organisation or a team gives the life of its incidents, and moving an incident through them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from ...accounts.queries import team_by
from ...api.auth import actor_of
from ...api.lists import Page
from ...api.pages import Cursor, Limit, page
from .. import commands, queries
from ..models import IncidentState, Phase
from ..states import offered_to, state_by, states_visible_to
from .incidents import detail
from .schemas import IncidentDetailOut

router = Router(tags=["Incidents as they are here"])


class StateBody(Schema):
    """A state within one of the fixed phases; Watchroom decides by the phase alone."""

    name: str = Field(max_length=40)
    phase: str = Field(description="active, mitigated, resolved or closed. Fixed as soon as an incident is in it.")
    team: str | None = Field(None, description="Slug: for incidents of this team. Without it: for all.")
    description: str = Field("", max_length=300, description="What has to be true.")
    order: int = Field(0, ge=0, le=999, description="Within its phase; the first is entered where nobody says more.")
    types: list[str] = Field([], description="Slugs of the incident types that it is for; empty: all.")
    retired: bool = Field(False, description="It is offered no longer; what is in it stays.")


class StateIn(StateBody):
    """A new state."""

    slug: str | None = Field(None, max_length=64)


class StateOut(StateBody):
    """A state as it is read."""

    slug: str

    @staticmethod
    def of(row: IncidentState) -> StateOut:
        return StateOut(
            slug=row.slug,
            name=row.name,
            phase=row.phase,
            team=row.team.slug if row.team else None,
            description=row.description,
            order=row.order,
            types=sorted(each.slug for each in row.types.all()),
            retired=row.retired_at is not None,
        )


class MoveIn(Schema):
    """Where it goes."""

    state: str = Field(description="Slug of a state; or a phase: then the first state of it.")


@router.get("/incident-states", response=Page[StateOut], operation_id="list_incident_states")
def list_states(
    request: HttpRequest,
    phase: str = Query("", description="active, mitigated, resolved or closed."),
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Any:
    """The states of the life of incidents."""
    rows = states_visible_to(actor_of(request))
    found, following = page(rows.filter(phase=phase) if phase else rows, cursor=cursor, limit=limit)
    return {"items": [StateOut.of(row) for row in found], "next_cursor": following}


def _save(request: HttpRequest, slug: str | None, body: StateBody) -> StateOut:
    by = actor_of(request)
    row = state_by(by, slug) if slug else None
    said = body.model_dump() | {
        "team": team_by(body.team) if body.team else None,
        "types": [queries.type_by(by, each) for each in body.types],
    }
    return StateOut.of(state_by(by, commands.save_state(by, row, **said).slug))


@router.post("/incident-states", response={201: StateOut}, operation_id="create_incident_state")
def create_state(request: HttpRequest, body: StateIn) -> Any:
    """Make a state."""
    return Status(201, _save(request, None, body))


@router.get("/incident-states/{slug}", response=StateOut, operation_id="get_incident_state")
def get_state(request: HttpRequest, slug: str) -> StateOut:
    """One state."""
    return StateOut.of(state_by(actor_of(request), slug))


@router.put("/incident-states/{slug}", response=StateOut, operation_id="change_incident_state")
def change_state(request: HttpRequest, slug: str, body: StateBody) -> StateOut:
    """Change a state; what the log says of it stays."""
    return _save(request, slug, body)


@router.delete("/incident-states/{slug}", response={204: None}, operation_id="delete_incident_state")
def delete_state(request: HttpRequest, slug: str) -> Status[None]:
    """Delete a state in which no incident is."""
    by = actor_of(request)
    commands.delete_state(by, state_by(by, slug))
    return Status(204, None)


@router.get("/incidents/{int:id}/states", response=list[StateOut], operation_id="list_states_of_incident")
def states_of(request: HttpRequest, id: int) -> list[StateOut]:
    """The states that it can enter, in the order of its life."""
    by = actor_of(request)
    known = {row.pk: row for row in states_visible_to(by)}
    return [StateOut.of(known[row.pk]) for row in offered_to(queries.incident_for(by, id)) if row.pk in known]


@router.post("/incidents/{int:id}/state", response=IncidentDetailOut, operation_id="move_incident")
def move(request: HttpRequest, id: int, body: MoveIn) -> IncidentDetailOut:
    """Move it to a state, forwards or back. Within a phase nothing else follows; into another one, it is mitigated,
    resolved or reopened by that."""
    by = actor_of(request)
    to = body.state if body.state in Phase.values else state_by(by, body.state)
    commands.move_to(by, queries.incident_for(by, id), to)
    return detail(by, id)
