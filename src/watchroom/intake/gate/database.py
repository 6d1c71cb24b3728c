"""The two databases as the gate sees them: read the integrations, insert a batch of signals, say whether it answers.

Everything here blocks, and belongs to one thread at a time.
"""

from __future__ import annotations

import logging
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from ...kernel import secrets, wake
from ...kernel.errors import WatchroomError
from ...kernel.settings import Settings

log = logging.getLogger("watchroom.gate")
LOCK_WAIT_SECONDS = 5
_COLUMNS = "integration_id, received_at, path, query, content_type, headers, body, remote, refused, problems, number"
_INTEGRATIONS = "SELECT key_hash, id, source, name, paused, rate_per_minute, settings FROM intake_integration"


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
        """Store ``signals`` in one transaction and wake the engine. They are durable when this returns.

        :raises Unavailable: try again later; nothing was stored, as far as anyone knows.
        :raises Refused: nothing was stored, and never will be.
        """
        ...

    def close(self) -> None: ...


def database(settings: Settings) -> Database:
    """A connection to the database of ``settings``."""
    return (
        PostgreSQL(settings.database_url)
        if settings.is_postgresql
        else SQLite(settings.sqlite_path, settings.journal_path)
    )


def _by_key(rows: Sequence[Sequence[Any]]) -> dict[str, Integration]:
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


class SQLite:
    """The embedded database and its journal of signals. Both must exist already: making them is for the migrations."""

    def __init__(self, path: Path, journal: Path) -> None:
        self._main, self._journal = _File(path), _File(journal)

    def integrations(self) -> dict[str, Integration]:
        try:
            self._journal.open().execute("SELECT 1 FROM intake_inbox LIMIT 1").fetchall()  # both, or it does not answer
            return _by_key(self._main.open().execute(_INTEGRATIONS).fetchall())
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise Unavailable(str(error)) from error

    def insert(self, signals: Sequence[Signal]) -> None:
        counts = Counter(signal.integration_id for signal in signals)
        try:
            connection = self._journal.open()
            connection.execute("BEGIN IMMEDIATE")
            numbers: dict[int, int] = {}
            for pk, new in counts.items():
                for (stored,) in connection.execute(_TAKE_NUMBERS, [new, pk]).fetchall():
                    numbers[pk] = stored - new
            if missing := counts.keys() - numbers.keys():
                connection.execute("ROLLBACK")
                raise Refused(f"There are no integrations {sorted(missing)}.")
            values: list[Any] = []
            for signal in signals:
                pk = signal[0]
                number = numbers[pk] = numbers[pk] + 1
                at = str(signal[1])[:-6]  # without the offset, as Django writes it
                values += (pk, at, *signal[2:], number)
            _insert_rows(connection, values)
            connection.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            self._journal.close()  # which also rolls back
            raise Unavailable(str(error)) from error
        wake.send_datagrams([wake.SIGNALS])

    def close(self) -> None:
        self._main.close()
        self._journal.close()


_TAKE_NUMBERS = "UPDATE intake_inbox SET stored = stored + ? WHERE integration_id = ? RETURNING stored"
_WIDTH = _COLUMNS.count(",") + 1
_ROW = f"({', '.join('?' * _WIDTH)})"
_ROWS_AT_ONCE = 64  # and so many statements at most, which the connection keeps prepared


@cache
def _insert_of(rows: int) -> str:
    return f"INSERT INTO intake_signal ({_COLUMNS}) VALUES " + ", ".join([_ROW] * rows)


def _insert_rows(connection: sqlite3.Connection, values: list[Any]) -> None:
    """Many rows a statement: each statement lets go of Python's lock, and takes its time to get it back."""
    step = _ROWS_AT_ONCE * _WIDTH
    for start in range(0, len(values), step):
        some = values[start : start + step]
        connection.execute(_insert_of(len(some) // _WIDTH), some)


class _File:
    """A connection to the file that is at a path now: after a restore it is another file than before."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    def open(self) -> sqlite3.Connection:
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
            for pragma in ("journal_mode=WAL", "synchronous=FULL"):
                self._connection.execute(f"PRAGMA {pragma}")
        return self._connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class PostgreSQL:
    """A server. What hangs is given up after some seconds, so that senders are told in time."""

    # Whoever takes numbers for an integration holds its inbox until the commit: see `intake/models/integrations.py`.
    # All take them in the same order, so that two gates don't wait for each other.
    _LOCK = "SELECT 1 FROM intake_inbox WHERE integration_id = ANY(%s::bigint[]) ORDER BY integration_id FOR UPDATE"
    _INSERT = f"""
        WITH given AS (
            SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::jsonb[],
                %s::bytea[], %s::text[], %s::boolean[], %s::jsonb[]) WITH ORDINALITY
            AS g (integration_id, received_at, path, query, content_type, headers, body, remote, refused, problems, place)
        ), counted AS (
            UPDATE intake_inbox AS i SET stored = i.stored + c.new
            FROM (SELECT integration_id, count(*) AS new FROM given GROUP BY integration_id) AS c
            WHERE i.integration_id = c.integration_id RETURNING i.integration_id, i.stored - c.new AS before
        )
        INSERT INTO intake_signal ({_COLUMNS})
        SELECT integration_id, received_at, path, query, content_type, headers, body, remote, refused, problems,
            before + row_number() OVER (PARTITION BY integration_id ORDER BY place)
        FROM given JOIN counted USING (integration_id) ORDER BY place"""

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

        columns = [list(c) for c in zip(*signals, strict=True)]
        try:
            connection = self._open()
            with connection.pipeline():
                connection.execute(self._LOCK, [sorted(set(columns[0]))])
                inserted = connection.execute(self._INSERT, columns)
                connection.execute("SELECT pg_notify(%s, %s)", [wake.CHANNEL, wake.SIGNALS])
            if inserted.rowcount != len(signals):
                connection.rollback()
                raise Refused("An integration of this batch has been deleted.")
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
