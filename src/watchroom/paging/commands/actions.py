"""What steps do besides paging: claimed when it is due, carried out in a transaction of its own, and tried again."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction

from ...channels.base import DeliveryFailed, Message
from ...kernel import clock, wake
from ...kernel import settings as conf
from ...kernel.db import announce, lease, locked
from ...kernel.errors import Conflict, WatchroomError
from ...kernel.plugins import one_of
from ..hooks import declare_incident
from ..models import Escalation, EscalationEvent, StepAction
from ..rules import SEND_LEASE, retry_in
from .moving_on import move_on
from .results import JITTER
from .rooms import post_in_room

log = logging.getLogger(__name__)
Kind = EscalationEvent.Kind


def claim_actions(most: int) -> list[StepAction]:
    """Take up to ``most`` calls that are due. Each gets a lease; if the process dies before the result is written, it
    is made again with the same key."""
    now = clock.now()
    return lease(StepAction.objects.filter(ended_at__isnull=True, due_at__lte=now), most, now + SEND_LEASE)


def carry_out_action(action: StepAction) -> None:
    """Try an action once and write down what came of it."""
    if action.kind == StepAction.Kind.INCIDENT:
        return _declare(action)
    try:
        result: str | Exception = post_in_room(action) if action.kind == StepAction.Kind.CHAT else _call(action)
    except Exception as error:
        result = error
    with transaction.atomic():
        _record(action, result)


def _declare(action: StepAction) -> None:
    try:
        with transaction.atomic():
            _record(action, declare_incident(action.escalation, int(action.settings["severity"])))
    except Exception as error:
        if not isinstance(error, WatchroomError):
            log.exception("A step could not declare an incident: escalation %s", action.escalation_id)
        with transaction.atomic():
            _record(action, DeliveryFailed(str(error), permanent=isinstance(error, WatchroomError)))


def _call(action: StepAction) -> str:
    """Only a 2xx answer counts as accepted."""
    escalation = action.escalation
    message = Message(
        key=f"watchroom-action-{action.pk}",
        subject=escalation.title,
        body=escalation.body,
        url=f"{conf.current().url}{escalation.path}",
        purpose="page",
        urgent=escalation.urgency == "high",
        drill=escalation.drill,
        person="",
        actions=(),
        facts={
            "escalation": escalation.pk,
            "kind": escalation.kind,
            "subject": escalation.subject_id,
            "step": (action.event.step or 0) + 1,
            "round": action.event.round,
        },
    )
    one_of("watchroom.channels", "webhook").send(action.settings, message)
    return f"{action.target} accepted it"


class _TooLate(Conflict):
    """Somebody has answered while an incident was being declared: take it back."""


def _record(action: StepAction, result: str | Exception) -> None:
    """Write down a result. Inside the caller's transaction."""
    now = clock.now()
    escalation = locked(Escalation.objects.filter(pk=action.escalation_id)).get()
    row = locked(StepAction.objects.filter(pk=action.pk)).get()
    if row.ended_at is not None:
        if action.kind == StepAction.Kind.INCIDENT and isinstance(result, str):
            raise _TooLate("The escalation has ended.")
        return
    if isinstance(result, str):
        row.state, row.ended_at, row.due_at, row.error = StepAction.State.DONE, now, None, ""
        again = f", at try {row.tries}" if row.tries > 1 else ""
        _note(escalation, action, now, f"{result}{again}")
    else:
        failed = result if isinstance(result, DeliveryFailed) else DeliveryFailed(f"{type(result).__name__}: {result}")
        row.error = str(failed)[:1000]
        wait = retry_in(row.tries, permanent=failed.permanent, retry_after=failed.retry_after, jitter=JITTER)
        if wait is None:
            row.state, row.ended_at, row.due_at = StepAction.State.FAILED, now, None
            _note(escalation, action, now, f"{row.target} failed: {failed}")
        else:
            row.due_at = now + wait
    row.save(update_fields=["state", "ended_at", "due_at", "error"])
    if row.state == StepAction.State.FAILED:
        move_on([escalation])
    announce({f"escalation:{escalation.pk}", f"{escalation.kind}:{escalation.subject_id}", wake.DUE})


def _note(escalation: Escalation, action: StepAction, now: datetime, text: str) -> None:
    EscalationEvent.objects.create(
        escalation=escalation,
        at=now,
        kind=Kind(action.kind),
        step=action.event.step or 0,
        round=action.event.round,
        text=text[:300],
    )
