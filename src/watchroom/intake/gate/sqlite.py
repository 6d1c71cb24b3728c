"""SQLite as the gate sees it: the embedded database, its journal of signals, and the spool before that."""

from __future__ import annotations

import logging
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from ...kernel import clock, wake
from .database import COLUMNS, INTEGRATIONS, LOCK_WAIT_SECONDS, Integration, Refused, Signal, Unavailable, by_key
from .spool import Spool

log = logging.getLogger("watchroom.gate")

# So many at once are worth the spool: a few go straight into the journal, which saves writing them twice; but not out of a
# stream of many, which that would end each time.
SPOOLED_FROM = 4
# And so much may lie there until it goes on, with the next that come: the engine can't see it before.
SPOOL_SIGNALS, SPOOL_BYTES, SPOOL_SECONDS = 500, 512 * 1024, 0.02
_LOOK_AGAIN_SECONDS = 1.0  # whether another process has let go of the spool


def spool_of(journal: Path) -> Path:
    """Where the spool of a journal lies."""
    return journal.with_name(f"{journal.name}-spool")


class SQLite:
    """The database and its journal. Both must exist already: making them is for the migrations."""

    def __init__(self, path: Path, journal: Path) -> None:
        self._main, self._journal = File(path), File(journal)
        self._spool = Spool(spool_of(journal))
        self._spooled: list[Signal] = []
        self._spooled_bytes = 0
        self._spooled_since = self._look_again = 0.0
        self._behind = False  # the journal did not take what it was last given
        self._without = False  # it has been said that there is no spool
        self._gone: set[int] = set()  # integrations that were deleted while signals of theirs lay in the spool

    def integrations(self) -> dict[str, Integration]:
        try:
            self._journal.open().execute("SELECT 1 FROM intake_inbox LIMIT 1").fetchall()  # both, or it does not answer
            return by_key(self._main.open().execute(INTEGRATIONS).fetchall())
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise Unavailable(str(error)) from error

    def insert(self, signals: Sequence[Signal]) -> None:
        try:
            has_spool = self._has_spool()  # also where they are few: what lies in it comes before them
        except Unavailable as error:
            has_spool = False
            if not self._without:
                log.warning("Signals go straight into the journal: %s", error)
                self._without = True
        if not (has_spool and self._is_for_the_spool(signals) and self._put_into_spool(signals)):
            self._put_into_journal(signals)

    def settle(self) -> bool:
        has_spool = self._has_spool()
        if self._spooled:
            self._put_into_journal(())
        return has_spool  # without it, nobody knows what a gate that has it will leave

    def close(self) -> None:
        self._main.close()
        self._journal.close()
        self._spool.close()

    # --- The spool ---

    def _is_for_the_spool(self, signals: Sequence[Signal]) -> bool:
        if self._behind or (len(signals) < SPOOLED_FROM and not self._spooled):
            return False
        if self._gone and any(signal.integration_id in self._gone for signal in signals):
            return False
        if not self._spooled:
            self._spooled_since = clock.monotonic()
        elif len(self._spooled) > SPOOL_SIGNALS or clock.monotonic() - self._spooled_since > SPOOL_SECONDS:
            return False
        return self._spooled_bytes + _bytes_of(signals) <= SPOOL_BYTES

    def _put_into_spool(self, signals: Sequence[Signal]) -> bool:
        """Whether the spool has taken them. If not, they have to go into the journal."""
        try:
            self._spool.append(msgspec.msgpack.encode(signals))
        except OSError as error:
            log.warning("%s can't be written, signals go straight into the journal: %s", self._spool.path, error)
            return False
        self._spooled += signals
        self._spooled_bytes += _bytes_of(signals)
        return True

    def _has_spool(self) -> bool:
        """Whether the spool is ours. When it becomes ours, what a gate before us has left in it is ours, too.

        :raises Unavailable: it can't be opened, or not be read.
        """
        if self._spool.is_open:
            return True
        if self._spooled:  # the file went away below us: it is no longer what it was when we answered
            self._put_into_journal(())
        if clock.monotonic() < self._look_again:
            return False
        self._look_again = clock.monotonic() + _LOOK_AGAIN_SECONDS
        self._spool.close()
        try:
            left = self._spool.open(_taken(self._journal.open()))
            if left is None:  # another gate has it
                return False
            self._spooled = [each for payload in left for each in msgspec.msgpack.decode(payload, type=list[Signal])]
        except (sqlite3.Error, OSError) as error:
            raise Unavailable(f"{self._spool.path} can't be opened: {error}") from error
        except msgspec.MsgspecError as error:  # of another version; nothing is lost that somebody can still look at
            try:
                log.error("%s can't be read, and is kept as %s: %s", self._spool.path, self._spool.set_aside(), error)
            except OSError as other:
                raise Unavailable(f"{self._spool.path} can't be read, and not be set aside: {other}") from error
            return False
        self._without = False
        self._spooled_bytes = _bytes_of(self._spooled)
        if self._spooled:
            log.warning("%s signals that were accepted before a crash go into the journal now.", len(self._spooled))
        return True

    # --- The journal ---

    def _put_into_journal(self, signals: Sequence[Signal]) -> None:
        """Store ``signals`` behind all that lies in the spool, in one transaction."""
        self._behind = True
        try:
            connection = self._journal.open()
            connection.execute("BEGIN IMMEDIATE")
            generation = self._spool.generation
            if generation is not None and _taken(connection) == generation:
                self._forget_spooled()  # it was committed, and only the answer got lost
                generation = None
            numbers = _take_numbers(connection, Counter(each[0] for each in (*self._spooled, *signals)))
            if missing := {signal.integration_id for signal in signals} - numbers.keys():
                raise Refused(f"There are no integrations {sorted(missing)}.")
            unfit = self._insert(connection, signals, numbers)
            if generation is not None:
                connection.execute(f"PRAGMA user_version = {generation}")  # part of the transaction
            if unfit:
                self._keep(unfit)
            connection.execute("COMMIT")
        except BaseException as error:
            self._journal.close()  # which also rolls back
            if isinstance(error, sqlite3.Error | OSError):
                raise Unavailable(str(error)) from error
            raise
        self._behind = False
        if generation is not None:
            self._forget_spooled()
        wake.send_datagrams([wake.SIGNALS])

    def _forget_spooled(self) -> None:
        self._spool.taken()
        self._spooled, self._spooled_bytes = [], 0

    def _insert(
        self, connection: sqlite3.Connection, signals: Sequence[Signal], numbers: dict[int, int]
    ) -> list[Signal]:
        """Insert what lies in the spool, and ``signals``. Gives what of the spool the table does not take: its senders were
        answered, so it may hold up nobody."""
        there = [signal for signal in self._spooled if signal[0] in numbers]
        if len(there) < len(self._spooled):  # deleted since, and all their signals with them
            log.warning("%s signals of deleted integrations are dropped.", len(self._spooled) - len(there))
            self._gone |= {signal[0] for signal in self._spooled} - numbers.keys()
        unfit = _insert_what_fits(connection, there, numbers) if there else []
        _insert_rows(connection, _values(signals, numbers))
        if unfit:  # numbers are without gaps
            connection.executemany(_SET_NUMBER, [(number, pk) for pk, number in numbers.items()])
        return unfit

    def _keep(self, unfit: Sequence[Signal]) -> None:
        """Write what the journal does not take into a file beside it, for somebody to look at."""
        path = self._spool.path.with_suffix(f"{self._spool.path.suffix}.{clock.now():%Y%m%dT%H%M%S%f}Z.unfit")
        path.touch(mode=0o600)
        path.write_bytes(msgspec.json.encode(unfit))
        log.error("%s signals that the journal does not take are kept in %s.", len(unfit), path)


