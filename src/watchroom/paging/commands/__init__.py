"""All that changes what is paged, and how."""

from .contact import add_contact_method, enable_contact_method, remove_contact_method, set_rules, test_contact_method
from .escalations import page, start_escalation, stop_escalation, take_turn
from .notifications import claim, mark_seen, notify, record_result
from .policies import delete_policy, save_policy

__all__ = [
    "add_contact_method",
    "claim",
    "delete_policy",
    "enable_contact_method",
    "mark_seen",
    "notify",
    "page",
    "record_result",
    "remove_contact_method",
    "save_policy",
    "set_rules",
    "start_escalation",
    "stop_escalation",
    "take_turn",
    "test_contact_method",
]
