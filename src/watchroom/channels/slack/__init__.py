"""Slack: direct messages and rooms with buttons, through an app of one's own (docs/chat.md has its manifest)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from ...kernel import http
from ...kernel.errors import WatchroomError
from ...workspaces.base import Access, Field, Heard
from .. import answers
from ..chat import NAMED_EMOJI, ChatChannel, emoji_field, emoji_of, setting
from . import inbound
from .client import BASE, Slack

_ANSWER_SECONDS = 2.0  # Slack shows an error to whoever pressed when its own request takes longer than three


class Product:
    """See the module's text."""

    name = "slack"
    label = "Slack"
    summary = "Pages as direct messages with buttons, rooms as steps of a policy, and /watchroom."
    fields = (
        Field(
            "token",
            "Bot token",
            "Of your Slack app, under OAuth & Permissions; it starts with xoxb-.",
            kind="password",
            secret=True,
            required=True,
        ),
        Field(
            "signing_secret",
            "Signing secret",
            "Of your Slack app, under Basic Information.",
            kind="password",
            secret=True,
            required=True,
        ),
        Field("url", "API address", f"Leave empty for {BASE}.", kind="url"),
        emoji_field(inbound.EMOJI),
    )
    rooms = True
    groups = True
    room_help = "#alerts, or the room's id"
    polls = False
    watched = False
    takes_answers = True
    hook_help = "Enter it in your Slack app under Interactivity & Shortcuts, under Event Subscriptions, and as the address of /watchroom."

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        return {
            "token": setting(
                settings,
                "token",
                pattern=re.compile(r"xox[a-z]-[!-~]{3,400}"),
                fix="Paste the bot token; it starts with xoxb-.",
                secret=True,
                required=False,
            ),
            "signing_secret": setting(
                settings,
                "signing_secret",
                pattern=re.compile(r"[!-~]{8,200}"),
                fix="Paste the signing secret from the app's Basic Information.",
                secret=True,
                required=False,
            ),
            "url": http.check_url(settings.get("url") or BASE).rstrip("/"),
            **emoji_of(settings, NAMED_EMOJI, "Use its name, such as pushpin."),
        }

    def describe(self, settings: Mapping[str, Any]) -> str:
        return http.origin(str(settings.get("url") or BASE)).partition("://")[2]

    def client(self, access: Access) -> Slack:
        return Slack(access)

    def read(self, access: Access, headers: Mapping[str, str], body: bytes, at: datetime) -> list[Heard]:
        inbound.check(str(access.settings["signing_secret"]), headers, body, at)
        return inbound.read(body, str(access.settings.get("emoji") or inbound.EMOJI))

    def answer(self, access: Access, heard: Heard, text: str, *, ok: bool) -> dict[str, Any] | None:
        """A command is answered in the answer itself. After a button the message changes by itself; only a refusal is
        said, to the one who pressed."""
        if heard.kind == "challenge":
            return {"challenge": heard.text}
        if heard.kind == "text":
            return {"response_type": "ephemeral", "text": text}
        if not ok and heard.reply:
            said = {"response_type": "ephemeral", "replace_original": False, "text": text}
            try:
                answers.ask(
                    "POST",
                    heard.reply,
                    headers={"Content-Type": "application/json"},
                    content=msgspec.json.encode(said),
                    timeout_seconds=_ANSWER_SECONDS,
                )
            except WatchroomError:
                pass  # they see that nothing has changed
        return None


product = Product()
channel = ChatChannel(
    "slack", "Slack", "E-mail address or member id", "The one that Slack knows, such as kim@example.org or U012AB3CD."
)
