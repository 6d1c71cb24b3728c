"""All that changes schedules."""

from .absences import add_absence, import_absences, may_speak_for, people_spoken_for, remove_absence, set_holidays
from .calendars import address_of, make_feed, refresh_calendars, remove_calendar, revoke_feed, save_calendar
from .groups import look_at_groups_in, put_group_right
from .handoffs import acknowledge_handoff, note_handoff
from .overrides import accept_rota, add_override, remove_override, take_back_rota
from .schedules import delete_schedule, draft_layers, save_schedule
from .swaps import cover, decline_swap, expire_swaps, offer_swap, take_shift, take_swap, withdraw_swap
from .temporaries import add_temporary, draft_temporary, end_temporary
from .worked import correct, settle, take_back, write_down

__all__ = [
    "accept_rota",
    "acknowledge_handoff",
    "add_absence",
    "add_override",
    "add_temporary",
    "address_of",
    "correct",
    "cover",
    "decline_swap",
    "delete_schedule",
    "draft_layers",
    "draft_temporary",
    "end_temporary",
    "expire_swaps",
    "import_absences",
    "look_at_groups_in",
    "make_feed",
    "may_speak_for",
    "note_handoff",
    "offer_swap",
    "people_spoken_for",
    "put_group_right",
    "refresh_calendars",
    "remove_absence",
    "remove_calendar",
    "remove_override",
    "revoke_feed",
    "save_calendar",
    "save_schedule",
    "set_holidays",
    "settle",
    "take_back",
    "take_back_rota",
    "take_shift",
    "take_swap",
    "withdraw_swap",
    "write_down",
]
