"""The tables of paging."""

from .defects import PagingDefect
from .escalations import Approval, Escalation, EscalationAnswer, EscalationEvent, StepAction
from .notifications import Attempt, Notification
from .policies import EscalationPolicy, EscalationStep, PolicyVersion, RoundRobin, StepTarget, in_a_while
from .reaching import ContactMethod, NotificationPlan, NotificationRule, QuietHours, Urgency

__all__ = [
    "Approval",
    "Attempt",
    "ContactMethod",
    "Escalation",
    "EscalationAnswer",
    "EscalationEvent",
    "EscalationPolicy",
    "EscalationStep",
    "Notification",
    "NotificationPlan",
    "NotificationRule",
    "PagingDefect",
    "PolicyVersion",
    "QuietHours",
    "RoundRobin",
    "StepAction",
    "StepTarget",
    "Urgency",
    "in_a_while",
]
