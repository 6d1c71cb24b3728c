"""All that changes incidents."""

from ._shared import acting_in, must_be_open, record_once, write_system
from .asking_in import ask_in
from .assembling import assemble, decline_role, pass_on_one
from .attaching import attach, forget_unused
from .by_mail import Full, declare_by_mail, tell_refused_by_mail
from .declaring import declare, edit, link_groups, unlink_group
from .entries import Source, answer_question, edit_entry, log, pin, set_standing, source_marked
from .following import delete_follow_rule, follow_incident, save_follow_rule
from .guiding import answer_nudge, look_at_one, reset_guidance, set_guidance
from .handing_over import answer_handoff, offer_handoff
from .linking import link_incidents, unlink_incidents
from .looking import looked
from .parking import leave_parking, park
from .progress import change_severity, end_practice, mitigate, move_to, reopen, resolve
from .roles import accept_role, assign_role, end_role, may_still_answer
from .rotations import delete_rotation, save_rotation
from .severities import reset_severity, save_severity
from .states import delete_state, save_state
from .tasks import add_task, change_task
from .times import correct_time, remind_of_update
from .triage import confirm, decline, merge
from .types import delete_type, save_type, set_type
from .update_templates import delete_template, save_template
from .updates import discard_draft, may_publish, publish_update, save_draft, taken_roles
from .waiting import add_triage_rule, may_decide, remove_triage_rule, save_triage_rules

__all__ = [
    "Full",
    "Source",
    "accept_role",
    "acting_in",
    "add_task",
    "add_triage_rule",
    "answer_handoff",
    "answer_nudge",
    "answer_question",
    "ask_in",
    "assemble",
    "assign_role",
    "attach",
    "change_severity",
    "change_task",
    "confirm",
    "correct_time",
    "declare",
    "declare_by_mail",
    "decline",
    "decline_role",
    "delete_follow_rule",
    "delete_rotation",
    "delete_state",
    "delete_template",
    "delete_type",
    "discard_draft",
    "edit",
    "edit_entry",
    "end_practice",
    "end_role",
    "follow_incident",
    "forget_unused",
    "leave_parking",
    "link_groups",
    "link_incidents",
    "log",
    "look_at_one",
    "looked",
    "may_decide",
    "may_publish",
    "may_still_answer",
    "merge",
    "mitigate",
    "move_to",
    "must_be_open",
    "offer_handoff",
    "park",
    "pass_on_one",
    "pin",
    "publish_update",
    "record_once",
    "remind_of_update",
    "remove_triage_rule",
    "reopen",
    "reset_guidance",
    "reset_severity",
    "resolve",
    "save_draft",
    "save_follow_rule",
    "save_rotation",
    "save_severity",
    "save_state",
    "save_template",
    "save_triage_rules",
    "save_type",
    "set_guidance",
    "set_standing",
    "set_type",
    "source_marked",
    "taken_roles",
    "tell_refused_by_mail",
    "unlink_group",
    "unlink_incidents",
    "write_system",
]
