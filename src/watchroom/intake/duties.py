"""What the engine does for intake: reads signals, ends group waits, ends alerts that nobody talks about, forgets."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..kernel import clock
from ..kernel import settings as conf
from ..kernel.duty import Duty, soonest
from ..kernel.wake import SIGNALS
from .commands import (
    bring_up_again,
    end_expired,
    notify_waiting,
    read_signals,
    return_due,
    review,
    tell_updates,
    try_mappings,
    turn_flapping,
    turn_over,
    turn_routes,
    turns_due,
)
from .journal import unread
from .models import Alert, AlertGroup, Integration, MaintenanceWindow, Signal, Silence

SIGNALS_PER_TURN = 2_000
# A turn costs several times as much as one more group in it, so while they stream in they are read some thirty times a second,
# a few together; in a flood, some ten times. What comes after a silence is read at once.
REST_SECONDS = 0.02
STREAM_FROM = 5  # fewer signals in one turn come slowly, and somebody may have to be paged for each
BATCH = 100
FORGET_AT_ONCE = 2_000


def _signal_due() -> datetime | None:
    return clock.now() if unread() else None


def forget_signals() -> int:
    """Delete raw signals older than they are kept, a few thousand at a time; never one that waits to be read."""
    before = clock.now() - timedelta(days=conf.current().signal_days)
    waiting = dict(Integration.objects.filter(pk__in=unread()).values_list("pk", "read_to"))
    old = Signal.objects.filter(received_at__lt=before).order_by("received_at")
    found = old.values_list("pk", "integration_id", "number")[:FORGET_AT_ONCE]
    rows = Signal.objects.filter(pk__in=[pk for pk, whose, number in found if number <= waiting.get(whose, number)])
    return rows._raw_delete(rows.db)


def _forget_due() -> datetime | None:
    oldest = soonest(Signal, "received_at")()
    return oldest + timedelta(days=conf.current().signal_days, hours=1) if oldest else None


def _turns_due() -> datetime | None:
    """When a silence or a maintenance window begins or ends next."""
    return min((at for at in (soonest(Silence)(), soonest(MaintenanceWindow)()) if at), default=None)


duties = [
    Duty(
        "signals", _signal_due, lambda: read_signals(SIGNALS_PER_TURN), REST_SECONDS, STREAM_FROM, frozenset({SIGNALS})
    ),
    Duty("silences and maintenance", _turns_due, lambda: turn_over(BATCH)),
    Duty("holds", soonest(AlertGroup, "review_at"), lambda: review(BATCH)),
    Duty("group waits", soonest(AlertGroup, "notify_at"), lambda: notify_waiting(BATCH)),
    Duty("hours of routes", turns_due, lambda: turn_routes(BATCH)),
    Duty("flapping", soonest(AlertGroup, "flap_turns_at"), lambda: turn_flapping(BATCH)),
    Duty("what has joined", soonest(AlertGroup, "update_at"), lambda: tell_updates(BATCH)),
    Duty("what still fires", soonest(AlertGroup, "repeat_at"), lambda: bring_up_again(BATCH)),
    Duty("snoozes and promises", soonest(AlertGroup, "returns_at"), lambda: return_due(BATCH)),
    Duty("alert expiry", soonest(Alert, "expires_at"), lambda: end_expired(BATCH)),
    Duty("mappings that rest", soonest(Integration, "rests_until"), try_mappings),
    Duty("forgetting signals", _forget_due, forget_signals),
]
