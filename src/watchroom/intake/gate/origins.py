"""Pages of another origin that ask at an integration's address: karma's, whose browsers make silences themselves.

Whoever shows the key in the address may ask; no cookie counts there. So any origin is let in, also with credentials, which
karma's requests include. https://fetch.spec.whatwg.org/#http-cors-protocol
"""

from __future__ import annotations

from .asgi import Message, Scope, Send, answer, header

_METHOD = b"access-control-request-method"


def asked_for(scope: Scope) -> str:
    """The method for which a browser asks beforehand whether it may; empty when this is no such question."""
    if scope["method"] != "OPTIONS" or not _by_address(scope):
        return ""
    return header(scope, _METHOD).decode("latin-1")


async def let_in(scope: Scope, send: Send) -> None:
    """Say that it may."""
    headers = [
        *_allowed(scope),
        (b"access-control-allow-methods", b"GET, POST, DELETE"),
        (b"access-control-allow-headers", header(scope, b"access-control-request-headers") or b"content-type"),
        (b"access-control-max-age", b"600"),
    ]
    await answer(send, 204, headers=headers)


def readable(scope: Scope, send: Send) -> Send:
    """``send``, with what lets a page of another origin read the answer."""
    if not header(scope, b"origin") or not _by_address(scope):
        return send

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *_allowed(scope)]}
        await send(message)

    return sent


def _by_address(scope: Scope) -> bool:
    return str(scope["path"]).startswith("/in/")


def _allowed(scope: Scope) -> list[tuple[bytes, bytes]]:
    origin = header(scope, b"origin")
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"Origin"),
    ]
