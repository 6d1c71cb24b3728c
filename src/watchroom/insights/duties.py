"""What the engine does for insights: hand-offs at shift changes, offers that nobody took, and the weekly lists."""

from __future__ import annotations

from ..kernel.duty import Duty, one_by_one, soonest
from ..oncall.models import Calendar, Schedule
from . import bearing, calendars, grouping
from .commands import send_weekly_list
from .handoffs import look
from .models import TeamLimits, WeeklyList
from .offers import expire, next_expiry

BATCH = 50  # schedules, whose rows are held meanwhile
LISTS = 20

duties = [
    Duty("hand-offs", soonest(Schedule, "handoff_due_at"), lambda: look(BATCH)),
    Duty("expire swaps", next_expiry, expire),
    Duty("failing calendars", soonest(Calendar, "warn_due_at"), one_by_one(calendars.warn, LISTS)),
    Duty("what fires together", grouping.next_look, grouping.look),
    Duty("load limits", soonest(TeamLimits), one_by_one(bearing.look, LISTS)),
    Duty("weekly lists", soonest(WeeklyList), one_by_one(send_weekly_list, LISTS)),
]
