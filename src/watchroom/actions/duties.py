"""What the engine does for action items: reminds their owners until they are done."""

from __future__ import annotations

from ..kernel.duty import Duty, one_by_one, soonest
from .commands import remind_next
from .models import ActionItem

BATCH = 100

next_due = soonest(ActionItem, "remind_at")
remind = one_by_one(remind_next, BATCH)

duties = [Duty("action item reminders", next_due, remind)]
