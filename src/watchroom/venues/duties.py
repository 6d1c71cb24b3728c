"""What the engine does, in threads of its own: venues are made, kept current and closed; what is marked in them is taken
into the log."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from functools import cache
from typing import Any

from django.db import close_old_connections, connection

from ..kernel.duty import Duty
from . import keeping, taking
from .models import Taken, Venue

log = logging.getLogger(__name__)
THREADS = 3
BATCH = 50


@cache
def _pool(name: str) -> ThreadPoolExecutor:
    """One for each: a chat that is slow to say what is marked holds up no channel that is being made."""
    return ThreadPoolExecutor(THREADS, thread_name_prefix=name)


_running: dict[str, set[Future[None]]] = {}


def _work(look: Callable[[Any], None], row: Any) -> None:
    try:
        look(row)
    except Exception:
        log.exception(
            "%s could not be looked after: %s", type(row).__name__, row.pk
        )  # due again when its lease is over


def _work_in_pool(look: Callable[[Any], None], row: Any) -> None:
    close_old_connections()
    _work(look, row)


def _each(name: str, claim: Callable[[], Any], look: Callable[[Any], None]) -> Callable[[], int]:
    """Look after what is due, as much as there are seats for. Inside a transaction of a test one after the other."""

    def work() -> int:
        inline = connection.in_atomic_block
        running = _running.setdefault(name, set())
        running.difference_update({each for each in running if each.done()})
        handled = 0
        while handled < (BATCH if inline else THREADS - len(running)) and (row := claim()) is not None:
            handled += 1
            if inline:
                _work(look, row)
            else:
                running.add(_pool(name).submit(_work_in_pool, look, row))
        return handled

    return work


def _next(rows: Any, field: str) -> Callable[[], datetime | None]:
    def due() -> datetime | None:
        found: datetime | None = rows.order_by(field).values_list(field, flat=True).first()
        return found

    return due


duties = [
    Duty(
        "channels and calls",
        keeping.next_due,
        _each("venues", keeping.claim, keeping.look_after),
    ),
    Duty(
        "messages taken into logs",
        _next(Taken.objects.filter(due_at__isnull=False), "due_at"),
        _each("taken", taking.claim, taking.take),
    ),
    Duty(
        "marks in channels",
        _next(Venue.objects.filter(watch_at__isnull=False, workspace__isnull=False), "watch_at"),
        _each("marks", taking.claim_watch, taking.watch),
    ),
]
