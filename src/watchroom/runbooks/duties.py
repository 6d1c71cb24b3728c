"""What the engine does for runbooks: says when somebody is to look whether one is still right."""

from __future__ import annotations

from datetime import datetime

from ..kernel.duty import Duty
from .commands import remind_next
from .models import Runbook

BATCH = 50


def next_due() -> datetime | None:
    """When the next owner is told."""
    due = Runbook.objects.filter(remind_at__isnull=False).order_by("remind_at")
    return due.values_list("remind_at", flat=True).first()


def remind() -> int:
    """Tell those who are due, each in a transaction of its own."""
    handled = 0
    while handled < BATCH and remind_next():
        handled += 1
    return handled


duties = [Duty("runbook reviews", next_due, remind)]
