"""Asking connections without making anybody wait: a few threads ask, a request looks whether there is an answer yet.

A question that has been answered is remembered for half a minute, so that many readers are one question. A connection
that did not answer is left alone for a moment and takes at most two threads, so that a dead one delays no other. All of
it is in this process's memory and may be lost at any time: it is asked again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import Any

from ..kernel import clock
from ..kernel.errors import WatchroomError

log = logging.getLogger(__name__)

THREADS = 8
SEATS_OF_ONE = 2
REMEMBER_SECONDS = 30.0
LEAVE_ALONE_SECONDS = 10.0
MOST_REMEMBERED = 300
LONGEST_SECONDS = 30.0  # more than any connector's time-out: after it a question counts as lost


@dataclass(frozen=True)
class Answered:
    """What came of a question: ``data``, or ``error`` in words. ``at`` is on the monotonic clock."""

    data: dict[str, Any] | None
    error: str
    at: float
    about: str = ""  # what was asked, without the time
    everything: bool = False  # it is the connection that does not work, whatever is asked


class Desk:
    """Takes questions. One for the process is :data:`desk`."""

    def __init__(self, threads: int = THREADS, seats_of_one: int = SEATS_OF_ONE) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="evidence")
        self._seats = seats_of_one
        self._lock = threading.Lock()
        self._answers: dict[str, Answered] = {}
        self._running: dict[str, tuple[int, Future[Answered], float]] = {}
        self._failed: dict[int, Answered] = {}

    def ask(
        self,
        key: str,
        connection: int,
        question: Callable[[], dict[str, Any]],
        *,
        about: str = "",
        wait_seconds: float = 0.25,
        again: bool = False,
    ) -> Answered | None:
        """The answer to ``question``, if it is there within ``wait_seconds``; None: come again.

        ``again`` asks anew although there is an answer, or the connection is being left alone.
        """
        now = clock.monotonic()
        with self._lock:
            known = self._answers.get(key)
            if known is not None and not again and now - known.at < REMEMBER_SECONDS:
                return known
            running = self._running.get(key)
            if running is None:
                failed = self._failed.get(connection)
                if failed is not None and not again and now - failed.at < LEAVE_ALONE_SECONDS:
                    return failed
                mine = [each for each in self._running.values() if each[0] == connection]
                if len(mine) >= self._seats:
                    return None
                running = (connection, self._pool.submit(self._run, key, connection, question, about), now)
                self._running[key] = running
            elif now - running[2] > LONGEST_SECONDS:
                del self._running[key]
                return Answered(None, "It took too long.", now)
        wait([running[1]], timeout=wait_seconds)
        return running[1].result() if running[1].done() else None

    def remembered(self, key: str, about: str) -> Answered | None:
        """The answer that somebody was shown, however old, if it is known and was about this."""
        with self._lock:
            known = self._answers.get(key)
        return known if known is not None and known.about == about and known.data is not None else None

    def _run(self, key: str, connection: int, question: Callable[[], dict[str, Any]], about: str) -> Answered:
        answered = replace(answer_of(question), about=about)
        with self._lock:
            self._running.pop(key, None)
            self._answers[key] = answered
            if answered.everything:
                self._failed[connection] = answered
            elif not answered.error:
                self._failed.pop(connection, None)
            while len(self._answers) > MOST_REMEMBERED:
                del self._answers[next(iter(self._answers))]
        return answered

    def forget(self) -> None:
        """Remember nothing; for tests and after a connection was changed."""
        with self._lock:
            self._answers.clear()
            self._failed.clear()


def _clean(found: Any) -> Any:
    """``found`` without the character NUL, which PostgreSQL can't keep."""
    if isinstance(found, str):
        return found.replace("\0", "")
    if isinstance(found, dict):
        return {_clean(key): _clean(value) for key, value in found.items()}
    if isinstance(found, list | tuple):
        return [_clean(each) for each in found]
    return found


def answer_of(question: Callable[[], dict[str, Any]]) -> Answered:
    """Ask now, here. Whatever goes wrong becomes words."""
    try:
        return Answered(_clean(question()), "", clock.monotonic())
    except WatchroomError as error:
        return Answered(None, _clean(str(error)), clock.monotonic(), everything=getattr(error, "everything", False))
    except Exception:
        log.exception("A connector failed in a way it should not")
        return Answered(None, "The connector failed. The reason is in the log.", clock.monotonic())


desk = Desk()
