"""What a provider says later about a message that it had taken: that it arrived, or that nobody was reached."""

from __future__ import annotations

from django.db import transaction

from ...kernel import clock
from ...kernel.again import retried
from ...kernel.db import announce, locked
from ..models import Attempt, Notification
from ..together import bundle_of
from .moving_on import held, move_on
from .notifications import topics_of
from .results import hurry_next


@retried
def record_receipt(notification: Notification, *, arrived: bool, why: str, rang: bool = False) -> Notification:
    """Write down what became of a message, and of all that went with it. One that reached nobody counts as failed, and
    the person's next method follows at once, or the next step where there is none; unless it ``rang``, and somebody may
    have heard it. A receipt for anything but a message that is on its way changes nothing."""
    found = notification
    with transaction.atomic():
        together = sorted(bundle_of(notification), key=lambda one: one.pk)
        escalations = [] if arrived else held({each.escalation_id for each in together})
        for each in together:
            row = _record(each, arrived=arrived, why=why, rang=rang)
            if each.pk == notification.pk:
                found = row
        move_on(escalations)
    return found


def _record(notification: Notification, *, arrived: bool, why: str, rang: bool) -> Notification:
    with transaction.atomic():
        row = locked(Notification.objects.filter(pk=notification.pk)).get()
        if row.state != Notification.State.SENT:
            return row
        if arrived:
            row.state = Notification.State.DELIVERED
        else:
            row.state = Notification.State.FAILED
            last = row.attempts.order_by("-number").first()
            if last is not None:
                last.outcome = Attempt.Outcome.MISSED if rang else Attempt.Outcome.FAILED
                last.error = why[:1000]
                last.save(update_fields=["outcome", "error"])
            hurry_next(row, clock.now())
        row.save(update_fields=["state"])
        announce({f"person:{row.person_id}", "notifications", *topics_of(row)})
    return row
