"""The engine's loop: do what is due, sleep until the next thing is, wake at once when a commit makes something due.

Each group of duties has a thread of its own, so that a storm of signals delays neither a step nor a message.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from importlib import import_module
from importlib.util import find_spec

import httpx
from django.apps import apps
from django.db import OperationalError, close_old_connections, connection

from .. import __version__
from ..kernel import clock
from ..kernel import settings as conf
from ..kernel.duty import Duty
from ..kernel.plugins import all_of
from ..kernel.wake import DUE, listen_here
from .models import EngineNode
from .queries import health
from .waking import Waker

log = logging.getLogger(__name__)
LONGEST_SLEEP_SECONDS = 5.0  # a lost wake costs at most this
LONGEST_BACKOFF_SECONDS = 30.0
LOOK_SECONDS = 0.25  # while signals stream in, the other duties of whoever reads them are looked at this often
BEAT = timedelta(seconds=10)
DEAD_MAN_EVERY = timedelta(minutes=1)
# A thread that sends has to come back to Python after each word with its provider, and would wait for so long each time
# while another one reads signals. Python's own 5 ms are made for threads that compute.
SWITCH_SECONDS = 0.001


def all_duties() -> dict[str, list[Duty]]:
    """Every package's duties, by the name of the thread that does them: its package's, or its own."""
    found: dict[str, list[Duty]] = {}
    for app in apps.get_app_configs():
        if app.name.startswith("watchroom.") and find_spec(f"{app.name}.duties"):
            for duty in import_module(f"{app.name}.duties").duties:
                found.setdefault(f"{app.label}-{duty.name}" if duty.apart else app.label, []).append(duty)
    return found


def run_due(duties: Sequence[Duty] | None = None, *, most_rounds: int = 1000) -> int:
    """Do everything that is due now, and what becomes due by doing it; for tests and for one-off use.

    Returns how many pieces of work were done.
    """
    every = list(duties) if duties is not None else [duty for group in all_duties().values() for duty in group]
    total = 0
    for _ in range(most_rounds):
        done = sum(duty.work() for duty in every if _is_due(duty))
        total += done
        if not done:
            return total
    return total


def _is_due(duty: Duty) -> bool:
    due = duty.next_due()
    return due is not None and due <= clock.now()


class Worker(threading.Thread):
    """Does the duties of one package until it is told to stop."""

    def __init__(self, name: str, duties: Sequence[Duty], stop: threading.Event) -> None:
        super().__init__(name=f"engine-{name}", daemon=True)
        self.duties, self.stop = duties, stop
        self.wake = threading.Event()
        self.told = True  # that something has become due, other than signals
        self._looked_at = float("-inf")
        self._dues: dict[str, datetime | None] = {}  # of the duties that do not come in a stream, as last seen
        # Signals come hundreds of times a second, and are no business of those that do not read them.
        self.hears = frozenset({DUE, "*"}).union(*(duty.hears for duty in self.duties))
        self.backoff = 0.0

    def run(self) -> None:
        while not self.stop.is_set():
            self.wake.clear()
            pause = self._turn()
            if pause > 0:
                self.wake.wait(pause)
        close_old_connections()
        connection.close()

    def _turn(self) -> float:
        """Do one round of what is due. Returns for how many seconds to sleep."""
        close_old_connections()
        try:
            done, soonest, rest = 0, LONGEST_SLEEP_SECONDS, 0.0
            all_of_them = self.told or clock.monotonic() - self._looked_at >= LOOK_SECONDS
            if all_of_them:
                self.told, self._looked_at = False, clock.monotonic()
            for duty in self.duties:
                due = duty.next_due() if all_of_them or duty.hears else self._dues.get(duty.name)
                self._dues[duty.name] = due
                if due is None:
                    continue
                ahead = (due - clock.now()).total_seconds()
                if ahead <= 0:
                    handled = duty.work()
                    self.told = self.told or not duty.hears
                    done += handled
                    rest = max(rest, duty.rest_after(handled))
                    # Due, but not ours to do: another engine holds the row, or every seat is taken.
                    soonest = soonest if handled else min(soonest, 0.05)
                else:
                    soonest = min(soonest, ahead)
            if not all_of_them:  # what has been read may have made something due that is not yet seen here
                soonest = min(soonest, max(0.0, self._looked_at + LOOK_SECONDS - clock.monotonic()))
            self.backoff = 0.0
            if done:
                self.stop.wait(rest)
            return 0.0 if done else soonest
        except OperationalError as error:
            self.told = True
            self.backoff = min(LONGEST_BACKOFF_SECONDS, max(0.5, self.backoff * 2))
            log.warning("The database could not be used (%s); again in %.1f s", error, self.backoff)
            connection.close()
        except Exception:
            self.told = True
            self.backoff = min(LONGEST_BACKOFF_SECONDS, max(0.5, self.backoff * 2))
            log.exception("%s failed; again in %.1f s", self.name, self.backoff)
        return self.backoff


def run() -> None:
    """Run an engine until SIGTERM or SIGINT; what has been begun is finished first."""
    from ..intake.commands import extend_missed
    from ..paging.duties import finish

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    extended = extend_missed()
    if extended:
        log.info("%s alerts ran out while no engine was running; they get time to be seen again", extended)
    workers = [Worker(name, duties, stop) for name, duties in all_duties().items()]
    for worker in workers:
        worker.start()

    def woken(topics: frozenset[str]) -> None:
        for worker in workers:
            if topics & worker.hears:
                worker.told = worker.told or bool(topics & {DUE, "*"})
                worker.wake.set()

    sys.setswitchinterval(SWITCH_SECONDS)
    all_of("watchroom.channels")  # before somebody has to be paged: loading them takes a while
    gc.freeze()  # what has been loaded stays: to look through it for garbage again and again took a tenth of a turn
    listen_here(woken)
    waker = Waker(woken)
    log.info("The engine runs: %s", ", ".join(sorted(worker.name for worker in workers)))
    beat = _Beat()
    while not stop.is_set():
        beat.maybe()
        waker.wait(1.0)
    for worker in workers:
        worker.wake.set()
    for worker in workers:
        worker.join(timeout=10)
    finish()
    beat.end()
    waker.close()
    log.info("The engine has ended")


def ping(url: str) -> bool:
    """Tell the outside monitor that all is well. While paging is impaired nothing is said, so that the monitor, which
    needs neither this engine nor its channels, raises the alarm. Whether it was told."""
    try:
        wrong = health()["impaired"]
        if wrong:
            log.error("Paging is impaired, so the outside monitor is not told that all is well: %s", " ".join(wrong))
            return False
        httpx.get(url, timeout=10)
        return True
    finally:
        if not connection.in_atomic_block:
            connection.close()


class _Beat:
    """Says that this engine lives, in the database and to the outside monitor."""

    def __init__(self) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self.started = clock.now()
        self.last = self.last_ping = self.started - timedelta(days=1)

    def maybe(self) -> None:
        now = clock.now()
        if now - self.last >= BEAT:
            self._guard(self._write)
            self.last = now
        url = conf.current().dead_man_url
        if url and now - self.last_ping >= DEAD_MAN_EVERY:
            threading.Thread(target=self._guard, args=(lambda: ping(url),), daemon=True).start()
            self.last_ping = now

    def _write(self) -> None:
        now = clock.now()
        EngineNode.objects.update_or_create(
            name=self.name, defaults={"started_at": self.started, "seen_at": now, "version": __version__}
        )
        EngineNode.objects.filter(seen_at__lt=now - timedelta(days=1)).delete()

    def end(self) -> None:
        self._guard(lambda: EngineNode.objects.filter(name=self.name).delete())

    @staticmethod
    def _guard(act: Callable[[], object]) -> None:
        try:
            close_old_connections()
            act()
        except Exception as error:
            log.warning("The engine could not say that it lives: %s", error)
