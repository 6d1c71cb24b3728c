"""The two databases as the gate sees them: read the integrations, insert a batch of signals, say whether it answers.

Everything here blocks, and belongs to one thread at a time.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from ...kernel import secrets
from ...kernel.errors import WatchroomError
from ...kernel.settings import Settings

log = logging.getLogger("watchroom.gate")
LOCK_WAIT_SECONDS = 5
COLUMNS = "integration_id, received_at, path, query, content_type, headers, body, remote, refused, problems, number"
INTEGRATIONS = "SELECT key_hash, id, source, name, paused, rate_per_minute, settings FROM intake_integration"


class Unavailable(Exception):
    """The database does not answer, or can't store anything at the moment."""


class Refused(Exception):
    """The database answers, but does not take these rows (their integration has just been deleted)."""


class Signal(NamedTuple):
    """A row of ``intake_signal``, in the order of its columns. Its number is given when it is stored."""

    integration_id: int
    received_at: datetime  # in UTC
    path: str
    query: str
    content_type: str
    headers: str  # JSON
    body: bytes
    remote: str
    refused: bool
    problems: str  # JSON


@dataclass(frozen=True, slots=True)
class Integration:
    """What the gate must know of a configured sender."""

    id: int
    source: str
    name: str
    paused: bool
    rate_per_minute: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


class Database(Protocol):
    """One connection, opened when it is first needed and again after a failure."""

    def integrations(self) -> dict[str, Integration]:
        """Every integration by the fingerprint of its key.

        :raises Unavailable: try again later.
        """
        ...

    def insert(self, signals: Sequence[Signal]) -> None:
        """Store ``signals``, all or none. They are durable when this returns; the engine is woken once it can read them.

        :raises Unavailable: try again later; nothing was stored, as far as anyone knows.
        :raises Refused: nothing was stored, and never will be.
        """
        ...

    def settle(self) -> bool:
        """Let the engine read all that has been stored. To be called when nothing more comes. False: look again in a
        second, since there may be more, of another gate.

        :raises Unavailable: try again later; it stays stored.
        """
        ...

    def close(self) -> None: ...


def database(settings: Settings) -> Database:
    """A connection to the database of ``settings``."""
    if settings.is_postgresql:
        from .postgresql import PostgreSQL

        return PostgreSQL(settings.database_url)
    from .sqlite import SQLite

    return SQLite(settings.sqlite_path, settings.journal_path)


def by_key(rows: Sequence[Sequence[Any]]) -> dict[str, Integration]:
    """The rows of :data:`INTEGRATIONS`."""
    return {
        key: Integration(int(id), source, name, bool(paused), rate, _settings(sealed))
        for key, id, source, name, paused, rate, sealed in rows
    }


def _settings(sealed: str | None) -> Mapping[str, Any]:
    """What an integration's owner has set for it. Without the right key there are none: its source then refuses what
    it can't check, and the others go on."""
    try:
        found = secrets.unseal(sealed) if sealed else {}
    except WatchroomError as error:
        log.error("%s", error)
        return {}
    return found if isinstance(found, dict) else {}
