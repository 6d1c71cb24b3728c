"""What the engine does for action items: reminds their owners until they are done, and keeps them in step with
their issues."""

from __future__ import annotations

from ..kernel.duty import Duty, one_by_one, soonest
from .commands import look_next, remind_next
from .models import ActionItem, Issue

BATCH = 100

next_due = soonest(ActionItem, "remind_at")
remind = one_by_one(remind_next, BATCH)

next_look = soonest(Issue, "due_at", connection__isnull=False)
look = one_by_one(look_next, BATCH)

duties = [
    Duty("action item reminders", next_due, remind),
    Duty("issues of action items", next_look, look, apart=True),
]
