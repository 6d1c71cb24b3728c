"""Pages about who is on call."""

from .calendars import calendar_add, calendar_remove, feed, feed_make, feed_revoke
from .editing import schedule_edit
from .handoffs import handoff, handoff_acknowledge, handoff_note, handoffs
from .overview import overview
from .own import absence_add, absence_import, absence_remove, holidays, mine
from .plan import planner, planner_accept, planner_take_back
from .schedules import group_again, override_add, override_preview, override_remove, schedule, schedule_delete
from .sun import follow_the_sun
from .swaps import cover, shift_take, swap_decline, swap_offer, swap_take, swap_withdraw
from .temporaries import temporary, temporary_end
from .worked import correct, correction_take_back, worked_csv, worked_page

__all__ = [
    "absence_add",
    "absence_import",
    "absence_remove",
    "calendar_add",
    "calendar_remove",
    "correct",
    "correction_take_back",
    "cover",
    "feed",
    "feed_make",
    "feed_revoke",
    "follow_the_sun",
    "group_again",
    "handoff",
    "handoff_acknowledge",
    "handoff_note",
    "handoffs",
    "holidays",
    "mine",
    "override_add",
    "override_preview",
    "override_remove",
    "overview",
    "planner",
    "planner_accept",
    "planner_take_back",
    "schedule",
    "schedule_delete",
    "schedule_edit",
    "shift_take",
    "swap_decline",
    "swap_offer",
    "swap_take",
    "swap_withdraw",
    "temporary",
    "temporary_end",
    "worked_csv",
    "worked_page",
]
