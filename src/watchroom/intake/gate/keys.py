"""Which integration a key belongs to, from memory."""

from __future__ import annotations

import asyncio
import logging

from ...kernel import clock, signing
from .database import Database, Integration, Unavailable

log = logging.getLogger("watchroom.gate")

PREFIX = "wri_"
TOPIC = "integrations"  # the wake that says that one has changed
AGE_SECONDS = 30.0  # a wake may be lost, so they are read again now and then
_MISS_SECONDS = 1.0


class Keys:
    """All integrations by the fingerprint of their key."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, Integration] | None = None
        self._read_at = self._missed_at = float("-inf")  # when the last reading began; the last for an unknown key
        self._answered = False
        self._reading = asyncio.Lock()

    @property
    def known(self) -> dict[str, Integration] | None:
        """All integrations by the fingerprint of their key, as they were last read; another object after each reading."""
        return self._known

    async def find(self, key: str) -> Integration | None:
        """The integration with this key.

        An unknown key may be a new one, and a sender that is refused does not try again. So it waits until the database
        has been read after it was shown; for all unknown keys together that is done once a second at most.

        :raises Unavailable: the integrations have never been read, and can't be now.
        """
        hashed = signing.fingerprint(key)
        if self._known is not None and (found := self._known.get(hashed)) is not None:
            return found
        asked_at = clock.monotonic()
        async with self._reading:
            if self._read_at < asked_at:
                await asyncio.sleep(max(0.0, self._missed_at + _MISS_SECONDS - clock.monotonic()))
                self._missed_at = clock.monotonic()
                await self._read()
        if self._known is None:
            raise Unavailable
        return self._known.get(hashed)

    async def reload(self) -> None:
        """Read them again. If that fails, what is known stays known."""
        async with self._reading:
            await self._read()

    async def answers(self) -> bool:
        """Whether the database answers; asked at most once a second."""
        asked_at = clock.monotonic()
        async with self._reading:
            if asked_at - self._read_at >= _MISS_SECONDS:
                await self._read()
            return self._answered

    async def _read(self) -> None:
        self._read_at = clock.monotonic()
        try:
            self._known = await asyncio.to_thread(self._database.integrations)
            self._answered = True
        except Unavailable as error:
            if self._answered:
                log.error("The integrations can't be read: %s", error)
            self._answered = False

    async def keep_fresh(self) -> None:
        """Read them now and then, for ever."""
        while True:
            await asyncio.sleep(AGE_SECONDS)
            await self.reload()

    async def close(self) -> None:
        async with self._reading:
            await asyncio.to_thread(self._database.close)
