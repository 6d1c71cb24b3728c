"""Mattermost: direct messages and rooms with buttons, through a bot account (docs/chat.md)."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

import msgspec

from ...kernel import http
from ...kernel.errors import NotAllowed, Refused
from ...workspaces.base import Access, Field, Heard, Posted
from ..chat import NAMED_EMOJI, ChatChannel, emoji_field, emoji_of, setting
from .client import EMOJI, Mattermost, seal


class Product:
    """See the module's text."""

    name = "mattermost"
    label = "Mattermost"
    summary = "Pages as direct messages with buttons, rooms as steps of a policy, on a server of your own."
    fields = (
        Field("url", "Address", "Of your server, such as https://chat.example.org.", kind="url", required=True),
        Field(
            "token",
            "Bot's access token",
            "Shown when the bot account is made, under Integrations.",
            kind="password",
            secret=True,
            required=True,
        ),
        Field("team", "Team", "As in the server's addresses. Needed only for rooms."),
        Field(
            "command_token",
            "Token of the slash command",
            "Only if you make a slash command /watchroom.",
            kind="password",
            required=False,
            secret=True,
        ),
        emoji_field(EMOJI),
    )
    rooms = True
    groups = False
    room_help = "town-square, or the room's id"
    polls = False
    watched = True
    takes_answers = True
    hook_help = "Buttons use it by themselves. Enter it as the address of the slash command if you make one."

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        return {
            "url": http.check_url(settings.get("url")).rstrip("/"),
            "token": setting(
                settings,
                "token",
                pattern=re.compile(r"[A-Za-z0-9_.-]{8,200}"),
                fix="Paste the bot's access token.",
                secret=True,
                required=False,
            ),
            "team": setting(
                settings,
                "team",
                pattern=re.compile(r"[a-z0-9_-]{1,64}"),
                fix="Use the team's name in addresses, such as acme.",
                required=False,
            ),
            **emoji_of(settings, NAMED_EMOJI, "Use its name, such as pushpin."),
            "command_token": setting(
                settings,
                "command_token",
                pattern=re.compile(r"[A-Za-z0-9_.-]{8,200}"),
                fix="Paste the token that Mattermost shows for the slash command.",
                secret=True,
                required=False,
            ),
        }

    def describe(self, settings: Mapping[str, Any]) -> str:
        try:
            return http.origin(str(settings.get("url", ""))).partition("://")[2]
        except ValueError:
            return ""

    def client(self, access: Access) -> Mattermost:
        return Mattermost(access)

    def read(self, access: Access, headers: Mapping[str, str], body: bytes, at: datetime) -> list[Heard]:
        """A button carries our own seal; a slash command carries its token.

        https://developers.mattermost.com/integrate/slash-commands/custom/
        """
        if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            form = {name: value[0] for name, value in parse_qs(body.decode(errors="replace")).items()}
            expected = str(access.settings.get("command_token") or "")
            if not expected or not hmac.compare_digest(form.get("token", "").encode(), expected.encode()):
                raise NotAllowed(
                    "This is not our slash command.", fix="Enter the command's token in the workspace's settings."
                )
            place = Posted(form.get("channel_id", ""), form.get("trigger_id", ""))
            return [Heard("text", user=form.get("user_id", ""), text=form.get("text", ""), message=place)]
        try:
            said = msgspec.json.decode(body)
            context = said["context"]
            about, stated = str(context["about"]), str(context["seal"])
            heard = Heard(
                "button",
                user=str(said["user_id"]),
                key=str(context["press"]),
                about=about,
                message=Posted(str(said.get("channel_id", "")), str(said.get("post_id", ""))),
            )
        except (msgspec.DecodeError, KeyError, TypeError):
            raise Refused("This is not what Mattermost sends.", field="context", fix="Press a button.") from None
        if not hmac.compare_digest(seal(access.hook_key, about).encode(), stated.encode()):
            raise NotAllowed("This button was not made by Watchroom.")
        return [heard]

    def answer(self, access: Access, heard: Heard, text: str, *, ok: bool) -> dict[str, Any] | None:
        if heard.kind == "text":
            return {"response_type": "ephemeral", "text": text}
        return {} if ok else {"ephemeral_text": text}


product = Product()
channel = ChatChannel(
    "mattermost", "Mattermost", "User name or e-mail address", "The one that Mattermost knows, such as kim."
)
