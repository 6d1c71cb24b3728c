"""SQLite as the gate sees it: the embedded database, its journal of signals, and the spool before that."""

from __future__ import annotations

import logging
import sqlite3
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from ...kernel import clock, wake
from .database import COLUMNS, INTEGRATIONS, LOCK_WAIT_SECONDS, Integration, Refused, Signal, Unavailable, by_key
from .spool import Spool

log = logging.getLogger("watchroom.gate")

# So many at once are worth the spool: a few go straight into the journal, which saves writing them twice.
SPOOLED_FROM = 4
# And so much may lie there until it goes on, with the next that come: the engine can't see it before.
SPOOL_SIGNALS, SPOOL_BYTES, SPOOL_SECONDS = 500, 512 * 1024, 0.02
_LOOK_AGAIN_SECONDS = 1.0  # whether another process has let go of the spool


class SQLite:
    """The database and its journal. Both must exist already: making them is for the migrations."""

    def __init__(self, path: Path, journal: Path) -> None:
        self._main, self._journal = File(path), File(journal)
        self._spool = Spool(journal.with_name(f"{journal.name}-spool"))
        self._spooled: list[Signal] = []
        self._spooled_bytes = 0
        self._spooled_since = self._look_again = 0.0
        self._behind = False  # the journal did not take what it was last given

    def integrations(self) -> dict[str, Integration]:
        try:
            self._journal.open().execute("SELECT 1 FROM intake_inbox LIMIT 1").fetchall()  # both, or it does not answer
            return by_key(self._main.open().execute(INTEGRATIONS).fetchall())
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise Unavailable(str(error)) from error

    def insert(self, signals: Sequence[Signal]) -> None:
        if not (self._is_for_the_spool(signals) and self._put_into_spool(signals)):
            self._put_into_journal(signals)

    def settle(self) -> None:
        if self._has_spool() and self._spooled:
            self._put_into_journal(())

    def close(self) -> None:
        self._main.close()
        self._journal.close()
        self._spool.close()

    # --- The spool ---

    def _is_for_the_spool(self, signals: Sequence[Signal]) -> bool:
        if len(signals) < SPOOLED_FROM or self._behind:
            return False
        if not self._spooled:
            self._spooled_since = clock.monotonic()
        elif len(self._spooled) > SPOOL_SIGNALS or clock.monotonic() - self._spooled_since > SPOOL_SECONDS:
            return False
        return self._spooled_bytes + sum(len(signal.body) for signal in signals) <= SPOOL_BYTES

    def _put_into_spool(self, signals: Sequence[Signal]) -> bool:
        """Whether the spool has taken them. If not, they have to go into the journal."""
        if not self._has_spool():
            return False
        try:
            self._spool.append(msgspec.msgpack.encode(signals))
        except OSError as error:
            log.warning("%s can't be written, signals go straight into the journal: %s", self._spool.path, error)
            return False
        self._spooled += signals
        self._spooled_bytes += sum(len(signal.body) for signal in signals)
        return True

    def _has_spool(self) -> bool:
        """Whether the spool is ours. When it becomes ours, what a gate before us has left in it is ours, too."""
        if self._spool.is_open:
            return True
        if self._spooled:  # the file went away below us: it is no longer what it was when we answered
            self._put_into_journal(())
        if clock.monotonic() < self._look_again:
            return False
        self._look_again = clock.monotonic() + _LOOK_AGAIN_SECONDS
        self._spool.close()
        try:
            (taken,) = self._journal.open().execute("PRAGMA user_version").fetchone()
            left = self._spool.open(taken)
        except (sqlite3.Error, OSError) as error:
            log.warning("%s can't be opened, signals go straight into the journal: %s", self._spool.path, error)
            return False
        if left is None:  # another gate has it
            return False
        try:
            self._spooled = [each for payload in left for each in msgspec.msgpack.decode(payload, type=list[Signal])]
        except msgspec.MsgspecError as error:  # of another version; nothing is lost that somebody can still look at
            log.error("%s can't be read, and is kept as %s: %s", self._spool.path, self._spool.set_aside(), error)
            return False
        self._spooled_bytes = sum(len(signal.body) for signal in self._spooled)
        if self._spooled:
            log.warning("%s signals that were accepted before a crash go into the journal now.", len(self._spooled))
        return True

    # --- The journal ---

    def _put_into_journal(self, signals: Sequence[Signal]) -> None:
        """Store ``signals`` behind all that lies in the spool, in one transaction."""
        counts = Counter(signal.integration_id for signal in self._spooled)
        counts.update(signal.integration_id for signal in signals)
        self._behind = True
        try:
            connection = self._journal.open()
            connection.execute("BEGIN IMMEDIATE")
            numbers: dict[int, int] = {}
            for pk, new in counts.items():
                for (stored,) in connection.execute(_TAKE_NUMBERS, [new, pk]).fetchall():
                    numbers[pk] = stored - new
            if missing := {signal.integration_id for signal in signals} - numbers.keys():
                connection.execute("ROLLBACK")
                self._behind = False
                raise Refused(f"There are no integrations {sorted(missing)}.")
            values: list[Any] = []
            for signal in (*self._spooled, *signals):
                pk = signal[0]
                if pk not in numbers:  # deleted since, and all its signals with it
                    continue
                number = numbers[pk] = numbers[pk] + 1
                at = str(signal[1])[:-6]  # without the offset, as Django writes it
                values += (pk, at, *signal[2:], number)
            _insert_rows(connection, values)
            if (generation := self._spool.generation) is not None:
                connection.execute(f"PRAGMA user_version = {generation}")  # part of the transaction
            connection.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            self._journal.close()  # which also rolls back
            raise Unavailable(str(error)) from error
        self._behind = False
        if generation is not None:
            self._spool.taken()
        self._spooled, self._spooled_bytes = [], 0
        wake.send_datagrams([wake.SIGNALS])


_TAKE_NUMBERS = "UPDATE intake_inbox SET stored = stored + ? WHERE integration_id = ? RETURNING stored"
_WIDTH = COLUMNS.count(",") + 1
_ROW = f"({', '.join('?' * _WIDTH)})"
_ROWS_AT_ONCE = 64  # and so many statements at most, which the connection keeps prepared


@cache
def _insert_of(rows: int) -> str:
    return f"INSERT INTO intake_signal ({COLUMNS}) VALUES " + ", ".join([_ROW] * rows)


def _insert_rows(connection: sqlite3.Connection, values: list[Any]) -> None:
    """Many rows a statement: each statement lets go of Python's lock, and takes its time to get it back."""
    step = _ROWS_AT_ONCE * _WIDTH
    for start in range(0, len(values), step):
        some = values[start : start + step]
        connection.execute(_insert_of(len(some) // _WIDTH), some)


class File:
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
