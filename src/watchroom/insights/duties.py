"""What the engine does for insights: hand-offs at shift changes, offers that nobody took, and the weekly lists."""

from __future__ import annotations

from datetime import datetime

from ..kernel.duty import Duty
from ..oncall.models import Schedule
from . import bearing, calendars, grouping
from .commands import send_weekly_list
from .handoffs import look
from .models import WeeklyList
from .offers import expire, next_expiry

BATCH = 50  # schedules, whose rows are held meanwhile
LISTS = 20


def _next_look() -> datetime | None:
    return Schedule.objects.order_by("handoff_due_at").values_list("handoff_due_at", flat=True).first()


def _next_list() -> datetime | None:
    return WeeklyList.objects.order_by("due_at").values_list("due_at", flat=True).first()


def _send_lists() -> int:
    """Send the lists that are due, each in a transaction of its own."""
    handled = 0
    while handled < LISTS and send_weekly_list():
        handled += 1
    return handled


def _look_at_limits() -> int:
    """Look at the teams that are due, each in a transaction of its own."""
    handled = 0
    while handled < LISTS and bearing.look():
        handled += 1
    return handled


def _warn_of_calendars() -> int:
    """Tell the owners that are due, each in a transaction of its own."""
    handled = 0
    while handled < LISTS and calendars.warn():
        handled += 1
    return handled


duties = [
    Duty("hand-offs", _next_look, lambda: look(BATCH)),
    Duty("expire swaps", next_expiry, expire),
    Duty("failing calendars", calendars.next_warning, _warn_of_calendars),
    Duty("what fires together", grouping.next_look, grouping.look),
    Duty("load limits", bearing.next_look, _look_at_limits),
    Duty("weekly lists", _next_list, _send_lists),
]
