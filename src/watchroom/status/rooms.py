"""A room of a connected chat as a recipient of a list: in the form of a channel, which reaches no person."""

from __future__ import annotations

from typing import Any

from ..channels.base import Delivery, DeliveryFailed, Field, Message
from ..channels.chat import card_of
from ..channels.wording import one_line
from ..kernel.errors import Refused
from ..paging.rooms import by_its_clock
from ..workspaces.models import Workspace
from ..workspaces.queries import client_of, product_of


class RoomChannel:
    """``settings``: the workspace's slug, and the room as its product names it."""

    name = "room"
    label = "A room in a chat"
    summary = "Every update is posted there, for all who are in it."
    fields = (
        Field("workspace", "Chat", "Its short name, as under Chats."),
        Field("room", "Room", "Such as #status, or the room's id. Empty where the chat is one room (Teams)."),
    )

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        """:raises Refused: no such chat, or no room of it."""
        slug, room = (str(settings.get(name) or "").strip() for name in ("workspace", "room"))
        workspace = Workspace.objects.filter(slug=slug).first()
        if workspace is None:
            raise Refused("There is no such chat.", field="workspace", value=slug[:64], fix="See the page Chats.")
        if not room and workspace.kind != "teams":
            help = product_of(workspace).room_help
            raise Refused("It is not said in which room.", field="room", value="", fix=f"Write {help}.")
        if not room.isprintable() or len(room) > 200:
            raise Refused("That is no room.", field="room", value="", fix="Write its name in one line.")
        return {"workspace": slug, "room": room}

    def describe(self, settings: dict[str, Any]) -> str:
        return one_line(f"{settings['room']} {settings['workspace']}", 150)

    def send(self, settings: dict[str, Any], message: Message) -> Delivery:
        """:raises DeliveryFailed: the chat is gone, or see the product's client."""
        workspace = Workspace.objects.filter(slug=settings["workspace"]).first()
        if workspace is None:
            raise DeliveryFailed(
                "The chat is no longer connected.", permanent=True, fix="Take it off the list, or connect it again."
            )
        posted = client_of(workspace).post(settings["room"], by_its_clock(card_of(message), workspace), key=message.key)
        return Delivery(provider_id=one_line(f"{posted.place}/{posted.message}"))
