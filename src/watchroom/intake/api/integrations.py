"""The API of integrations and their signals."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Status

from ...accounts.queries import team_by
from ...accounts.roles import Action
from ...api.auth import actor_of
from ...api.lists import Page
from ...api.pages import Cursor, Limit, page
from ...catalog.queries import service_by
from ...kernel import settings as conf
from ...kernel.errors import NotFound
from ...kernel.plugins import all_of
from .. import commands
from ..models import Integration, Signal
from ..queries import in_state, integrations_visible_to, signals_of
from ..schemas.integrations import IntegrationBody, IntegrationOut, SetupOut, SignalOut
from ..views.integrations import integration_for

router = Router(tags=["Alerts"])


@router.get("/integrations", response=Page[IntegrationOut], operation_id="list_integrations")
def list_integrations(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:
    """Integrations; never their keys."""
    rows, following = page(integrations_visible_to(actor_of(request)), cursor=cursor, limit=limit)
    return {"items": [IntegrationOut.of(row) for row in rows], "next_cursor": following}


def _save_integration(request: HttpRequest, slug: str | None, body: IntegrationBody) -> tuple[Integration, str | None]:
    actor = actor_of(request)
    return commands.save_integration(
        actor,
        integration_for(actor, slug) if slug else None,
        team=team_by(body.team),
        name=body.name,
        source=body.source,
        service=service_by(actor, body.service) if body.service else None,
        drill=body.drill,
        settings=body.settings,
        rate_per_minute=body.rate_per_minute,
    )


@router.post("/integrations", response={201: IntegrationOut}, operation_id="create_integration")
def create_integration(request: HttpRequest, body: IntegrationBody) -> Any:
    """Make an integration. The answer has its key, which can't be shown again."""
    return Status(201, IntegrationOut.of(*_save_integration(request, None, body)))


@router.get("/integrations/{slug}", response=IntegrationOut, operation_id="get_integration")
def get_integration(request: HttpRequest, slug: str) -> Any:
    """One integration."""
    return IntegrationOut.of(integration_for(actor_of(request), slug))


@router.get("/integrations/{slug}/setup", response=SetupOut, operation_id="show_setup")
def show_setup(request: HttpRequest, slug: str) -> Any:
    """How to point its sender at it, to copy and paste."""
    integration = integration_for(actor_of(request), slug)
    source = all_of("watchroom.sources").get(integration.source)
    address = f"{conf.current().url}/in/YOUR-KEY"
    return {"address": address, "text": source.instructions(address) if source else ""}


@router.put("/integrations/{slug}", response=IntegrationOut, operation_id="change_integration")
def change_integration(request: HttpRequest, slug: str, body: IntegrationBody) -> Any:
    """Change an integration."""
    return IntegrationOut.of(_save_integration(request, slug, body)[0])


@router.delete("/integrations/{slug}", response={204: None}, operation_id="delete_integration")
def delete_integration(request: HttpRequest, slug: str) -> Any:
    """Delete it with its signals and alerts."""
    actor = actor_of(request)
    commands.delete_integration(actor, integration_for(actor, slug))
    return Status(204, None)


@router.post("/integrations/{slug}/rotate-key", response=IntegrationOut, operation_id="rotate_integration_key")
def rotate_key(request: HttpRequest, slug: str) -> Any:
    """Give it a new key; the old one stops working at once."""
    actor = actor_of(request)
    integration = integration_for(actor, slug)
    return IntegrationOut.of(integration, commands.rotate_key(actor, integration))


@router.post("/integrations/{slug}/pause", response=IntegrationOut, operation_id="pause_integration")
def pause(request: HttpRequest, slug: str, paused: bool = True) -> Any:
    """Refuse its signals for a while, or (``paused=false``) accept them again."""
    actor = actor_of(request)
    integration = integration_for(actor, slug)
    commands.pause_integration(actor, integration, paused)
    return IntegrationOut.of(integration)


@router.get("/integrations/{slug}/signals", response=Page[SignalOut], operation_id="list_signals")
def list_signals(request: HttpRequest, slug: str, state: str = "", cursor: Cursor = None, limit: Limit = 50) -> Any:
    """What it has sent, newest first."""
    actor = actor_of(request)
    integration = integration_for(actor, slug)
    rows = signals_of(integration)
    found, following = page(in_state(rows, integration, state), cursor=cursor, limit=limit)
    manages = actor.may(Action.MANAGE, integration.team)
    return {"items": [SignalOut.of(row, manages) for row in found], "next_cursor": following}


@router.post("/signals/{id}/replay", response={202: SignalOut}, operation_id="replay_signal")
def replay(request: HttpRequest, id: int) -> Any:
    """Read a stored signal again."""
    actor = actor_of(request)
    signal = Signal.objects.filter(pk=id).first()
    if signal is not None and not integrations_visible_to(actor).filter(pk=signal.integration_id).exists():
        signal = None
    if signal is None:
        raise NotFound(f"There is no signal {id}.", field="id", value=id, fix="It may be older than signals are kept.")
    return Status(202, SignalOut.of(commands.replay_signal(actor, signal), True))
