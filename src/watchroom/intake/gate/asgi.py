"""The little of ASGI that the gate needs: types, answers and headers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, MutableMapping
from http import HTTPStatus
from typing import Any

import msgspec

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Collection[tuple[bytes, bytes]]

_NO_STORE = (b"cache-control", b"no-store")
_NO_SNIFF = (b"x-content-type-options", b"nosniff")


async def answer(
    send: Send, status: int, body: bytes = b"", content_type: str = "application/json", headers: Headers = ()
) -> None:
    """Send a whole response."""
    fixed = [(b"content-length", b"%d" % len(body)), _NO_STORE, _NO_SNIFF]
    if body:
        fixed.append((b"content-type", content_type.encode("latin-1")))
    await send({"type": "http.response.start", "status": status, "headers": [*fixed, *headers]})
    await send({"type": "http.response.body", "body": body})


async def problem(send: Send, status: int, title: str, detail: str, fix: str, headers: Headers = ()) -> None:
    """Send a problem document (RFC 9457) with our ``fix``."""
    body = msgspec.json.encode({"status": status, "title": title, "detail": detail, "fix": fix})
    await answer(send, status, body, "application/problem+json", headers)


def header(scope: Scope, name: bytes) -> bytes:
    """The first header of that (lower-case) name; empty when there is none."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value)
    return b""


def retry_after(seconds: int) -> tuple[bytes, bytes]:
    return b"retry-after", b"%d" % seconds


def on_the_wire(status: int, body: bytes, content_type: str, headers: Headers, close: bool) -> bytes:
    """A whole response as HTTP/1.1 has it, for what is answered without ASGI."""
    lines = [b"HTTP/1.1 %d %s" % (status, HTTPStatus(status).phrase.encode())]
    fixed = [(b"content-length", b"%d" % len(body)), _NO_STORE, _NO_SNIFF]
    if body:
        fixed.append((b"content-type", content_type.encode("latin-1")))
    if close:
        fixed.append((b"connection", b"close"))
    lines += (b"%s: %s" % each for each in (*fixed, *headers))
    return b"\r\n".join((*lines, b"", body))
