"""Group commit: one thread writes whatever is waiting at once, and only then are the senders answered.

While it writes, what comes is gathered, and goes next, together with what those who have just been answered send then:
a write costs the same for one signal as for a hundred, and the fewer there are, the less does this thread wait for Python's
lock, which the event loop holds while it reads and answers.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue

from ...kernel import clock
from .database import Database, Refused, Signal, Unavailable

log = logging.getLogger("watchroom.gate")

BATCH_SIGNALS = 1_000
BATCH_BYTES = 16 * 1024 * 1024
QUEUE_SIGNALS = 10_000
QUEUE_BYTES = 64 * 1024 * 1024
GATHER_SECONDS = 0.002  # at most; it ends when some turns of the event loop have brought nothing more
_QUIET_TURNS = 3
SETTLE_AFTER_SECONDS, SETTLE_AGAIN_SECONDS = 0.005, 1.0


class Full(Exception):
    """More is waiting than may wait."""


Done = Callable[[Exception | None], None]


_Waiting = tuple[Signal, Done]


class Store:
    """Takes signals on the event loop, writes them on a thread of its own, and answers on the loop again."""

    def __init__(
        self,
        database: Database,
        *,
        committed: Callable[[int, float], None] = lambda signals, seconds: None,
        queue_signals: int = QUEUE_SIGNALS,
        queue_bytes: int = QUEUE_BYTES,
    ) -> None:
        self._database = database
        self._committed = committed
        self._queue_signals, self._queue_bytes = queue_signals, queue_bytes
        # On the event loop: what has come and is not yet answered, in all and by integration.
        self._signals = self._bytes = 0
        self._held: dict[int, list[int]] = {}
        self._fresh: list[_Waiting] = []  # not yet handed over
        self._writing = 0  # how many are handed over, and not yet answered
        self._gathering = False
        self._gathered = self._quiet_turns = 0  # so many had come in the last turn; and for so many turns nothing more
        self._gather_until = 0.0
        self._running = False
        # Between the two: one hand-over at a time.
        self._handed: SimpleQueue[list[_Waiting] | None] = SimpleQueue()
        self._pending: deque[_Waiting] = deque()  # on the writer's side
        self._closing = self._ended = False
        self._failing = self._unsettled = False
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Start the writer. Call it on the event loop that will call :meth:`put`."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._write_all, name="gate-writer", daemon=True)
        self._running = True
        self._thread.start()

    async def stop(self) -> None:
        """Write what is waiting, and end."""
        self._closing = True
        self._hand_over()
        self._handed.put(None)
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    @property
    def alive(self) -> bool:
        """Whether the writer runs."""
        return self._running

    def __len__(self) -> int:
        return self._signals

    def put(self, signal: Signal) -> asyncio.Future[None]:
        """Store ``signal``; the future is done once it is durable.

        The future raises :class:`Unavailable` or :class:`Refused` when it could not be stored.

        :raises Full: come back later.
        """
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def done(error: Exception | None) -> None:
            if answer.done():  # its request was cancelled
                return
            if error is None:
                answer.set_result(None)
            else:
                answer.set_exception(error)

        self.submit(signal, done)
        return answer

    def submit(self, signal: Signal, done: Done) -> None:
        """Store ``signal`` and call ``done`` on the event loop: with None once it is durable, else with what went
        wrong (:class:`Unavailable`, :class:`Refused`).

        :raises Full: come back later.
        """
        if self._closing or not self._running:
            raise Full
        if self._signals >= self._queue_signals or self._bytes >= self._queue_bytes:
            raise Full
        size = len(signal.body)
        own = self._held.get(signal.integration_id)
        if own is None:
            own = self._held[signal.integration_id] = [0, 0]
        # Nobody may hold more than what is left for the others: however many storm, there is room for one more.
        elif own[0] > self._queue_signals - self._signals or own[1] > self._queue_bytes - self._bytes:
            raise Full
        own[0] += 1
        own[1] += size
        self._signals += 1
        self._bytes += size
        self._fresh.append((signal, done))
        if not self._writing:
            self._gather()

    def _gather(self) -> None:
        """Hand over what has come, as soon as nothing more comes."""
        if not self._gathering and self._loop is not None:
            self._gathering, self._gathered = True, 0
            self._gather_until = clock.monotonic() + GATHER_SECONDS
            self._loop.call_soon(self._gather_more)

    def _gather_more(self) -> None:
        assert self._loop is not None
        come = len(self._fresh)
        self._quiet_turns = 0 if come > self._gathered else self._quiet_turns + 1
        self._gathered = come
        if self._quiet_turns < _QUIET_TURNS and clock.monotonic() < self._gather_until:
            self._loop.call_soon(self._gather_more)
        else:
            self._gathering = False
            self._hand_over()

    def _hand_over(self) -> None:
        if self._fresh:
            fresh, self._fresh = self._fresh, []
            self._writing += len(fresh)
            self._handed.put(fresh)

    def _take(self) -> list[_Waiting]:
        """The next batch, in order; empty when all is written and nothing more will come."""
        pending = self._pending
        given = self._next() if not pending and not self._ended else []
        while True:
            if given is None:
                self._ended = True
            else:
                pending += given
            try:
                given = self._handed.get_nowait()
            except Empty:
                break
        batch: list[_Waiting] = []
        size = 0
        while pending and len(batch) < BATCH_SIGNALS and size < BATCH_BYTES:
            waiting = pending.popleft()
            size += len(waiting[0].body)
            batch.append(waiting)
        return batch

    def _next(self) -> list[_Waiting] | None:
        """What is handed over next. While nothing comes, what has been stored is settled."""
        pause: float | None = SETTLE_AFTER_SECONDS
        while True:
            try:
                return self._handed.get(timeout=pause)
            except Empty:
                pause = None if self._settle() else SETTLE_AGAIN_SECONDS

    def _settle(self) -> bool:
        """Whether there is nothing left to be settled."""
        try:
            settled = self._database.settle()
        except Exception as error:  # it stays stored, and goes on later
            if not self._unsettled:
                log.error("Signals that were accepted can't be read by the engine yet: %s", error)
                self._unsettled = True
            return False
        self._unsettled = False
        return settled

    def _write_all(self) -> None:
        try:
            self._settle()  # what a crash has left
            while batch := self._take():
                self._write(batch)
            self._settle()
            self._database.close()
        finally:
            self._running = False

    def _write(self, batch: list[_Waiting]) -> None:
        started = clock.monotonic()
        error: Exception | None = None
        try:
            self._database.insert([signal for signal, _ in batch])
        except Refused as refused:
            if len(batch) > 1:  # one bad row must not cost the others their place
                for waiting in batch:
                    self._write([waiting])
                return
            error = refused
        except Exception as other:  # the writer must outlive whatever happens to one batch
            error = other if isinstance(other, Unavailable) else Unavailable(repr(other))
            if not self._failing:
                log.error("Signals can't be stored, their senders are told to try again: %s", other)
                self._failing = True
        else:
            self._committed(len(batch), clock.monotonic() - started)
            if self._failing:
                log.warning("Signals are stored again.")
                self._failing = False
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(self._answer, batch, error)
        except RuntimeError:  # the loop is closed: nobody waits any more
            pass

    def _answer(self, batch: list[_Waiting], error: Exception | None) -> None:
        self._writing -= len(batch)
        if self._fresh and not self._writing:  # those who are answered now may send again at once
            self._gather()
        for signal, done in batch:
            own, size = self._held[signal.integration_id], len(signal.body)
            own[0] -= 1
            own[1] -= size
            if not own[0]:
                del self._held[signal.integration_id]
            self._signals -= 1
            self._bytes -= size
            try:
                done(error)
            except Exception:  # one sender's broken connection is not the others' business
                log.exception("A sender could not be answered")
