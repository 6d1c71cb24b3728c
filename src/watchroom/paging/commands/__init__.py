"""All that changes what is paged, and how."""

from .contact import add_contact_method, enable_contact_method, remove_contact_method, set_rules
from .escalations import page, start_escalation, stop_escalation, take_turn
from .notifications import claim, notify, record_result
from .policies import delete_policy, save_policy
from .reaching import confirm_code, mark_seen, send_code, test_contact_method

__all__ = [
    "add_contact_method",
    "claim",
    "confirm_code",
    "delete_policy",
    "enable_contact_method",
    "mark_seen",
    "notify",
    "page",
    "record_result",
    "remove_contact_method",
    "save_policy",
    "send_code",
    "set_rules",
    "start_escalation",
    "stop_escalation",
    "take_turn",
    "test_contact_method",
]
