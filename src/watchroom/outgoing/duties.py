"""What the engine does: hands events on, delivers, forgets."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import datetime

from ..kernel.duty import Duty, soonest
from ..kernel.seats import Seats
from . import delivering, sending
from .commands import forget_old_secrets
from .delivering import BATCH, KEPT, Claimed, Outcome
from .models import Dispatch, Event, Webhook

log = logging.getLogger(__name__)
THREADS = 6  # of their own: a slow receiver never takes a seat from a page

_sending = Seats[Claimed]("events", THREADS)


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


def deliver() -> int:
    """Hand due dispatches over, as many as there are seats for; a webhook that answers slowly gets few of them."""
    to = Counter(each.dispatch.webhook_id for each in _sending.taken())
    return _sending.fill(lambda free: delivering.claim(free, to), _send, BATCH)


def _next_to_forget() -> datetime | None:
    oldest = soonest(Event, "at", due_at__isnull=True)()
    return oldest + KEPT if oldest else None


duties = [
    Duty("events", soonest(Event), delivering.hand_on),
    Duty("webhooks", soonest(Dispatch), deliver),
    Duty("old webhook secrets", soonest(Webhook, "old_secret_until"), forget_old_secrets),
    Duty("old events", _next_to_forget, delivering.forget),
]
