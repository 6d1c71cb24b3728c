"""What only the web process can answer: the questions that a sender asks, and the mails that ping heartbeats, answer pages
or declare incidents.

A question needs the database's answer before its sender can have one; the gate hands it on and waits for nothing.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from urllib.parse import quote

from ...kernel.signing import sign
from .asgi import Message, Receive, Scope, Send, problem, retry_after
from .proxy import Proxy
from .taking import RETRY_SECONDS

MAIL = "mail taken by the gate"  # what such a signature is for
MAIL_HEADER = b"watchroom-gate"
_PING_BYTES = 20_000  # kept of a mail that is a ping
# The web process answers for its own names only; a sender may know this machine by any other.
_HOST = (b"host", b"127.0.0.1")
_NAMES = (b"host", b"x-forwarded-host")


class Asking:
    """The way to the web process, if there is one."""

    def __init__(self, proxy: Proxy | None) -> None:
        self._proxy = proxy

    async def ask(self, scope: Scope, receive: Receive, send: Send, key: str) -> None:
        """Hand a question on, at the address that has the key in it. Its body passes as it comes."""
        if self._proxy is None:
            return await problem(
                send, 503, "Not answered here", "This is a gate alone: it stores signals, and can't look anything up.",
                "Ask a node that runs `watchroom serve`, or have your proxy send this path to `watchroom web`.",
                [retry_after(RETRY_SECONDS)],
            )  # fmt: skip
        path: str = scope["path"]
        raw: bytes = scope["raw_path"]
        if not path.startswith("/in/"):
            raw = b"/in/" + quote(key, safe="").encode() + raw
            path = f"/in/{key}{path}"
        headers = [*(each for each in scope["headers"] if each[0] not in _NAMES), _HOST]
        await self._proxy({**scope, "path": path, "raw_path": raw, "headers": headers}, receive, send)

    async def ping(self, key: str, word: str, body: bytes) -> int:
        """Ping a heartbeat; the status of the web process's answer, 503 without one."""
        path = f"/ping/{quote(key, safe='')}" + (f"/{word}" if word else "")
        return (await self._post(path, body[:_PING_BYTES]))[0]

    async def hand_over(self, path: str, mail: bytes) -> tuple[int, bytes]:
        """Hand a mail over that is for people's eyes, signed as ours: the answer's status and body, 503 without one."""
        signed = sign(MAIL, [path, hashlib.sha256(mail).hexdigest()], valid_for=timedelta(minutes=5))
        return await self._post(path, mail, (b"content-type", b"message/rfc822"), (MAIL_HEADER, signed.encode()))

    async def _post(self, path: str, body: bytes, *headers: tuple[bytes, bytes]) -> tuple[int, bytes]:
        if self._proxy is None:
            return 503, b""
        told: list[int] = []
        said: list[bytes] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                told.append(message["status"])
            else:
                said.append(message.get("body", b""))

        scope: Scope = {
            "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
            "headers": [_HOST, (b"content-length", b"%d" % len(body)), *headers],
            "client": ("127.0.0.1", 0), "scheme": "http", "http_version": "1.1",
        }  # fmt: skip
        await self._proxy(scope, receive, send)
        return (told[0] if told else 503), b"".join(said)
