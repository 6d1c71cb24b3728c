"""Microsoft Teams: cards through a workflow's address ("When a Teams webhook request is received").

A bot that hears buttons needs an Azure subscription and an app in the tenant's catalogue; a workflow needs neither. So
its buttons open Watchroom: in a message to a person a signed link that answers without signing in.

https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using (the envelope: a
message with an attachment of type application/vnd.microsoft.card.adaptive; at most 28 KB) and
https://adaptivecards.io/explorer/ (schema 1.4)
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

from ...kernel import http
from ...kernel.errors import NotAllowed, Refused
from ...workspaces.base import Access, Card, Heard, Posted
from ...workspaces.base import Field as Setting
from .. import answers
from ..base import Delivery, DeliveryFailed, Field, Message
from ..chat import SIGNS, card_of
from ..wording import one_line

_HOW = "Make it in Teams with the workflow “Send webhook alerts to a chat” or “… to a channel”, and copy its address."
_TONES = {"alarm": "attention", "warning": "warning", "done": "good"}


def address(given: object) -> str:
    """A workflow's address. Raises ``Refused``: it is no web address, or one of a connector, which Microsoft has retired."""
    url = http.check_url(given)
    host = urlsplit(url).hostname or ""
    if host.endswith(".webhook.office.com") or host == "outlook.office.com":
        raise Refused(
            "That is the address of an Office 365 connector; Microsoft has retired them.",
            field="url",
            value=f"https://{host}/…",
            fix=_HOW,
        )
    return url


def post(url: str, card: Card) -> str:
    """Post a card. What the workflow calls the run, if it says so.

    :raises DeliveryFailed: anything but 2xx. An old connector says 200 and a failure in words: that counts as passing.
    """
    answer = answers.post(url, content=msgspec.json.encode(drawn(card)), headers={"Content-Type": "application/json"})
    said = answer.body[:500].decode(errors="replace")
    if "failed" in said.lower():
        raise DeliveryFailed(f"Teams did not take it: {one_line(said, 200)}")
    return one_line(answer.headers.get("x-ms-workflow-run-id", ""), 100)


def drawn(card: Card) -> dict[str, Any]:
    """The envelope and the card."""
    body: list[dict[str, Any]] = [
        {
            "type": "TextBlock",
            "text": f"{SIGNS.get(card.tone, '')} {one_line(card.title, 250)}",
            "weight": "bolder",
            "size": "medium",
            "wrap": True,
            "color": _TONES.get(card.tone, "default"),
        }
    ]
    if card.text:
        body.append({"type": "TextBlock", "text": card.text[:4000].replace("\n", "\n\n"), "wrap": True})
    if card.state:
        body.append({"type": "TextBlock", "text": card.state[:500], "wrap": True, "isSubtle": True})
    for part in card.parts:
        title = f"{SIGNS.get(part.tone, '')} {one_line(part.title, 250)}"
        body.append({"type": "TextBlock", "text": title, "weight": "bolder", "wrap": True, "separator": True})
        for text, subtle in ((part.text[:1000], False), (part.state[:500], True)):
            if text:
                body.append({"type": "TextBlock", "text": text.replace("\n", "\n\n"), "wrap": True, "isSubtle": subtle})
    actions = [{"type": "Action.OpenUrl", "title": one_line(label, 60), "url": url} for label, url in card.links]
    if card.url:
        actions.append({"type": "Action.OpenUrl", "title": "Open in Watchroom", "url": card.url})
    return {
        "type": "message",
        "attachments": [
            {
                "contentType": "application/vnd.microsoft.card.adaptive",
                "contentUrl": None,
                "content": {
                    "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                    "type": "AdaptiveCard",
                    "version": "1.4",
                    "body": body,
                    "actions": actions[:6],
                },
            }
        ],
    }


class Room:
    """One room: the workflow posts into the channel or chat that it was made for."""

    def __init__(self, access: Access) -> None:
        self.url = str(access.settings["url"])

    def try_it(self) -> tuple[str, str]:
        """There is nothing to ask: a message is posted."""
        post(self.url, Card("Watchroom is connected", "This is how it posts here.", tone="info"))
        return "", "A message was posted: look into the room."

    def user(self, text: str) -> str:
        raise DeliveryFailed("a workflow knows no people.", permanent=True, fix="Give a workflow of your own.")

    def direct(self, user: str) -> str:
        return user

    def post(self, place: str, card: Card, *, key: str) -> Posted:
        return Posted(place or "room", post(self.url, card) or hashlib.sha256(key.encode()).hexdigest()[:32])

    def update(self, posted: Posted, card: Card) -> None:
        """A workflow can't change what it has posted; so the end is posted anew, and nothing in between."""
        if card.tone == "done":
            post(self.url, card)


class Product:
    """See the module's text."""

    name = "teams"
    label = "Microsoft Teams"
    summary = "Pages in a room of Teams, as a step of a policy. Buttons open Watchroom."
    fields = (Setting("url", "The workflow's address", _HOW, kind="password", required=True, secret=True),)
    rooms = False
    groups = False
    room_help = "nothing: the workflow has its room"
    polls = False
    watched = False
    takes_answers = False
    hook_help = ""

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        return {"url": address(settings["url"]) if settings.get("url") else ""}

    def describe(self, settings: Mapping[str, Any]) -> str:
        return _shown(settings)

    def client(self, access: Access) -> Room:
        return Room(access)

    def read(self, access: Access, headers: Mapping[str, str], body: bytes, at: datetime) -> list[Heard]:
        raise NotAllowed("Teams sends no answers.")

    def answer(self, access: Access, heard: Heard, text: str, *, ok: bool) -> dict[str, Any] | None:
        return None


class Channel:
    """A chat of one person's own, by a workflow of their own."""

    name = "teams"
    label = "Microsoft Teams"
    summary = "Choose this for messages in a chat of Teams; their button opens a page that answers."
    fields = (Field("url", "The workflow's address", _HOW, kind="password", secret=True),)

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        """:raises Refused: it is not a workflow's address."""
        return {"url": address(settings.get("url"))}

    def describe(self, settings: dict[str, Any]) -> str:
        return _shown(settings)

    def send(self, settings: dict[str, Any], message: Message) -> Delivery:
        """Post it. A 2xx says that the workflow has begun.

        :raises DeliveryFailed: see :func:`post`.
        """
        return Delivery(provider_id=post(str(settings["url"]), card_of(message)))


def _shown(settings: Mapping[str, Any]) -> str:
    """Scheme and host: whoever has the whole address may post."""
    try:
        return f"{http.origin(str(settings.get('url', '')))}/…"
    except ValueError:
        return "…"


product = Product()
channel = Channel()
