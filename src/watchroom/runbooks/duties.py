"""What the engine does for runbooks: says when somebody is to look whether one is still right."""

from __future__ import annotations

from ..kernel.duty import Duty, one_by_one, soonest
from .commands import remind_next
from .models import Runbook

BATCH = 50

next_due = soonest(Runbook, "remind_at")
remind = one_by_one(remind_next, BATCH)

duties = [Duty("runbook reviews", next_due, remind)]
