"""What the engine does: workflows are carried on."""

from __future__ import annotations

from datetime import datetime

from ..kernel.duty import Duty
from . import running
from .models import WorkflowRun

BATCH = 20


def carry_on_due() -> int:
    """Carry on what is due, one after the other."""
    handled = 0
    while handled < BATCH and (run := running.claim()) is not None:
        handled += 1
        running.carry_on(run)
    return handled


def _next() -> datetime | None:
    rows = WorkflowRun.objects.filter(due_at__isnull=False).order_by("due_at")
    return rows.values_list("due_at", flat=True).first()


duties = [Duty("workflows", _next, carry_on_due)]
