"""How the engines are doing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ..intake.journal import oldest_unread, unread
from ..kernel import clock
from ..paging.models import Escalation, Notification
from .models import EngineNode

ALIVE = timedelta(seconds=45)


def health() -> dict[str, Any]:
    """``engines`` alive, ``lag_seconds`` of the oldest overdue row, ``pending_signals``, ``failed_notifications`` (24 h).

    An attempt that is being sent has a lease and counts as overdue only when that has run out.
    """
    now = clock.now()
    oldest = [
        rows.order_by(column).values_list(column, flat=True).first()
        for rows, column in (
            (Escalation.objects.filter(ended_at__isnull=True), "due_at"),
            (Notification.objects.filter(ended_at__isnull=True), "due_at"),
        )
    ]
    lag = max(((now - each).total_seconds() for each in (*oldest, oldest_unread()) if each), default=0.0)
    return {
        "engines": EngineNode.objects.filter(seen_at__gte=now - ALIVE).count(),
        "lag_seconds": max(0.0, lag),
        "pending_signals": sum(unread().values()),
        "failed_notifications": Notification.objects.filter(
            state=Notification.State.FAILED, ended_at__gte=now - timedelta(days=1)
        ).count(),
    }
