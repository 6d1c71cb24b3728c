"""Jitsi Meet, or whatever opens a call for an address that nobody can guess: nothing is asked of a server.

https://jitsi.github.io/handbook/docs/user-guide/user-guide-start-a-jitsi-meeting: the room is the path of the address.
"""

from __future__ import annotations

import re
import secrets
from typing import Any
from urllib.parse import urlsplit

from ...kernel.asked import Field
from ...kernel.errors import Refused
from ..base import Call, Settings, text

_URL = Field(
    "url",
    "Address of a call",
    "With {room} where its name stands, such as https://meet.example.org/{room}.",
    kind="url",
)


class Jitsi:
    """See the module's text."""

    name = "jitsi"
    label = "Jitsi Meet"
    summary = "Choose this for a Jitsi server, or any product where opening an address opens a call."
    fields = (_URL,)

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        url = text(settings, _URL)
        parts = urlsplit(url)
        if url.count("{room}") != 1 or parts.scheme not in {"http", "https"} or not parts.hostname or len(url) > 500:
            raise Refused("That is not the address of a call.", field="url", value=url[:100], fix=_URL.help)
        return {"url": url}

    def describe(self, settings: Settings) -> str:
        return str(urlsplit(str(settings["url"])).hostname)

    def open(self, settings: Settings, title: str) -> Call:
        words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40]
        room = f"{words or 'incident'}-{secrets.token_hex(8)}"
        return Call(room, str(settings["url"]).replace("{room}", room))

    def close(self, settings: Settings, id: str) -> None:
        """A call of Jitsi ends when the last one leaves."""

    def try_it(self, settings: Settings) -> str:
        return f"Calls look like {settings['url']}. Open one in your browser: Watchroom itself asks nothing of it."


bridge = Jitsi()
