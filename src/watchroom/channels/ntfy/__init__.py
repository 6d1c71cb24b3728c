"""ntfy: push to a phone or desktop with the ntfy app, through ntfy.sh or a server of one's own.

Wire format: "Publish as JSON", https://docs.ntfy.sh/publish/#publish-as-json; limits from the server's source
(messages over 4,096 bytes become attachments, a JSON body ends at 8,192 bytes, three actions, topics
``[-_A-Za-z0-9]{1,64}``). ``sequence_id`` (ntfy 2.16 and later; older servers ignore it) is the same for every retry
of a message, so that the app shows it once.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

import msgspec

from ...kernel import http
from ...kernel.errors import Refused
from .. import answers
from ..base import Delivery, Field, Link, Message
from ..wording import one_line, title

SERVER = "https://ntfy.sh"
_TOPIC = re.compile(r"[-_A-Za-z0-9]{1,64}")
_MESSAGE_LIMIT_BYTES = 3_500
_JSON_LIMIT_BYTES = 8_000
_ACTIONS = 3
_PRIORITY_URGENT, _PRIORITY_NORMAL = 5, 3


class Ntfy:
    """See the module's text."""

    name = "ntfy"
    label = "ntfy"
    summary = (
        "Choose this for loud push messages on a phone without a phone contract; free, and you can host it yourself."
    )
    fields = (
        Field(
            "topic",
            "Topic",
            "The one that the app is subscribed to. Whoever knows it can read it: make it hard to guess.",
        ),
        Field("server", "Server", f"Leave empty for {SERVER}.", kind="url", required=False),
        Field("token", "Access token", "Only for a protected topic.", kind="password", required=False, secret=True),
    )

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        """:raises Refused: the topic or token has characters that ntfy does not take, or the server is forbidden."""
        topic, token = (str(settings.get(name) or "").strip() for name in ("topic", "token"))
        if not _TOPIC.fullmatch(topic):
            raise Refused(
                "That is not an ntfy topic.",
                field="topic",
                value=topic[:100],
                fix="Use 1 to 64 letters, digits, - and _.",
            )
        if token and not re.fullmatch(r"[!-~]{1,200}", token):
            raise Refused(
                "That is not an access token.",
                field="token",
                value="(secret)",
                fix="Paste the token as ntfy shows it; it starts with tk_.",
            )
        server = http.check_url(settings.get("server") or SERVER, field="server").rstrip("/")
        return {"topic": topic, "server": server, "token": token}

    def describe(self, settings: dict[str, Any]) -> str:
        """The topic is as good as a password: only its beginning is shown."""
        host = http.origin(str(settings.get("server") or SERVER)).partition("://")[2]
        return f"topic {str(settings.get('topic', ''))[:3]}… on {host}"

    def send(self, settings: dict[str, Any], message: Message) -> Delivery:
        """Publish. ntfy says that it took the message, not that the device has it.

        :raises DeliveryFailed: see :func:`..answers.post`; a wrong token or topic (401, 403, 404) is permanent.
        """
        headers = {"Content-Type": "application/json"}
        if token := settings.get("token"):
            headers["Authorization"] = f"Bearer {token}"
        server = str(settings.get("server") or SERVER).rstrip("/")
        answer = answers.post(f"{server}/", content=encode(str(settings["topic"]), message), headers=headers)
        return Delivery(provider_id=answers.provider_id(answer))


def encode(topic: str, message: Message) -> bytes:
    """The JSON to publish, always within the server's limits: the text gives way first, then the actions."""
    text, actions = _cut(message.body.strip() or title(message), _MESSAGE_LIMIT_BYTES), _actions(message)
    while True:
        payload: dict[str, Any] = {
            "topic": topic,
            "title": title(message),
            "message": text,
            "priority": _PRIORITY_URGENT if message.urgent and message.purpose != "verify" else _PRIORITY_NORMAL,
            "tags": _tags(message),
            "sequence_id": hashlib.sha256(message.key.encode()).hexdigest()[:32],
        }
        if message.url:
            payload["click"] = message.url
        if actions:
            payload["actions"] = [_button(link) for link in actions]
        encoded = msgspec.json.encode(payload)
        if len(encoded) <= _JSON_LIMIT_BYTES or not (len(text) > 200 or actions):
            return encoded
        if len(text) > 200:
            text = _cut(text, len(text.encode()) // 2)
        else:
            actions = actions[:-1]


def _actions(message: Message) -> list[Link]:
    """What answers, and last the page about it."""
    links = [link for link in message.actions if one_line(link.label) and link.url]
    if message.url and any(link.acts for link in links):
        links = [*links[: _ACTIONS - 1], Link("Open", message.url)]
    return links[:_ACTIONS]


def _button(link: Link) -> dict[str, Any]:
    """One tap answers where a bare POST does; else it opens the page. https://docs.ntfy.sh/publish/#action-buttons"""
    button = {"label": one_line(link.label, 40), "url": link.url, "clear": True}
    return {"action": "http", "method": "POST", **button} if link.acts else {"action": "view", **button}


def _tags(message: Message) -> list[str]:
    """Emoji short codes (https://docs.ntfy.sh/emojis/) come first, then the purpose as a word."""
    if message.purpose == "resolved":
        picture = "white_check_mark"
    elif message.purpose == "verify":
        picture = "key"
    elif message.drill:
        picture = "test_tube"
    else:
        picture = "rotating_light" if message.urgent else "bell"
    return [picture, message.purpose, *(["drill"] if message.drill else [])]


def _cut(text: str, limit_bytes: int) -> str:
    """``text`` within ``limit_bytes`` of UTF-8, whole characters only."""
    raw = text.encode(errors="replace")
    if len(raw) <= limit_bytes:
        return raw.decode()
    return raw[: max(limit_bytes - 3, 0)].decode(errors="ignore") + "…"


channel = Ntfy()