def _bytes_of(signals: Sequence[Signal]) -> int:
    return sum(len(signal.body) for signal in signals)


def _taken(connection: sqlite3.Connection) -> int:
    """The generation of the spool that the journal took last."""
    (number,) = connection.execute("PRAGMA user_version").fetchone()
    return int(number)


def _take_numbers(connection: sqlite3.Connection, counts: Mapping[int, int]) -> dict[int, int]:
    """Count so many signals more for each integration that is there, and give the number after which theirs begin."""
    numbers: dict[int, int] = {}
    for pk, new in counts.items():
        for (stored,) in connection.execute(_TAKE_NUMBERS, [new, pk]).fetchall():
            numbers[pk] = stored - new
    return numbers


def _values(signals: Iterable[Signal], numbers: dict[int, int]) -> list[Any]:
    """The columns of ``signals``, one after the other, each with the next number of its integration."""
    values: list[Any] = []
    for signal in signals:
        pk = signal[0]
        number = numbers[pk] = numbers[pk] + 1
        values += (pk, clock.as_stored(signal[1]), *signal[2:], number)
    return values


_TAKE_NUMBERS = "UPDATE intake_inbox SET stored = stored + ? WHERE integration_id = ? RETURNING stored"
_SET_NUMBER = "UPDATE intake_inbox SET stored = ? WHERE integration_id = ?"
_WIDTH = COLUMNS.count(",") + 1
_ROW = f"({', '.join('?' * _WIDTH)})"
_ROWS_AT_ONCE = 64  # and so many statements at most, which the connection keeps prepared


@cache
def _insert_of(rows: int) -> str:
    return f"INSERT INTO intake_signal ({COLUMNS}) VALUES " + ", ".join([_ROW] * rows)


def _insert_what_fits(
    connection: sqlite3.Connection, signals: Sequence[Signal], numbers: dict[int, int]
) -> list[Signal]:
    """Insert all of ``signals`` at once, or, where one breaks a constraint, one by one. Gives those that do."""
    before = dict(numbers)
    connection.execute("SAVEPOINT all_at_once")
    try:
        _insert_rows(connection, _values(signals, numbers))
        return []
    except sqlite3.IntegrityError:
        connection.execute("ROLLBACK TO all_at_once")
    numbers.update(before)
    unfit: list[Signal] = []
    for signal in signals:
        number = numbers[signal[0]]
        try:
            _insert_rows(connection, _values([signal], numbers))
        except sqlite3.IntegrityError as error:
            log.error("The journal does not take a signal of integration %s: %s", signal[0], error)
            numbers[signal[0]] = number
            unfit.append(signal)
    return unfit


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
