"""How an engine hears that something has become due: a datagram on SQLite, ``NOTIFY`` on PostgreSQL."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable

import psycopg

from ..kernel import settings as conf
from ..kernel import wake

log = logging.getLogger(__name__)
_ALL = wake.FOR_ENGINES | {"*"}


class Waker:
    """Calls ``woken(topics)`` whenever a commit has made something due, or has brought signals to read."""

    def __init__(self, woken: Callable[[frozenset[str]], object]) -> None:
        self.woken = woken
        self.ear = None if conf.current().is_postgresql else wake.Ear(engine=True)
        self.connection: psycopg.Connection[tuple[object, ...]] | None = None

    def wait(self, timeout_seconds: float) -> None:
        """Listen for up to this long."""
        if self.ear is not None:
            self._heard(self.ear.wait(timeout_seconds))
            return
        try:
            if self.connection is None:
                self.connection = psycopg.connect(conf.current().database_url, autocommit=True)
                self.connection.execute(f"LISTEN {wake.CHANNEL}")
                self.woken(_ALL)  # whatever was said while nobody listened
            for notice in self.connection.notifies(timeout=timeout_seconds):
                self._heard(wake.unpack(notice.payload))
        except psycopg.Error as error:
            log.warning("Not listening to PostgreSQL at the moment: %s", error)
            self.close()
            time.sleep(min(timeout_seconds, 1.0))

    def _heard(self, topics: frozenset[str]) -> None:
        if topics & _ALL:
            self.woken(topics)

    def close(self) -> None:
        if self.ear is not None:
            self.ear.close()
        if self.connection is not None:
            with contextlib.suppress(psycopg.Error):
                self.connection.close()
            self.connection = None
