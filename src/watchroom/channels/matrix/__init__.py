"""Matrix: direct messages and rooms, answered by a reaction or a reply, through an account of one's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ...kernel import http
from ...kernel.errors import NotAllowed, WatchroomError
from ...workspaces.base import Access, Field, Heard
from ..chat import ChatChannel, emoji_field, emoji_of, setting
from .client import EMOJI, Matrix


class Product:
    """See the module's text."""

    name = "matrix"
    label = "Matrix"
    summary = "Pages as direct messages on any homeserver (Synapse, Conduit, Element): a reaction or a reply answers."
    fields = (
        Field("url", "Homeserver", "Its address, such as https://matrix.example.org.", kind="url", required=True),
        Field(
            "token", "Access token", "Of an account made for Watchroom.", kind="password", secret=True, required=True
        ),
        emoji_field(EMOJI),
    )
    rooms = True
    groups = False
    room_help = "#alerts:example.org, or !id:example.org"
    polls = True
    watched = False
    takes_answers = False
    hook_help = ""

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        return {
            "url": http.check_url(settings.get("url")).rstrip("/"),
            **emoji_of(settings, re.compile(r"[^\x00-\x7f]\S{0,15}"), "Use one emoji, such as 📌."),
            "token": setting(
                settings,
                "token",
                pattern=re.compile(r"[!-~]{8,2000}"),
                fix="Paste the access token of the account.",
                secret=True,
                required=False,
            ),
        }

    def describe(self, settings: Mapping[str, Any]) -> str:
        try:
            return http.origin(str(settings.get("url", ""))).partition("://")[2]
        except ValueError:
            return ""

    def client(self, access: Access) -> Matrix:
        return Matrix(access)

    def read(self, access: Access, headers: Mapping[str, str], body: bytes, at: datetime) -> list[Heard]:
        raise NotAllowed("Matrix is asked for answers; it sends none.")

    def answer(self, access: Access, heard: Heard, text: str, *, ok: bool) -> dict[str, Any] | None:
        """In the room: a refusal, or the answer to a command."""
        room, _, event = heard.reply.partition(" ")
        if room and text and (heard.kind == "text" or not ok):
            try:
                Matrix(access).say(room, text, key=f"answer-{event}-{heard.user}-{heard.key}")
            except WatchroomError:
                pass  # they see that nothing has changed
        return None


product = Product()
channel = ChatChannel("matrix", "Matrix", "Matrix id", "Such as @kim:example.org.")
