"""How much a sender may send, and how long that may take."""

from __future__ import annotations

import asyncio
import zlib

from ...kernel import clock
from ...kernel.numbers import DIGITS
from ...sources.base import Source
from .asgi import Receive, Scope, header

BODY_BYTES = 4 * 1024 * 1024
BODY_SECONDS = 30.0
_DISCARD_BYTES, _DISCARD_SECONDS = 16 * BODY_BYTES, 10.0


def most_bytes(source: Source) -> int:
    """How large a signal of this source may be: what its own protocol allows, where that is less than what we do."""
    stated: int = getattr(source, "body_bytes", BODY_BYTES)
    return min(stated, BODY_BYTES)


def in_words(source: Source) -> str:
    """The same for a person."""
    most = most_bytes(source)
    return f"{most} bytes ({most // 1024 // 1024} MiB)" if most >= 1024 * 1024 else f"{most} bytes ({most // 1024} KiB)"


class TooLarge(Exception):
    """The body is larger than it may be."""


class TooSlow(Exception):
    """The body has not come within :data:`BODY_SECONDS`."""


class Unreadable(Exception):
    """The body is not compressed in the way that it says."""


class Gone(Exception):
    """The sender hung up before the body was complete."""


async def read_body(
    scope: Scope, receive: Receive, *, limit_bytes: int = BODY_BYTES, limit_seconds: float = BODY_SECONDS
) -> bytes:
    """The whole body of a request.

    :raises TooLarge: it is, or says that it will be, larger than ``limit_bytes``.
    :raises TooSlow: it was not complete after ``limit_seconds``.
    :raises Gone: nobody is there any more.
    """
    stated = header(scope, b"content-length")
    if stated.isdigit() and (len(stated) > DIGITS or int(stated) > limit_bytes):
        raise TooLarge
    pieces: list[bytes] = []
    size, deadline = 0, clock.monotonic() + limit_seconds
    while True:
        try:
            message = await asyncio.wait_for(receive(), max(0.0, deadline - clock.monotonic()))
        except TimeoutError:
            raise TooSlow from None
        if message["type"] == "http.disconnect":
            raise Gone
        piece: bytes = message.get("body", b"")
        size += len(piece)
        if size > limit_bytes:
            raise TooLarge
        if not message.get("more_body", False):
            return b"".join([*pieces, piece]) if pieces else piece
        pieces.append(piece)


def unpacked(body: bytes, limit_bytes: int) -> bytes:
    """A body that was compressed with gzip. What would become larger than ``limit_bytes`` is not unpacked to its end.

    :raises TooLarge: it would.
    :raises Unreadable: it is no gzip, or its end is missing.
    """
    unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        found = unpacking.decompress(body, limit_bytes + 1)
    except zlib.error:
        raise Unreadable from None
    if len(found) > limit_bytes:
        raise TooLarge
    if not unpacking.eof or unpacking.unused_data:
        raise Unreadable
    return found


async def discard(receive: Receive) -> None:
    """Let the rest of a body go by, within reason: a sender that still sends does not see the answer."""
    size, deadline = 0, clock.monotonic() + _DISCARD_SECONDS
    while size < _DISCARD_BYTES:
        try:
            message = await asyncio.wait_for(receive(), max(0.0, deadline - clock.monotonic()))
        except TimeoutError:
            return
        size += len(message.get("body", b""))
        if not message.get("more_body", False):
            return
