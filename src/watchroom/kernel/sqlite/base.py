"""SQLite has one writer at a time, and whoever finds it taken sleeps and looks again: up to a tenth of a second each
time, however soon it becomes free, and whoever has slept for long is no more likely to get it. Within one process, threads
wait for each other instead: who comes next begins the moment the one before has committed.

Besides, what Django works out anew for each statement and each time is remembered or done straight away: statements come
again, and all times are UTC (``USE_TZ``, and no zone of the database's own).

What belongs to many rows is prefetched by one ``IN``. Django asks SQLite ``id = 1 OR id = 2 …``, which is read in a time that
grows with its square, and refused from a thousand on.
"""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.db.backends.sqlite3 import base
from django.db.backends.sqlite3.operations import DatabaseOperations
from django.db.models.fields.tuple_lookups import TupleIn
from django.db.models.lookups import In

from .. import clock

_LONGEST_WAIT_SECONDS = 30.0  # as SQLite's own: then it is asked all the same, and says that it is busy
_turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)  # by file
os.register_at_fork(after_in_child=_turns.clear)  # the thread that holds one is not there


def _in(self: TupleIn, compiler: Any, connection: Any, **context: Any) -> Any:
    if not self.rhs_is_direct_value() or len(self.lhs) != 1:
        return self.as_sql(compiler, connection, **context)
    column: Any = next(iter(self.lhs))
    return In(column, [value for (value,) in self.rhs]).as_sql(compiler, connection)


TupleIn.as_sqlite = _in  # type: ignore[attr-defined]  # as Django's documentation says for backends of one's own


@lru_cache(maxsize=512)
def _with_marks(query: str) -> str:
    return base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")


class _Cursor(base.SQLiteCursorWrapper):
    def convert_query(self, query: str, *, param_names: list[str] | None = None) -> str:
        return _with_marks(query) if param_names is None else super().convert_query(query, param_names=param_names)


class _Operations(DatabaseOperations):
    def adapt_datetimefield_value(self, value: Any) -> Any:
        if type(value) is datetime and value.tzinfo is UTC:
            return clock.as_stored(value)
        return super().adapt_datetimefield_value(value)

    def convert_datetimefield_value(self, value: Any, expression: Any, connection: Any) -> Any:
        if value is None:
            return None
        if type(value) is datetime:  # Python's module has read it already
            return value.replace(tzinfo=UTC) if value.tzinfo is None else value
        try:
            at = datetime.fromisoformat(value)
        except (TypeError, ValueError):  # it is none, or written in another way
            return super().convert_datetimefield_value(value, expression, connection)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at


class DatabaseWrapper(base.DatabaseWrapper):
    """A transaction holds its process's turn from its begin (all are IMMEDIATE) to its end."""

    ops_class = _Operations

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._turn: threading.Lock | None = None

    def create_cursor(self, name: str | None = None) -> _Cursor:
        cursor: _Cursor = self.connection.cursor(factory=_Cursor)
        return cursor

    def _start_transaction_under_autocommit(self) -> None:
        turn = _turns[str(self.settings_dict["NAME"])]
        if turn.acquire(timeout=_LONGEST_WAIT_SECONDS):
            self._turn = turn
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._end_turn()
            raise

    def _commit(self) -> None:
        super()._commit()  # type: ignore[misc]
        self._end_turn()  # not if it failed: then it is rolled back, or the connection is closed

    def _rollback(self) -> None:
        super()._rollback()  # type: ignore[misc]
        self._end_turn()

    def _close(self) -> None:
        super()._close()  # type: ignore[misc]
        self._end_turn()

    def _end_turn(self) -> None:
        turn, self._turn = self._turn, None
        if turn is not None:
            turn.release()
