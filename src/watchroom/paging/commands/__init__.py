"""All that changes what is paged, and how."""

from .contact import add_contact_method, enable_contact_method, remove_contact_method, set_rules, test_contact_method
from .escalations import page, page_about, resume_escalation, start_escalation, stop_escalation
from .notifications import claim, mark_seen, notify, record_result
from .policies import delete_policy, plan_of, save_policy, webhook_key
from .turns import carry_out_action, claim_actions, take_turn

__all__ = [
    "add_contact_method",
    "carry_out_action",
    "claim",
    "claim_actions",
    "delete_policy",
    "enable_contact_method",
    "mark_seen",
    "notify",
    "page",
    "page_about",
    "plan_of",
    "record_result",
    "remove_contact_method",
    "resume_escalation",
    "save_policy",
    "set_rules",
    "start_escalation",
    "stop_escalation",
    "take_turn",
    "test_contact_method",
    "webhook_key",
]
