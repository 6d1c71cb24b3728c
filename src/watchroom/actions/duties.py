"""What the engine does for action items: reminds their owners until they are done."""

from __future__ import annotations

from datetime import datetime

from ..kernel.duty import Duty
from .commands import remind_next
from .models import ActionItem

BATCH = 100


def next_due() -> datetime | None:
    """When the next reminder is due."""
    due = ActionItem.objects.filter(remind_at__isnull=False).order_by("remind_at")
    return due.values_list("remind_at", flat=True).first()


def remind() -> int:
    """Send the reminders that are due, each in a transaction of its own."""
    handled = 0
    while handled < BATCH and remind_next():
        handled += 1
    return handled


duties = [Duty("action item reminders", next_due, remind)]
