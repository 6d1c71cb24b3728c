"""What the engine does: venues are made, kept current and closed, in threads of their own."""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from functools import cache

from django.db import close_old_connections, connection

from ..kernel.duty import Duty
from . import keeping
from .models import Venue

log = logging.getLogger(__name__)
THREADS = 3
BATCH = 50


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="venues")


_running: set[Future[None]] = set()


def _work(venue: Venue) -> None:
    try:
        keeping.look_after(venue)
    except Exception:
        log.exception("A venue could not be looked after: %s", venue.pk)  # due again when its lease is over


def _work_in_pool(venue: Venue) -> None:
    close_old_connections()
    _work(venue)


def look_after_due() -> int:
    """Look after what is due, as much as there are seats for. Inside a transaction of a test one after the other."""
    inline = connection.in_atomic_block
    _running.difference_update({each for each in _running if each.done()})
    handled = 0
    while handled < (BATCH if inline else THREADS - len(_running)) and (venue := keeping.claim()) is not None:
        handled += 1
        if inline:
            _work(venue)
        else:
            _running.add(_pool().submit(_work_in_pool, venue))
    return handled


def _next() -> datetime | None:
    rows = Venue.objects.filter(due_at__isnull=False).order_by("due_at")
    return rows.values_list("due_at", flat=True).first()


duties = [Duty("channels and calls", _next, look_after_due)]
