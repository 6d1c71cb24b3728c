"""What the engine does for status pages and updates: maintenance begins and ends, components follow their services, what
is announced is delivered, copies are renewed."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import connection

from ..channels.base import Delivery as Handed
from ..kernel.duty import Duty, soonest
from ..kernel.errors import WatchroomError
from ..kernel.seats import Seats
from . import commands, telling
from .commands.limits import KEPT
from .commands.subscribing import CONFIRM_WITHIN
from .models import Announcement, Component, Delivery, DeliveryAttempt, Destination, Maintenance, Subscriber, Try

log = logging.getLogger(__name__)
BATCH = 100
THREADS = 6  # of their own: a hundred thousand subscribers never take a seat from a page

_telling = Seats[tuple[Delivery, DeliveryAttempt]]("tell", THREADS, queued=4)
_copying = Seats[None]("copy", 1, queued=1)


def try_once(claimed: tuple[Delivery, DeliveryAttempt]) -> None:
    """One attempt. Whatever goes wrong stays with this delivery."""
    delivery, attempt = claimed
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


def deliver() -> int:
    """Hand due deliveries over, as many as there are seats for."""
    return _telling.fill(commands.claim, try_once, BATCH)


def copy() -> int:
    """Renew copies that are due, one at a time."""
    if connection.in_atomic_block:
        return int(commands.push_due())
    return _copying.fill(lambda free: (None,), lambda _: commands.push_due())


def _next_to_forget() -> datetime | None:
    """Tries after a day, and who never confirmed after three."""
    tried = soonest(Try, "at")()
    asked = soonest(Subscriber, "asked_at", state=Subscriber.State.PENDING)()
    times = [at + kept for at, kept in ((tried, KEPT), (asked, CONFIRM_WITHIN)) if at is not None]
    # Exactly at its end something is still kept.
    return min(times) + timedelta(seconds=1) if times else None


duties = [
    Duty("public-maintenance", soonest(Maintenance), lambda: commands.turn_over(BATCH)),
    Duty("components", soonest(Component, "look_at"), lambda: commands.look(BATCH * 10)),
    Duty("announcements", soonest(Announcement), lambda: commands.expand(10)),
    Duty("deliveries", soonest(Delivery), deliver),
    Duty("copies", soonest(Destination), copy),
    Duty("forgetting", _next_to_forget, lambda: commands.forget() + commands.forget_pending()),
]
