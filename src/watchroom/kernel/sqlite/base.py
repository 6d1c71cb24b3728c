"""SQLite has one writer at a time, and whoever finds it taken sleeps and looks again: up to a tenth of a second each
time, however soon it becomes free, and whoever has slept for long is no more likely to get it. Within one process, threads
wait for each other instead: who comes next begins the moment the one before has committed.
"""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from typing import Any

from django.db.backends.sqlite3 import base

_LONGEST_WAIT_SECONDS = 30.0  # as SQLite's own: then it is asked all the same, and says that it is busy
_turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)  # by file
os.register_at_fork(after_in_child=_turns.clear)  # the thread that holds one is not there


class DatabaseWrapper(base.DatabaseWrapper):
    """A transaction holds its process's turn from its begin (all are IMMEDIATE) to its end."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._turn: threading.Lock | None = None

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
