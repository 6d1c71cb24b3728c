"""All that changes incidents."""

from ._shared import acting_in, must_be_open, write_system
from .declaring import declare, edit, link_groups, unlink_group
from .entries import edit_entry, log, pin, set_standing
from .guiding import answer_nudge, look_at_one
from .progress import change_severity, correct_time, mitigate, remind_of_update, reopen, resolve
from .roles import accept_role, assign_role, end_role
from .updates import publish_update

__all__ = [
    "accept_role",
    "acting_in",
    "answer_nudge",
    "assign_role",
    "change_severity",
    "correct_time",
    "declare",
    "edit",
    "edit_entry",
    "end_role",
    "link_groups",
    "log",
    "look_at_one",
    "mitigate",
    "must_be_open",
    "pin",
    "publish_update",
    "remind_of_update",
    "reopen",
    "resolve",
    "set_standing",
    "unlink_group",
    "write_system",
]
