"""How an escalation ends."""

from __future__ import annotations

from ...accounts.models import Person
from ...kernel import clock
from ...kernel.db import announce, locked
from ...workspaces.posts import redraw
from ..models import Approval, Escalation, EscalationEvent, Notification


def finish(escalation: Escalation, end: str, person: Person | None, text: str) -> None:
    """It ends, and with it all that it had not yet sent. ``escalation`` is locked, inside the caller's transaction."""
    now = clock.now()
    escalation.ended_at, escalation.due_at, escalation.end, escalation.ended_by = now, None, end, person
    escalation.save(update_fields=["ended_at", "due_at", "end", "ended_by"])
    EscalationEvent.objects.create(escalation=escalation, at=now, kind=EscalationEvent.Kind.ENDED, text=text[:300])
    # All of them at once and in one order, so that nobody who holds one of them waits for another that we hold.
    unsent = escalation.notifications.filter(ended_at__isnull=True)
    list(locked(unsent.order_by("id").only("id")))
    # Also what an engine has claimed: one that lives looks once more before it sends, one that died never will.
    unsent.update(state=Notification.State.CANCELLED, ended_at=now, due_at=None)
    escalation.actions.filter(ended_at__isnull=True).update(state="cancelled", ended_at=now, due_at=None)
    redraw(escalation.kind, [escalation.subject_id])
    announce(
        {
            f"escalation:{escalation.pk}",
            f"{escalation.kind}:{escalation.subject_id}",
            *(f"person:{pk}" for pk in escalation.notifications.values_list("person_id", flat=True).distinct()),
        }
    )


def withdraw_proposals(kind: str, subject_id: int | None) -> None:
    """What was proposed about a subject and not decided is no longer needed: it is over. Also in escalations that have ended
    before, by an answer. Inside the caller's transaction."""
    rows = Approval.objects.filter(escalation__kind=kind, escalation__subject_id=subject_id)
    if rows.filter(state=Approval.State.OPEN).update(state=Approval.State.WITHDRAWN, decided_at=clock.now()):
        redraw("approval", rows.values_list("pk", flat=True))
