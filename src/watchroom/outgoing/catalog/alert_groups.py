"""What happens to an alert group."""

from __future__ import annotations

from .type import NUMBER, TEXT, YES, Type, group

ALERT_GROUPS: tuple[Type, ...] = (
    group("alert_group.opened", "Alerts began to fire."),
    group("alert_group.reopened", "It fired again soon after it had ended."),
    group("alert_group.acknowledged", "Somebody has it."),
    group("alert_group.unacknowledged", "The acknowledgement was taken back."),
    group("alert_group.escalated", "Help was asked for by hand."),
    group("alert_group.snoozed", "It is left alone for a while."),
    group("alert_group.resolved", "It is over."),
    group("alert_group.hurried", "It is not to wait any longer."),
    group("alert_group.responder_added", "Somebody was asked to help."),
    group("alert_group.judged", "Somebody said whether it was worth paging for."),
    group("alert_group.noted", "A note was written."),
    group("alert_group.runbook_started", "A runbook is being carried out for it, without an incident.",
          run=NUMBER, runbook=TEXT, version=NUMBER, repeated=YES),
    group("alert_group.runbook_step_started", "A step of a runbook was to start its mitigation.",
          run=NUMBER, step=TEXT, repeated=YES),
    group("alert_group.runbook_step_done", "Somebody said what came of a step of a runbook.",
          run=NUMBER, step=TEXT, outcome=TEXT, repeated=YES),
    group("alert_group.runbook_step_undone", "What came of a step of a runbook was taken back.",
          run=NUMBER, step=TEXT, repeated=YES),
    group("alert_group.runbook_finished", "A runbook is no longer carried out, and somebody said whether it helped.",
          run=NUMBER, helped=TEXT, repeated=YES),
    group("alert_group.reassigned", "It was given to somebody else."),
)  # fmt: skip
