"""What the engine does for status pages and updates: maintenance begins and ends, components follow their services, what
is announced is delivered, copies are renewed."""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import cache

from django.db import close_old_connections, connection

from ..channels.base import Delivery as Handed
from ..kernel.duty import Duty
from ..kernel.errors import WatchroomError
from . import commands, telling
from .commands.limits import KEPT
from .commands.subscribing import CONFIRM_WITHIN
from .models import Announcement, Component, Delivery, DeliveryAttempt, Destination, Maintenance, Subscriber, Try

log = logging.getLogger(__name__)
BATCH = 100
THREADS = 6  # of their own: a hundred thousand subscribers never take a seat from a page


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="tell")


@cache
def _copier() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="copy")


_running: set[Future[None]] = set()
_copying: set[Future[bool]] = set()


def _send(delivery: Delivery, attempt: DeliveryAttempt) -> None:
    """One attempt. Whatever goes wrong stays with this delivery."""
    result: Handed | Exception | None
    try:
        rows = Delivery.objects.select_related(
            "announcement__update__incident",
            "announcement__update__corrects",
            "announcement__note__maintenance",
            "subscriber__page",
            "recipient__list",
        )
        full = rows.filter(pk=delivery.pk, state=Delivery.State.SENDING, tried=delivery.tried).first()
        if full is None:
            attempt.delete()  # it waited here longer than its lease: another try has taken it over
            return
        result = telling.send(full)
    except WatchroomError as error:
        result = error
    except Exception as error:
        log.exception("A message could not be made or sent: delivery %s", delivery.pk)
        result = error
    commands.record(delivery, attempt, result)


def _send_in_pool(delivery: Delivery, attempt: DeliveryAttempt) -> None:
    close_old_connections()
    _send(delivery, attempt)


def deliver() -> int:
    """Hand due deliveries to the pool, as many as it has seats for. Inside a transaction of a test there is one
    connection only: then they are sent here, one after the other."""
    inline = connection.in_atomic_block
    _running.difference_update({each for each in _running if each.done()})
    free = BATCH if inline else THREADS * 4 - len(_running)
    claimed = commands.claim(min(BATCH, free)) if free > 0 else []
    for delivery, attempt in claimed:
        if inline:
            _send(delivery, attempt)
        else:
            _running.add(_pool().submit(_send_in_pool, delivery, attempt))
    return len(claimed)


def _copy_in_thread() -> bool:
    close_old_connections()
    return commands.push_due()


def copy() -> int:
    """Renew copies that are due, one at a time."""
    if connection.in_atomic_block:
        return int(commands.push_due())
    _copying.difference_update({each for each in _copying if each.done()})
    if not _copying:
        _copying.add(_copier().submit(_copy_in_thread))
        return 1
    return 0


def _earliest(rows: object, field: str) -> datetime | None:
    found: datetime | None = rows.order_by(field).values_list(field, flat=True).first()  # type: ignore[attr-defined]
    return found


def _next_to_forget() -> datetime | None:
    """Tries after a day, and who never confirmed after three."""
    tried = _earliest(Try.objects.all(), "at")
    asked = _earliest(Subscriber.objects.filter(state=Subscriber.State.PENDING), "asked_at")
    times = [at + kept for at, kept in ((tried, KEPT), (asked, CONFIRM_WITHIN)) if at is not None]
    # Exactly at its end something is still kept.
    return min(times) + timedelta(seconds=1) if times else None


duties = [
    Duty(
        "public-maintenance",
        lambda: _earliest(Maintenance.objects.filter(due_at__isnull=False), "due_at"),
        lambda: commands.turn_over(BATCH),
    ),
    Duty(
        "components",
        lambda: _earliest(Component.objects.filter(look_at__isnull=False), "look_at"),
        lambda: commands.look(BATCH * 10),
    ),
    Duty(
        "announcements",
        lambda: _earliest(Announcement.objects.filter(due_at__isnull=False), "due_at"),
        lambda: commands.expand(10),
    ),
    Duty("deliveries", lambda: _earliest(Delivery.objects.filter(due_at__isnull=False), "due_at"), deliver),
    Duty("copies", lambda: _earliest(Destination.objects.filter(due_at__isnull=False), "due_at"), copy),
    Duty("forgetting", _next_to_forget, lambda: commands.forget() + commands.forget_pending()),
]
