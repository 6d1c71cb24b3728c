"""Chats and webhooks: done outside of any transaction where another server is spoken to."""

from __future__ import annotations

from ...channels.base import DeliveryFailed
from ...kernel.errors import Conflict, Refused
from ...outgoing.commands import send_event
from ...outgoing.models import Event, Webhook
from ...paging.rooms import by_its_clock
from ...workspaces.base import Card
from ...workspaces.models import Workspace
from ...workspaces.queries import client_of
from .deed import Action, Deed, Doing, one_of, text_of


def _room(action: Action) -> tuple[Workspace, str, str]:
    workspace: Workspace = one_of(Workspace, action, "workspace")
    room = str(action.get("room") or "").strip()
    if not room and workspace.kind != "teams":
        raise Refused("A room of the chat is missing.", field="room", value="", fix="Such as #alerts.")
    return workspace, room, text_of(action, "text")


def _post(doing: Doing, action: Action) -> str:
    workspace, room, text = _room(action)
    words = doing.words
    card = Card(title=words.into(text)[:250], tone="warning", url=words.link)
    try:
        client_of(workspace).post(room, by_its_clock(card, workspace), key=doing.key)
    except DeliveryFailed as failed:
        raise Conflict(f"It could not be posted: {failed}") from None
    return f"posted in {room or workspace}"


def _webhook(doing: Doing, action: Action) -> str:
    hook: Webhook = one_of(Webhook, action, "webhook")
    event = Event.objects.filter(key=doing.run.event_key).first()
    if event is None or send_event(doing.by, hook, event) is None:
        raise Conflict(f"{hook} is switched off, or may not hear of this incident.", field="webhook", value=hook.slug)
    return f"told {hook}"


POST = Deed(
    "Post in a chat",
    {"workspace": "Slug.", "room": "Such as #alerts.", "text": "With {severity}, {title}, {number}, {link}."},
    _room,
    lambda action: f"post in {action.get('room') or action['workspace']}: {action['text']}",
    _post,
    asks=True,
)

WEBHOOK = Deed(
    "Tell a webhook",
    {"webhook": "Slug."},
    lambda action: one_of(Webhook, action, "webhook"),
    lambda action: f"tell the webhook {action['webhook']}",
    _webhook,
)
