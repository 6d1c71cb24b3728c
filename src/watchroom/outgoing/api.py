"""The API of webhooks and events."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Query, Router, Status

from ..accounts.queries import team_by
from ..api.auth import actor_of
from ..api.lists import Page
from ..api.pages import Cursor, Limit, page
from ..kernel.checks import chosen
from . import commands, queries
from .catalog import TYPES, schema_of
from .models import Dispatch, Webhook
from .schemas import (
    DeliveryInFullOut,
    EventTypeOut,
    ReplayIn,
    SecretIn,
    SecretOut,
    WebhookDeliveryOut,
    WebhookIn,
    WebhookOut,
    WebhookReplayedOut,
)

router = Router(tags=["Webhooks"])


def _save(request: HttpRequest, row: Webhook | None, body: WebhookIn) -> WebhookOut:
    fields = body.model_dump() | {
        "team": team_by(body.team) if body.team else None,
        "secret": body.secret or "",
    }
    return WebhookOut.of(*commands.save_webhook(actor_of(request), row, **fields))


@router.get("/event-types", response=list[EventTypeOut], summary="Kinds of events")
def list_event_types(request: HttpRequest) -> list[EventTypeOut]:
    """Everything that a webhook can be told of, with its JSON Schema."""
    actor_of(request)
    return [EventTypeOut(type=each.name, text=each.text, event_schema=schema_of(each)) for each in TYPES.values()]


@router.get("/webhooks", response=Page[WebhookOut], summary="List webhooks")
def list_webhooks(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Page[WebhookOut]:
    """Those that you may change; without their secrets."""
    rows, more = page(queries.visible_to(actor_of(request)), cursor=cursor, limit=limit, key="id")
    return Page(items=[WebhookOut.of(row) for row in rows], next_cursor=more)


@router.post("/webhooks", response={201: WebhookOut}, summary="Add a webhook")
def create_webhook(request: HttpRequest, body: WebhookIn) -> Status[WebhookOut]:
    """The secret that signs is in this answer only."""
    return Status(201, _save(request, None, body))


@router.get("/webhooks/{slug}", response=WebhookOut, summary="One webhook")
def get_webhook(request: HttpRequest, slug: str) -> WebhookOut:
    """Without its secret."""
    return WebhookOut.of(queries.webhook_by(actor_of(request), slug))


@router.put("/webhooks/{slug}", response=WebhookOut, summary="Change a webhook")
def change_webhook(request: HttpRequest, slug: str, body: WebhookIn) -> WebhookOut:
    """Another address gets a new secret, which is in this answer only."""
    return _save(request, queries.webhook_by(actor_of(request), slug), body)


@router.delete("/webhooks/{slug}", response={204: None}, summary="Delete a webhook")
def delete_webhook(request: HttpRequest, slug: str) -> Status[None]:
    """With what it was told."""
    by = actor_of(request)
    commands.delete_webhook(by, queries.webhook_by(by, slug))
    return Status(204, None)


@router.post("/webhooks/{slug}/secret", response=SecretOut, summary="Make a new secret")
def renew_webhook_secret(request: HttpRequest, slug: str, body: SecretIn | None = None) -> SecretOut:
    """The old one stops signing at once, or after the overlap."""
    by = actor_of(request)
    hours = body.overlap_hours if body else 0
    return SecretOut(secret=commands.renew_secret(by, queries.webhook_by(by, slug), overlap_hours=hours))


@router.delete("/webhooks/{slug}/old-secret", response={204: None}, summary="End the overlap of secrets")
def drop_old_webhook_secret(request: HttpRequest, slug: str) -> Status[None]:
    """The secret before signs nothing any more."""
    by = actor_of(request)
    commands.drop_old_secret(by, queries.webhook_by(by, slug))
    return Status(204, None)


@router.post("/webhooks/{slug}/test", response=WebhookDeliveryOut, summary="Send a test event")
def test_webhook(request: HttpRequest, slug: str) -> WebhookDeliveryOut:
    """See what came of it at `/webhook-deliveries/{id}`."""
    by = actor_of(request)
    return WebhookDeliveryOut.of(commands.test(by, queries.webhook_by(by, slug)))


@router.post("/webhooks/{slug}/replay", response=WebhookReplayedOut, summary="Replay what was told since a time")
def replay_webhook(request: HttpRequest, slug: str, body: ReplayIn) -> WebhookReplayedOut:
    """Under the same ids, at most 5,000 at a time."""
    by = actor_of(request)
    row = queries.webhook_by(by, slug)
    return WebhookReplayedOut(replayed=commands.replay_since(by, row, body.since, only_failed=body.only_failed))


@router.get("/webhooks/{slug}/deliveries", response=Page[WebhookDeliveryOut], summary="What a webhook was told")
def list_webhook_deliveries(
    request: HttpRequest,
    slug: str,
    state: str = Query("", description="waiting, sending, sent, failed or dropped."),
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[WebhookDeliveryOut]:
    """The newest first."""
    by = actor_of(request)
    rows = queries.dispatches_visible_to(by).filter(webhook=queries.webhook_by(by, slug))
    if state:
        chosen(state, Dispatch.State.values, "state", field="state")
    found, more = page(rows.filter(state=state) if state else rows, cursor=cursor, limit=limit, key="-id")
    return Page(items=[WebhookDeliveryOut.of(row) for row in found], next_cursor=more)


@router.get("/webhook-deliveries/{int:id}", response=DeliveryInFullOut, summary="One event for one webhook")
def get_webhook_delivery(request: HttpRequest, id: int) -> DeliveryInFullOut:
    """With what is posted, and every try."""
    return DeliveryInFullOut.whole(queries.dispatch_for(actor_of(request), id))


@router.post("/webhook-deliveries/{int:id}/replay", response=WebhookDeliveryOut, summary="Replay one event")
def replay_webhook_delivery(request: HttpRequest, id: int) -> WebhookDeliveryOut:
    """Under the same id."""
    by = actor_of(request)
    commands.replay(by, queries.dispatch_for(by, id))
    return WebhookDeliveryOut.of(queries.dispatch_for(by, id))
