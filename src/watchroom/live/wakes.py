"""Where the hub's wakes come from: datagrams on SQLite, LISTEN on PostgreSQL."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from ..kernel import wake
from ..kernel.settings import Settings
from .hub import EVERYTHING, Hub

log = logging.getLogger("watchroom.live")

_LOOK_SECONDS = 30.0
_RETRY_LIMIT_SECONDS = 15.0


class Datagrams:
    """Hears the wakes of this machine."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._ear: wake.Ear | None = None
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._open()
        self._watch = asyncio.create_task(self._keep_open())

    async def stop(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        self._close()

    def _open(self) -> None:
        self._ear = ear = wake.Ear()
        asyncio.get_running_loop().add_reader(ear.socket.fileno(), lambda: self._hub.publish(ear.drain()))

    def _close(self) -> None:
        if self._ear is not None:
            asyncio.get_running_loop().remove_reader(self._ear.socket.fileno())
            self._ear.close()
            self._ear = None

    async def _keep_open(self) -> None:
        """Some systems clean their directory for temporary files, sockets included."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if self._ear is not None and not self._ear.path.exists():
                self._close()
                self._open()
                self._hub.publish([EVERYTHING])


class Notifications:
    """Hears the wakes of all nodes. After an interruption nobody knows what was missed, so it says "everything"."""

    def __init__(self, hub: Hub, database_url: str) -> None:
        self._hub = hub
        self._url = database_url
        self._listening: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._listening = asyncio.create_task(self._listen_always())

    async def stop(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listening

    async def _listen_always(self) -> None:
        import psycopg

        pause = 0.5
        while True:
            try:
                async for topics in self._listen():
                    self._hub.publish(topics)
                    pause = 0.5
            except (psycopg.Error, OSError) as error:
                log.warning("Live events stop until the database answers again: %s", error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _RETRY_LIMIT_SECONDS)

    async def _listen(self) -> AsyncIterator[frozenset[str]]:
        import psycopg

        connection = await psycopg.AsyncConnection.connect(
            self._url,
            autocommit=True,
            connect_timeout=5,
            keepalives_idle=15,
            tcp_user_timeout=10_000,
            application_name="watchroom live",
        )
        async with connection:
            await connection.execute(f"LISTEN {wake.CHANNEL}")
            yield frozenset([EVERYTHING])
            while True:
                async for notification in connection.notifies(timeout=_LOOK_SECONDS):
                    yield wake.unpack(notification.payload)
                await connection.execute("SELECT 1")  # a connection that died in silence says so now


def wakes(hub: Hub, settings: Settings) -> Datagrams | Notifications:
    """What hears wakes for the database of ``settings``."""
    return Notifications(hub, settings.database_url) if settings.is_postgresql else Datagrams(hub)
