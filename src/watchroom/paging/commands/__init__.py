"""All that changes what is paged, and how."""

from .actions import carry_out_action, claim_actions
from .approvals import decide_approval
from .contact import (
    add_contact_method,
    enable_contact_method,
    remove_contact_method,
    set_limit,
    set_quiet_hours,
)
from .defects import ACCEPTED_FOR, clear_defects, record_defect, resolve_defect
from .escalations import (
    Cause,
    page,
    page_about,
    resume_escalation,
    start_escalation,
    start_escalations,
    stop_escalation,
    withdraw_page,
)
from .notifications import claim, notify
from .order import needed_for, set_plan, set_rules
from .outlook import look_ahead
from .policies import delete_policy, plan_of, save_policy, webhook_key
from .reaching import confirm_code, mark_seen, send_code, test_contact_method
from .receipts import record_receipt
from .results import record_result, record_results
from .turns import take_first_turns, take_turn
from .urgency import raise_urgency

__all__ = [
    "ACCEPTED_FOR",
    "Cause",
    "add_contact_method",
    "carry_out_action",
    "claim",
    "claim_actions",
    "clear_defects",
    "confirm_code",
    "decide_approval",
    "delete_policy",
    "enable_contact_method",
    "look_ahead",
    "mark_seen",
    "needed_for",
    "notify",
    "page",
    "page_about",
    "plan_of",
    "raise_urgency",
    "record_defect",
    "record_receipt",
    "record_result",
    "record_results",
    "remove_contact_method",
    "resolve_defect",
    "resume_escalation",
    "save_policy",
    "send_code",
    "set_limit",
    "set_plan",
    "set_quiet_hours",
    "set_rules",
    "start_escalation",
    "start_escalations",
    "stop_escalation",
    "take_first_turns",
    "take_turn",
    "test_contact_method",
    "webhook_key",
    "withdraw_page",
]
