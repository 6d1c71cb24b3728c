"""What could wait has become urgent."""

from __future__ import annotations

from datetime import datetime, timedelta

from ...kernel import clock, wake
from ...kernel.db import announce, locked
from ..models import Escalation, EscalationEvent, Notification, Urgency
from ..rules import GIVEN_WAIT_SECONDS, Plan, Position, Turn, next_turn
from .notifications import Notice, write

Kind, State = EscalationEvent.Kind, Notification.State


def raise_urgency(kind: str, subject_id: int | None) -> None:
    """A running escalation of low urgency goes on as an urgent one: whoever was to hear of it later hears of it now, by
    their rules for what is urgent, and it waits no longer for an answer than its step says. A step that says itself how
    urgent it is stays as it is. Inside the caller's transaction."""
    running = Escalation.objects.filter(kind=kind, subject_id=subject_id, ended_at__isnull=True)
    escalation = locked(running).first()
    if escalation is None or escalation.due_at is None or escalation.urgency == Urgency.HIGH:
        return
    now = clock.now()
    EscalationEvent.objects.create(
        escalation=escalation,
        at=now,
        round=escalation.round,
        kind=Kind.URGENT,
        text="It became urgent: whoever was to hear of it later hears of it now, and it waits no longer than its step says",
    )
    _say_now(escalation, now)
    escalation.urgency = Urgency.HIGH
    escalation.due_at = min(escalation.due_at, _answered_by(escalation, now))
    escalation.save(update_fields=["urgency", "due_at"])
    announce({wake.DUE, f"escalation:{escalation.pk}", f"{kind}:{subject_id}"})


def _say_now(escalation: Escalation, now: datetime) -> None:
    """Write what waits anew, once for each person, by their rules for what is urgent."""
    waiting = escalation.notifications.filter(state=State.WAITING, tries=0, urgency=Urgency.LOW, event__isnull=False)
    latest: dict[int, Notification] = {}
    for row in list(locked(waiting.select_related("person", "event").order_by("id"))):
        if row.event is None or _decided(escalation, row.event):
            continue
        row.state, row.ended_at, row.due_at = State.CANCELLED, now, None
        row.note = "it became urgent, and went by the rules for that"
        row.save(update_fields=["state", "ended_at", "due_at", "note"])
        latest[row.person_id] = row
    for row in latest.values():
        write(
            Notice(
                [row.person],
                purpose=row.purpose,
                urgency=Urgency.HIGH,
                subject=row.subject,
                body=row.body,
                path=row.path,
                reason=f"{row.reason.rpartition('+')[0]}:urgent",
                drill=row.drill,
                escalation=escalation,
                event=row.event,
            )
        )


def _answered_by(escalation: Escalation, now: datetime) -> datetime:
    """Until when the step that it stands at waits for an answer: not at all, if nobody has been told of anything."""
    told = escalation.notifications.exclude(state__in=(State.CANCELLED, State.FAILED)).exists()
    steps = (Kind.STEP, Kind.GIVEN, Kind.LAST_RESORT)
    latest = escalation.events.filter(kind__in=steps).order_by("-id").first() if told else None
    if latest is None:
        return now
    if latest.kind == Kind.GIVEN:
        return now + timedelta(seconds=GIVEN_WAIT_SECONDS)
    if _decided(escalation, latest):
        return escalation.due_at or now
    return now + timedelta(seconds=_turn(escalation, latest).due_in_seconds)


def _turn(escalation: Escalation, event: EscalationEvent) -> Turn:
    return next_turn(Plan.of(escalation.plan), Position(event.round, event.step or 0))


def _decided(escalation: Escalation, event: EscalationEvent) -> bool:
    """Whether it was a step that says by itself how urgent it is."""
    step = _turn(escalation, event).step if event.kind == Kind.STEP else None
    return step is not None and step.urgency != ""
