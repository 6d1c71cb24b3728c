"""What a step has proposed, decided by somebody."""

from __future__ import annotations

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.roles import Action
from ...kernel.again import retried
from ...kernel.db import locked
from ...kernel.errors import Conflict
from ...workspaces.posts import redraw
from ..hooks import hold_subject, proposed_by, start_proposed
from ..models import Approval, Escalation, EscalationEvent
from ..proposed import key_of


@retried
def decide_approval(by: Actor, approval: Approval, *, approve: bool) -> Approval:
    """Approve what was proposed, which starts it, or decline it. The same decision twice is one.

    :raises Conflict: it has been decided the other way, or it can no longer be started, or is no longer what was proposed.
    """
    word = "approved" if approve else "declined"
    escalation = approval.escalation
    with change(by, f"approval.{word}", approval, needs=Action.RESPOND, team=escalation.team) as made:
        # What it is about, the escalation, and then what it has proposed: as whoever ends them locks them.
        hold_subject(escalation)
        locked(Escalation.objects.filter(pk=escalation.pk)).get()
        row = locked(Approval.objects.filter(pk=approval.pk)).get()
        if row.state == word:
            return row
        if row.state != Approval.State.OPEN:
            raise Conflict(f"This is already {row.state}.", fix="Start it in the incident by hand.")
        if approve:
            _must_still_be(row)
            row.outcome = start_proposed(by, escalation, row.target, key_of(row))[:300]
            _must_still_be(row)  # what was started was read in between
        row.state, row.decided_at, row.decided_by = word, made.at, by.person
        row.save(update_fields=["state", "decided_at", "decided_by", "outcome"])
        made.history(
            EscalationEvent(
                escalation=escalation,
                at=made.at,
                kind=EscalationEvent.Kind.APPROVAL,
                text=f"{row.title}: {word} by {by.name}. {row.outcome}".strip()[:300],
            )
        )
        redraw("approval", [row.pk])
        redraw(escalation.kind, [escalation.subject_id])
        made.note(title=row.title, escalation=escalation.pk)
        made.touch(f"escalation:{escalation.pk}", f"{escalation.kind}:{escalation.subject_id}")
    return row


def _must_still_be(row: Approval) -> None:
    """Who approves has read what was proposed. One that is gone is said by whoever is to start it."""
    now = proposed_by(row.target)
    if now is not None and now.mark != row.mark:
        raise Conflict(
            f"“{row.title}” has changed since it was proposed.",
            field=row.target.kind,
            value=row.target.detail,
            fix="Look at it again where it is kept; start it in the incident, or decline the proposal.",
        )
