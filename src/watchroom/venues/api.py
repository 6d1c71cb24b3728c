"""The API of venues: bridges, plans, and where an incident meets."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router, Status

from ..accounts.queries import team_by
from ..api.auth import actor_of
from ..api.lists import Page
from ..api.pages import Cursor, Limit, page
from ..incidents.queries import incident_for
from ..kernel.errors import WatchroomError
from ..workspaces.queries import workspace_by
from . import commands, queries
from .models import Bridge, VenuePlan
from .schemas import BridgeIn, BridgeOut, BridgeTriedOut, VenueIn, VenueOut, VenuePlanIn, VenuePlanOut

router = Router(tags=["Channels and calls"])


def _save_bridge(request: HttpRequest, row: Bridge | None, body: BridgeIn) -> BridgeOut:
    fields = body.model_dump() | {"team": team_by(body.team) if body.team else None}
    return BridgeOut.of(commands.save_bridge(actor_of(request), row, **fields))


def _save_plan(request: HttpRequest, row: VenuePlan | None, body: VenuePlanIn) -> VenuePlanOut:
    by = actor_of(request)
    fields = body.model_dump() | {
        "team": team_by(body.team) if body.team else None,
        "workspace": workspace_by(by, body.workspace) if body.workspace else None,
        "bridge": queries.bridge_by(by, body.bridge) if body.bridge else None,
    }
    return VenuePlanOut.of(commands.save_plan(by, row, **fields))


@router.get("/bridges", response=Page[BridgeOut], summary="List bridges")
def list_bridges(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Page[BridgeOut]:
    """What opens calls; without secrets."""
    rows, more = page(queries.bridges_visible_to(actor_of(request)), cursor=cursor, limit=limit, key="id")
    return Page(items=[BridgeOut.of(row) for row in rows], next_cursor=more)


@router.post("/bridges", response={201: BridgeOut}, summary="Add a bridge")
def create_bridge(request: HttpRequest, body: BridgeIn) -> Status[BridgeOut]:
    """Nothing is asked yet; see `/bridges/{slug}/try`."""
    return Status(201, _save_bridge(request, None, body))


@router.get("/bridges/{slug}", response=BridgeOut, summary="One bridge")
def get_bridge(request: HttpRequest, slug: str) -> BridgeOut:
    """Without its secrets."""
    return BridgeOut.of(queries.bridge_by(actor_of(request), slug))


@router.put("/bridges/{slug}", response=BridgeOut, summary="Change a bridge")
def change_bridge(request: HttpRequest, slug: str, body: BridgeIn) -> BridgeOut:
    """With a new address, secrets must be given again."""
    return _save_bridge(request, queries.bridge_by(actor_of(request), slug), body)


@router.delete("/bridges/{slug}", response={204: None}, summary="Delete a bridge")
def delete_bridge(request: HttpRequest, slug: str) -> Status[None]:
    """Refused while a plan uses it."""
    by = actor_of(request)
    commands.delete_bridge(by, queries.bridge_by(by, slug))
    return Status(204, None)


@router.post("/bridges/{slug}/try", response=BridgeTriedOut, summary="Try a bridge")
def try_bridge(request: HttpRequest, slug: str) -> BridgeTriedOut:
    """Asks something small that changes nothing."""
    by = actor_of(request)
    row = queries.bridge_by(by, slug)
    by.require(queries.needed_for(row), row.team)
    try:
        return BridgeTriedOut(ok=True, text=commands.try_bridge(by, row))
    except WatchroomError as error:
        return BridgeTriedOut(ok=False, text=str(error))


@router.get("/venue-plans", response=Page[VenuePlanOut], summary="List plans of where people meet")
def list_venue_plans(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Page[VenuePlanOut]:
    """In which chat, by which bridge, and for which incidents by itself."""
    rows, more = page(queries.plans_visible_to(actor_of(request)), cursor=cursor, limit=limit, key="id")
    return Page(items=[VenuePlanOut.of(row) for row in rows], next_cursor=more)


@router.post("/venue-plans", response={201: VenuePlanOut}, summary="Add a plan")
def create_venue_plan(request: HttpRequest, body: VenuePlanIn) -> Status[VenuePlanOut]:
    """A team's plan comes before everybody's."""
    return Status(201, _save_plan(request, None, body))


@router.get("/venue-plans/{slug}", response=VenuePlanOut, summary="One plan of where people meet")
def get_venue_plan(request: HttpRequest, slug: str) -> VenuePlanOut:
    """As it is now."""
    return VenuePlanOut.of(queries.plan_by(actor_of(request), slug))


@router.put("/venue-plans/{slug}", response=VenuePlanOut, summary="Change a plan")
def change_venue_plan(request: HttpRequest, slug: str, body: VenuePlanIn) -> VenuePlanOut:
    """What is open already stays where it is."""
    return _save_plan(request, queries.plan_by(actor_of(request), slug), body)


@router.delete("/venue-plans/{slug}", response={204: None}, summary="Delete a plan")
def delete_venue_plan(request: HttpRequest, slug: str) -> Status[None]:
    """What is open stays so."""
    by = actor_of(request)
    commands.delete_plan(by, queries.plan_by(by, slug))
    return Status(204, None)


@router.get("/incidents/{int:id}/venues", response=list[VenueOut], summary="Where an incident meets")
def list_venues(request: HttpRequest, id: int) -> list[VenueOut]:
    """Its channel and its call."""
    return [VenueOut.of(row) for row in queries.of_incident(incident_for(actor_of(request), id))]


@router.post("/incidents/{int:id}/venues", response={201: VenueOut}, summary="Have a channel made, or a call opened")
def ask_for_venue(request: HttpRequest, id: int, body: VenueIn) -> Status[VenueOut]:
    """The engine does; asking twice is asking once."""
    by = actor_of(request)
    return Status(201, VenueOut.of(commands.ask_for(by, incident_for(by, id), body.kind)))


@router.post("/venues/{int:id}/retry", response=VenueOut, summary="Try again what went wrong")
def retry_venue(request: HttpRequest, id: int) -> VenueOut:
    """At once."""
    by = actor_of(request)
    return VenueOut.of(commands.retry(by, queries.venue_for(by, id)))


@router.post("/venues/{int:id}/close", response=VenueOut, summary="Archive a channel, or end a call")
def close_venue(request: HttpRequest, id: int) -> VenueOut:
    """Before the incident's end; an hour after that it is done by itself."""
    by = actor_of(request)
    return VenueOut.of(commands.close(by, queries.venue_for(by, id)))
