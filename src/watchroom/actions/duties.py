"""What the engine does for action items: reminds their owners until they are done."""

from __future__ import annotations

from ..kernel.duty import Duty, one_by_one, soonest
from .commands import remind_next
from .models import ActionItem

BATCH = 100

duties = [Duty("action item reminders", soonest(ActionItem, "remind_at"), one_by_one(remind_next, BATCH))]
