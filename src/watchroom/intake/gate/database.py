"""The two databases as the gate sees them: read the integrations, insert a batch of signals, say whether it answers.

Everything here blocks, and belongs to one thread at a time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from ...kernel import wake
from ...kernel.settings import Settings

LOCK_WAIT_SECONDS = 5
_COLUMNS = "integration_id, received_at, path, query, content_type, body, remote, state, problems"
_INTEGRATIONS = "SELECT key_hash, id, source, name, paused FROM intake_integration"


class Unavailable(Exception):
    """The database does not answer, or can't store anything at the moment."""


class Refused(Exception):
    """The database answers, but does not take these rows (their integration has just been deleted)."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A row of ``intake_signal``."""

    integration_id: int
    received_at: datetime
    path: str
    query: str
    content_type: str
    body: bytes
    remote: str
    state: str
    problems: str  # JSON


@dataclass(frozen=True, slots=True)
class Integration:
    """What the gate must know of a configured sender."""

    id: int
    source: str
    name: str
    paused: bool


class Database(Protocol):
    """One connection, opened when it is first needed and again after a failure."""

    def integrations(self) -> dict[str, Integration]:
        """Every integration by the fingerprint of its key.

        :raises Unavailable: try again later.
        """
        ...

    def insert(self, signals: Sequence[Signal]) -> None:
        """Store ``signals`` in one transaction and wake the engine. They are durable when this returns.

        :raises Unavailable: try again later; nothing was stored, as far as anyone knows.
        :raises Refused: nothing was stored, and never will be.
        """
        ...

    def close(self) -> None: ...


def database(settings: Settings) -> Database:
    """A connection to the database of ``settings``."""
    return PostgreSQL(settings.database_url) if settings.is_postgresql else SQLite(settings.sqlite_path)


def _by_key(rows: Sequence[Sequence[Any]]) -> dict[str, Integration]:
    return {key: Integration(int(id), source, name, bool(paused)) for key, id, source, name, paused in rows}


class SQLite:
    """The embedded database. It must exist already: making it is for the migrations."""

    _INSERT = f"INSERT INTO intake_signal ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    def integrations(self) -> dict[str, Integration]:
        try:
            return _by_key(self._open().execute(_INTEGRATIONS).fetchall())
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise Unavailable(str(error)) from error

    def insert(self, signals: Sequence[Signal]) -> None:
        try:
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(self._INSERT, map(self._row, signals))
            connection.execute("COMMIT")
        except sqlite3.IntegrityError as error:
            self.close()
            raise Refused(str(error)) from error
        except (sqlite3.Error, OSError) as error:
            self.close()  # which also rolls back
            raise Unavailable(str(error)) from error
        wake.send_datagrams([wake.DUE])

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> sqlite3.Connection:
        """The connection to the file that is at the path now: after a restore it is another file than before."""
        about = self.path.stat()
        file = (about.st_dev, about.st_ino)
        if self._connection is not None and file != self._file:
            self.close()
        if self._connection is None:
            self._connection = sqlite3.connect(
                f"{self.path.as_uri()}?mode=rw",
                uri=True,
                timeout=LOCK_WAIT_SECONDS,
                isolation_level=None,
                check_same_thread=False,
            )
            self._file = file
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
                self._connection.execute(f"PRAGMA {pragma}")
        return self._connection

    @staticmethod
    def _row(signal: Signal) -> tuple[Any, ...]:
        return (
            signal.integration_id,
            str(signal.received_at.astimezone(UTC).replace(tzinfo=None)),  # as Django writes it
            signal.path,
            signal.query,
            signal.content_type,
            signal.body,
            signal.remote,
            signal.state,
            signal.problems,
        )


class PostgreSQL:
    """A server. What hangs is given up after some seconds, so that senders are told in time."""

    _INSERT = (
        f"INSERT INTO intake_signal ({_COLUMNS}) SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[], "
        "%s::text[], %s::text[], %s::bytea[], %s::text[], %s::text[], %s::jsonb[])"
    )

    def __init__(self, url: str) -> None:
        self.url = url
        self._connection: Any = None

    def integrations(self) -> dict[str, Integration]:
        import psycopg

        try:
            connection = self._open()
            rows = connection.execute(_INTEGRATIONS).fetchall()
            connection.commit()
            return _by_key(rows)
        except psycopg.Error as error:
            self.close()
            raise Unavailable(str(error)) from error

    def insert(self, signals: Sequence[Signal]) -> None:
        import psycopg

        columns: list[list[Any]] = [list(column) for column in zip(*map(self._row, signals), strict=True)]
        try:
            connection = self._open()
            with connection.pipeline():
                connection.execute(self._INSERT, columns)
                connection.execute("SELECT pg_notify(%s, %s)", [wake.CHANNEL, wake.DUE])
                connection.commit()
        except (psycopg.IntegrityError, psycopg.DataError) as error:
            self.close()
            raise Refused(str(error)) from error
        except psycopg.Error as error:
            self.close()
            raise Unavailable(str(error)) from error

    def close(self) -> None:
        import psycopg

        if self._connection is not None:
            try:
                self._connection.close()
            except psycopg.Error:
                pass
            self._connection = None

    def _open(self) -> Any:
        import psycopg

        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                self.url,
                connect_timeout=5,
                tcp_user_timeout=10_000,
                keepalives_idle=15,
                application_name="watchroom gate",
            )
            # A server may be set to confirm a commit before it is on disk; then "accepted" would not mean "durable".
            self._connection.execute(
                "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
            )
            self._connection.execute(f"SET lock_timeout = '{LOCK_WAIT_SECONDS}s'")
            self._connection.execute("SET statement_timeout = '10s'")
            self._connection.commit()
        return self._connection

    @staticmethod
    def _row(signal: Signal) -> tuple[Any, ...]:
        return (
            signal.integration_id,
            signal.received_at,
            signal.path,
            signal.query,
            signal.content_type,
            signal.body,
            signal.remote,
            signal.state,
            signal.problems,
        )
