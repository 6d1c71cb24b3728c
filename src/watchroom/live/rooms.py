"""The lines of a running log, sent along with the event that says that it has moved.

Two hundred who read one room would ask two hundred times for the same few lines. Instead this node asks the web process
once (``POST /live/log``, over the private socket) what is new and who of those who listen may see it; the answer has each
picture of it once, and for each reader which one is theirs. Whoever may not see it, whoever has signed out, and everybody
while the web process is away, only hear the topic, and ask for themselves through the usual permission check.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from ..kernel import clock
from ..kernel.times import instant
from . import tokens
from .hub import EVERYTHING, Subscriber

log = logging.getLogger("watchroom.live")
_OLDEST, _CLOCKS_DIFFER = timedelta(days=2), timedelta(minutes=5)

PATH = b"/live/log"
Ask = Callable[[bytes, bytes], Awaitable[bytes | None]]  # path and body; None: there is no answer


class Reader(NamedTuple):
    """Who reads: the person of the token, and the session that the browser sent along with it."""

    person_id: int
    session: str


class News(msgspec.Struct):
    """What the web process answers."""

    until: datetime
    html: list[str]  # each picture of what is new
    pictures: list[int]  # for each reader, in the order asked: the number of their picture; -1: none, let them ask


@dataclass(eq=False)
class _Room:
    since: datetime
    readers: dict[Subscriber, Reader] = field(default_factory=dict)
    newcomers: dict[Subscriber, datetime] = field(default_factory=dict)  # since when each has seen nothing
    moved: bool = False
    task: asyncio.Task[None] | None = None


class Rooms:
    """All rooms that somebody reads through this node. Not for threads: all of it runs on the gate's loop."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._rooms: dict[int, _Room] = {}

    async def start(self) -> None:
        """Nothing is to be done before somebody reads."""

    async def stop(self) -> None:
        for room in list(self._rooms.values()):
            if room.task is not None:
                room.task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await room.task

    def join(self, incident: int, subscriber: Subscriber, reader: Reader, since: str) -> None:
        """From now on ``subscriber`` is sent the new lines of ``incident``, beginning with those since ``since``: when
        their page was drawn."""
        drawn = _time(since, clock.now())
        room = self._rooms.setdefault(incident, _Room(clock.now()))
        room.readers[subscriber] = reader
        subscriber.carried = _topic(incident)
        if drawn is None:
            subscriber.add(_topic(incident), anyway=True)
        else:
            room.newcomers[subscriber] = drawn
        self._go(incident, room)

    def leave(self, incident: int, subscriber: Subscriber) -> None:
        room = self._rooms.get(incident)
        if room is None:
            return
        room.readers.pop(subscriber, None)
        room.newcomers.pop(subscriber, None)
        if not room.readers and room.task is None:
            del self._rooms[incident]

    def heard(self, topics: frozenset[str]) -> None:
        """A wake."""
        for incident, room in self._rooms.items():
            if _topic(incident) in topics or EVERYTHING in topics:
                room.moved = True
                self._go(incident, room)

    def _go(self, incident: int, room: _Room) -> None:
        if room.task is None and (room.moved or room.newcomers):
            room.task = asyncio.ensure_future(self._tell(incident, room))

    async def _tell(self, incident: int, room: _Room) -> None:
        """Ask and hand out, until all have all; what comes meanwhile is asked for together."""
        try:
            while room.readers and (room.moved or room.newcomers):
                if room.moved:
                    room.moved = False
                    to, since = list(room.readers), room.since
                else:  # apart from the others: one of them may have been away for days
                    to, since = list(room.newcomers), min(room.newcomers.values())
                    room.newcomers.clear()
                news = await self._news(incident, since, [room.readers[each] for each in to])
                if news is not None and since == room.since:
                    room.since = news.until
                self._hand_out(incident, news, to)
        finally:
            room.task = None
            if not room.readers:
                self._rooms.pop(incident, None)

    async def _news(self, incident: int, since: datetime, readers: list[Reader]) -> News | None:
        body = tokens.ask(
            tokens.Asked(incident, since.isoformat(), [(each.person_id, each.session) for each in readers])
        )
        try:
            answer = await self._ask(PATH, body.encode())
            news = msgspec.json.decode(answer, type=News) if answer is not None else None
        except Exception:  # whatever it is, they ask for themselves
            log.exception("What is new in incident %s could not be asked for", incident)
            return None
        return news if news is not None and len(news.pictures) == len(readers) else None

    def _hand_out(self, incident: int, news: News | None, to: list[Subscriber]) -> None:
        parcels = _parcels(incident, news) if news is not None else []
        for subscriber, picture in zip(to, news.pictures if news is not None else [-1] * len(to), strict=True):
            if picture < 0 or not subscriber.hand(parcels[picture]):
                subscriber.add(_topic(incident), anyway=True)


def _parcels(incident: int, news: News) -> list[bytes]:
    """Each picture as a server-sent event, made once for all who get it."""
    head = {"incident": incident, "since": news.until.isoformat()}
    return [b"event: log\ndata: %b\n\n" % msgspec.json.encode({**head, "html": each}) for each in news.html]


def _topic(incident: int) -> str:
    return f"incident:{incident}:log"


def _time(text: str, now: datetime) -> datetime | None:
    """When a page was drawn; None: it does not say so, or it is so old that it is better drawn anew."""
    at = instant(text.replace(" ", "+"))
    return at if at is not None and -_CLOCKS_DIFFER < now - at < _OLDEST else None
