"""What the engine does at shift changes."""

from __future__ import annotations

from datetime import datetime

from ..kernel.duty import Duty
from ..oncall.models import Schedule
from .handoffs import look

BATCH = 50  # schedules, whose rows are held meanwhile


def _next_look() -> datetime | None:
    return Schedule.objects.order_by("handoff_due_at").values_list("handoff_due_at", flat=True).first()


duties = [Duty("hand-offs", _next_look, lambda: look(BATCH))]
