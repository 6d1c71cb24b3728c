"""What the engine does for intake: reads signals, ends group waits, ends alerts that nobody talks about, forgets."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import QuerySet

from ..kernel import clock
from ..kernel import settings as conf
from ..kernel.duty import Duty
from .commands import end_expired, notify_waiting, read_signals
from .models import Alert, AlertGroup, Signal

SIGNALS_PER_TURN = 200
BATCH = 100


def _signal_due() -> datetime | None:
    waiting = Signal.objects.filter(state=Signal.State.PENDING).order_by().values_list("received_at", flat=True)
    return waiting.first()


def _old_signals() -> QuerySet[Signal]:
    before = clock.now() - timedelta(days=conf.current().signal_days)
    return Signal.objects.filter(received_at__lt=before).exclude(state=Signal.State.PENDING)


def forget_signals() -> int:
    """Delete raw signals older than they are kept, a few thousand at a time."""
    pks = list(_old_signals().order_by("id").values_list("pk", flat=True)[:2000])
    Signal.objects.filter(pk__in=pks).delete()
    return len(pks)


def _forget_due() -> datetime | None:
    oldest = Signal.objects.order_by("id").values_list("received_at", flat=True).first()
    return oldest + timedelta(days=conf.current().signal_days, hours=1) if oldest else None


duties = [
    Duty("signals", _signal_due, lambda: read_signals(SIGNALS_PER_TURN)),
    Duty(
        "group waits",
        lambda: (
            AlertGroup.objects.filter(notify_at__isnull=False)
            .order_by("notify_at")
            .values_list("notify_at", flat=True)
            .first()
        ),
        lambda: notify_waiting(BATCH),
    ),
    Duty(
        "alert expiry",
        lambda: (
            Alert.objects.filter(ended_at__isnull=True)
            .order_by("expires_at")
            .values_list("expires_at", flat=True)
            .first()
        ),
        lambda: end_expired(BATCH),
    ),
    Duty("forgetting signals", _forget_due, forget_signals),
]
