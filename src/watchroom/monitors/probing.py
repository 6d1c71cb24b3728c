"""Tries many checks at once, in one loop, in a thread of its own: a slow one delays nobody."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import close_old_connections

from ..kernel import clock
from ..kernel.errors import WatchroomError
from ..kernel.plugins import one_of
from .kinds.base import Failed, Outcome

log = logging.getLogger(__name__)
AT_ONCE = 100
WAITING = 400


@dataclass(frozen=True)
class Probe:
    """What is to be tried."""

    check: int
    revision: int
    kind: str
    settings: Mapping[str, Any]
    timeout: float


@dataclass(frozen=True)
class Tried:
    """What came of it."""

    check: int
    revision: int
    at: datetime
    ok: bool
    message: str
    latency_ms: int | None


async def try_one(probe: Probe) -> Tried:
    """Try once; whatever goes wrong is a result."""
    try:
        kind = one_of("watchroom.monitor_kinds", probe.kind)
        async with asyncio.timeout(probe.timeout):
            found = await kind.probe(probe.settings, probe.timeout)
    except TimeoutError:
        found = Outcome(False, f"no answer within {probe.timeout:g} s")
    except Failed as error:
        found = Outcome(False, str(error))
    except WatchroomError as error:
        found = Outcome(False, error.message)
    except Exception as error:
        log.exception("A check of kind %s failed in an unforeseen way", probe.kind)
        found = Outcome(False, f"{type(error).__name__}: {error}")
    return Tried(probe.check, probe.revision, clock.now(), found.ok, found.message[:300], found.latency_ms)


class Prober:
    """The loop's thread, and the thread that writes down what it finds."""

    def __init__(self, record: Callable[[Sequence[Tried]], int]) -> None:
        self._record = record
        self._lock = threading.Lock()
        self._results: queue.SimpleQueue[Tried] = queue.SimpleQueue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._gate: asyncio.Semaphore | None = None
        self._under_way: set[int] = set()

    @property
    def room(self) -> int:
        """How many more may be handed over now."""
        return max(0, WAITING - len(self._under_way))

    def submit(self, probes: Sequence[Probe]) -> None:
        """Have them tried; returns at once. One that is still under way is not begun a second time."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._gate = asyncio.Semaphore(AT_ONCE)
                threading.Thread(target=self._loop.run_forever, name="checks", daemon=True).start()
                threading.Thread(target=self._write, name="check results", daemon=True).start()
            fresh = [probe for probe in probes if probe.check not in self._under_way]
            self._under_way |= {probe.check for probe in fresh}
        for probe in fresh:
            asyncio.run_coroutine_threadsafe(self._one(probe), self._loop)

    async def _one(self, probe: Probe) -> None:
        assert self._gate is not None
        async with self._gate:
            self._results.put(await try_one(probe))

    def _write(self) -> None:
        while True:
            batch = [self._results.get()]
            while len(batch) < 100 and not self._results.empty():
                batch.append(self._results.get())
            try:
                close_old_connections()
                self._record(batch)
                close_old_connections()
            except Exception:  # they are tried again when they are due again; whatever happens, this thread goes on
                log.exception("The results of %s checks could not be written", len(batch))
            finally:
                with self._lock:
                    self._under_way -= {each.check for each in batch}
