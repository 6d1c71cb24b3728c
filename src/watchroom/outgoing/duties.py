"""What the engine does: hands events on, delivers, forgets."""

from __future__ import annotations

import logging
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from functools import cache

from django.db import close_old_connections, connection

from ..kernel.duty import Duty
from . import delivering, sending
from .commands import forget_old_secrets
from .delivering import BATCH, KEPT, Claimed, Outcome
from .models import Dispatch, Event, Webhook

log = logging.getLogger(__name__)
THREADS = 6  # of their own: a slow receiver never takes a seat from a page


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="events")


_running: dict[Future[None], int] = {}  # to which webhook


def _send(claimed: Claimed) -> None:
    """One attempt. Whatever goes wrong stays with this dispatch."""
    rows = Dispatch.objects.select_related("event__team", "webhook")
    full = rows.filter(pk=claimed.dispatch.pk, state=Dispatch.State.SENDING, tried=claimed.dispatch.tried).first()
    if full is None:
        claimed.attempt.delete()  # it waited here longer than its lease: another try has taken it over
        return
    try:
        outcome = sending.send(full)
    except Exception as error:
        log.exception("An event could not be made or sent: dispatch %s", full.pk)
        outcome = Outcome(False, detail=type(error).__name__)
    delivering.record(claimed, outcome)


def _send_in_pool(claimed: Claimed) -> None:
    close_old_connections()
    _send(claimed)


def deliver() -> int:
    """Hand due dispatches to the pool, as many as it has seats for. Inside a transaction of a test there is one
    connection only: then they are sent here, one after the other."""
    inline = connection.in_atomic_block
    for done in [each for each in _running if each.done()]:
        del _running[done]
    free = BATCH if inline else THREADS * 2 - len(_running)
    claimed = delivering.claim(free, {} if inline else Counter(_running.values())) if free > 0 else []
    for each in claimed:
        if inline:
            _send(each)
        else:
            _running[_pool().submit(_send_in_pool, each)] = each.dispatch.webhook_id
    return len(claimed)


def _earliest(rows: object, field: str) -> datetime | None:
    found: datetime | None = rows.order_by(field).values_list(field, flat=True).first()  # type: ignore[attr-defined]
    return found


def _next_to_forget() -> datetime | None:
    oldest = _earliest(Event.objects.filter(due_at__isnull=True), "at")
    return oldest + KEPT if oldest else None


duties = [
    Duty("events", lambda: _earliest(Event.objects.filter(due_at__isnull=False), "due_at"), delivering.hand_on),
    Duty("webhooks", lambda: _earliest(Dispatch.objects.filter(due_at__isnull=False), "due_at"), deliver),
    Duty(
        "old webhook secrets",
        lambda: _earliest(Webhook.objects.filter(old_secret_until__isnull=False), "old_secret_until"),
        forget_old_secrets,
    ),
    Duty("old events", _next_to_forget, delivering.forget),
]
