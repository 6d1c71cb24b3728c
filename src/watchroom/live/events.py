"""``GET /live?token=…``: server-sent events that say which topics moved. With ``&log=42&since=TIME`` the new lines of that
incident's log come along, as events of the kind ``log`` (see :mod:`.rooms`). With ``&alive=yes`` the stream says every some seconds
that it is there, by events of the kind ``alive``: a browser is not told of its comments, and a connection that a network has
forgotten looks to it like one on which nothing happens."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from itertools import count
from typing import Any
from urllib.parse import parse_qs

import msgspec

from ..kernel.errors import NotAllowed
from ..kernel.numbers import whole
from . import tokens
from .hub import Full, Hub, Subscriber
from .rooms import Reader, Rooms

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

HEARTBEAT_SECONDS = 15.0
_COMMENT, _ALIVE = b":\n\n", b"event: alive\ndata: {}\n\n"
_LONGEST_SESSION = 64
_SESSION = b"sessionid="  # Django's name for it; `settings.py` leaves it as it is
_BURST_SECONDS = 0.05  # topics that come this soon after each other go into one event


class Live:
    """The ASGI endpoint."""

    def __init__(self, hub: Hub, rooms: Rooms | None = None, heartbeat_seconds: float = HEARTBEAT_SECONDS) -> None:
        self._hub, self._rooms = hub, rooms
        self._heartbeat_seconds = heartbeat_seconds
        self._numbers = count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "GET":
            return await _refuse(
                send, 405, "Wrong method", "Events can only be read.", "Use GET.", [(b"allow", b"GET")]
            )
        try:
            query = parse_qs(scope["query_string"].decode("latin-1"))
            listener = tokens.read(query.get("token", [""])[0])
        except NotAllowed as error:
            return await _refuse(send, 403, error.title, error.message, "Load the page again.")
        try:
            subscriber = self._hub.subscribe(listener.topics)
        except Full:
            fix = "Try again in a while; the page works without live events too."
            return await _refuse(
                send, 503, "Too many listeners", "This node serves no more.", fix, [(b"retry-after", b"30")]
            )
        gone = asyncio.create_task(_until_gone(receive, subscriber))
        incident = whole(query.get("log", [""])[0])
        rooms = self._rooms
        if rooms is not None and incident is not None:
            reader = Reader(listener.person_id, _session(scope))
            rooms.join(incident, subscriber, reader, query.get("since", [""])[0])
        if listener.since is not None:
            self._hub.catch_up(subscriber, listener.since)
        try:
            await self._stream(subscriber, send, _ALIVE if "alive" in query else _COMMENT)
        finally:
            self._hub.unsubscribe(subscriber)
            if rooms is not None and incident is not None:
                rooms.leave(incident, subscriber)
            gone.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await gone

    async def _stream(self, subscriber: Subscriber, send: Send, heartbeat: bytes) -> None:
        headers = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
            (b"x-content-type-options", b"nosniff"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"retry: 1000\n\n" + heartbeat, "more_body": True})
        while not subscriber.closed:
            topics = await subscriber.take(self._heartbeat_seconds)
            event = b"".join(subscriber.parcels())
            if topics:
                event += b"id: %d\ndata: %b\n\n" % (next(self._numbers), msgspec.json.encode({"topics": topics}))
            await send({"type": "http.response.body", "body": event or heartbeat, "more_body": True})
            await asyncio.sleep(_BURST_SECONDS)
        await send({"type": "http.response.body", "body": b""})


def _session(scope: Scope) -> str:
    """The session's key as the browser sent it; empty when it did not, or when it can be none."""
    for name, value in scope["headers"]:
        if name == b"cookie":
            for each in value.split(b";"):
                if each.strip().startswith(_SESSION):
                    key = str(each.strip()[len(_SESSION) :].decode("latin-1"))
                    return key if len(key) <= _LONGEST_SESSION else ""
    return ""


async def _until_gone(receive: Receive, subscriber: Subscriber) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    subscriber.close()


async def _refuse(
    send: Send, status: int, title: str, detail: str, fix: str, headers: list[tuple[bytes, bytes]] | None = None
) -> None:
    body = msgspec.json.encode({"status": status, "title": title, "detail": detail, "fix": fix})
    fixed = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": [*fixed, *(headers or [])]})
    await send({"type": "http.response.body", "body": body})
