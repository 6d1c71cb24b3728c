"""What came of messages that were tried: handed over, tried again, or failed for good; and what follows at once."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from ...channels.base import Delivery, DeliveryFailed, MethodGone
from ...kernel import clock, wake
from ...kernel.again import retried
from ...kernel.db import announce, claimable, locked, update_each
from ...kernel.prepared import prepared
from ..models import Attempt, ContactMethod, Escalation, Notification, Urgency
from ..people import hours_of
from ..quiet import outside
from ..rules import MAX_TRIES, goes_on_meanwhile, retry_in
from .moving_on import held, move_on
from .notifications import Claimed, notify, topics_of

JITTER = random.Random()
MEANWHILE = "the next way goes meanwhile"  # said once of each: its next one may have trouble of its own


@prepared
def _held(numbers: Collection[int]) -> QuerySet[Notification]:
    rows = Notification.objects.filter(pk__in=numbers).order_by("id")
    return locked(rows.only("state", "ended_at", "due_at", "person_id", "escalation_id"))  # what they say may be long


@retried
def record_result(claimed: Claimed, result: Delivery | Exception) -> None:
    """Write down what came of one message. A failure that is not final gets a new due time; one that is final lets the
    person's next method follow at once instead of after its wait, and where nobody of a step is left who can be reached, the
    next step."""
    seed = JITTER.random()  # those that went as one are tried again at the same moment, and so as one
    with transaction.atomic():
        escalations = held(_may_move_on(claimed, result))
        # By number, as whoever ends several of them locks them; the worst of a bundle comes first, and may be any.
        for notification, attempt in sorted(claimed, key=lambda each: each[0].pk):
            _record(notification, attempt, result, random.Random(seed))
        move_on(escalations)


def _may_move_on(claimed: Claimed, result: Delivery | Exception) -> set[int]:
    """The escalations that may go on at once because of this result, by number."""
    if isinstance(result, Delivery):
        return set()
    final = isinstance(result, DeliveryFailed) and result.permanent
    found = {row.escalation_id for row, attempt in claimed if final or attempt.number >= MAX_TRIES}
    if isinstance(result, MethodGone):
        for row, _ in claimed[:1]:
            found |= _waiting_by(row.contact_method)
    return {pk for pk in found if pk is not None}


def record_results(results: Sequence[tuple[Claimed, Delivery | Exception]]) -> None:
    """Write down what came of many messages: of all that were handed over in one transaction, of each that was not in one
    of its own, since others follow from it."""
    handed_over = [(one, result) for one, result in results if isinstance(result, Delivery)]
    if handed_over:
        with transaction.atomic():
            _record_handed_over(handed_over)
    for one, result in results:
        if not isinstance(result, Delivery):
            record_result(one, result)


def _record_handed_over(results: Sequence[tuple[Claimed, Delivery]]) -> None:
    now = clock.now()
    tried = [(row.pk, attempt, result) for one, result in results for row, attempt in one]
    for _, attempt, result in tried:
        attempt.ended_at, attempt.outcome, attempt.provider_id = now, Attempt.Outcome.OK, result.provider_id[:250]
    rows = {row.pk: row for row in _held([pk for pk, *_ in tried])}
    ended: dict[int, Notification] = {}
    for pk, _, result in tried:
        row = rows.get(pk)
        # It may have been answered, or taken over by somebody else whose lease it was later: it has arrived all the same.
        if row is not None and (row.ended_at is None or row.state == Notification.State.CANCELLED):
            row.state = Notification.State.DELIVERED if result.confirmed else Notification.State.SENT
            row.ended_at, row.due_at = now, None
            ended[pk] = row
    update_each(list(ended.values()), ["state", "ended_at", "due_at"])
    update_each([attempt for _, attempt, _ in tried], ["ended_at", "outcome", "provider_id"])
    announce({"notifications"}.union(*({f"person:{row.person_id}", *topics_of(row)} for row in ended.values())))


def _record(notification: Notification, attempt: Attempt, result: Delivery | Exception, jitter: random.Random) -> None:
    now = clock.now()
    with transaction.atomic():
        row = locked(Notification.objects.filter(pk=notification.pk)).get()
        attempt.ended_at = now
        over = row.ended_at is not None and row.state != Notification.State.CANCELLED
        lost = row.ended_at is not None or row.tries != attempt.number
        if over or (lost and not isinstance(result, Delivery)):
            # Its lease ran out and somebody else has it, or it is over: a late failure undoes nothing.
            _record_late(attempt, result)
            return
        if isinstance(result, Delivery):
            attempt.outcome, attempt.provider_id = Attempt.Outcome.OK, result.provider_id[:250]
            row.state = Notification.State.DELIVERED if result.confirmed else Notification.State.SENT
            row.ended_at, row.due_at = now, None
        else:
            failed = (
                result if isinstance(result, DeliveryFailed) else DeliveryFailed(f"{type(result).__name__}: {result}")
            )
            attempt.error = str(failed)[:1000]
            wait = retry_in(row.tries, permanent=failed.permanent, retry_after=failed.retry_after, jitter=jitter)
            if wait is None:
                attempt.outcome = Attempt.Outcome.FAILED
                row.state, row.ended_at, row.due_at = Notification.State.FAILED, now, None
                hurry_next(row, now)
                if isinstance(failed, MethodGone) and row.contact_method is not None and row.contact_method.enabled:
                    _switch_off(row.contact_method, failed)
            else:
                attempt.outcome = Attempt.Outcome.RETRY
                row.state, row.due_at = Notification.State.WAITING, now + wait
                if (
                    row.escalation_id
                    and Escalation.objects.filter(pk=row.escalation_id, ended_at__isnull=False).exists()
                ):
                    row.state, row.ended_at, row.due_at = Notification.State.CANCELLED, now, None
                elif MEANWHILE not in row.note and goes_on_meanwhile(
                    row.tries, wait, urgent=row.urgency == Urgency.HIGH
                ):
                    row.note = f"{row.note}; {MEANWHILE}"[-200:] if row.note else MEANWHILE
                    hurry_next(row, now)
        row.save(update_fields=["state", "ended_at", "due_at", "note"])
        attempt.save(update_fields=["ended_at", "outcome", "provider_id", "error"])
        announce({f"person:{row.person_id}", "notifications", *topics_of(row), *([wake.PAGES] if row.due_at else [])})


def _record_late(attempt: Attempt, result: Delivery | Exception) -> None:
    """What came of an attempt whose holder had lost it."""
    if isinstance(result, Delivery):
        attempt.outcome, attempt.provider_id = Attempt.Outcome.OK, result.provider_id[:250]
    else:
        attempt.outcome, attempt.error = Attempt.Outcome.FAILED, f"late: {result}"[:1000]
    attempt.save(update_fields=["ended_at", "outcome", "provider_id", "error"])


def hurry_next(failed: Notification, now: datetime) -> None:
    """Let the next message of the same cause to the same person go at once. One that has been tried already is not the
    next: it waits for its provider. Nor is one that somebody else holds at this moment: that one is being sent or ended,
    and waiting for it, with ``failed`` locked, could be for ever. Inside the caller's transaction."""
    cause, plus, _ = failed.reason.rpartition("+")
    if not plus:
        return
    quiet = hours_of([failed.person_id]) if failed.urgency == Urgency.LOW else {}
    due, note = outside(quiet.get(failed.person_id), now)
    waiting = Notification.objects.filter(
        person=failed.person_id,
        escalation=failed.escalation_id,
        reason__startswith=f"{cause}+",
        state=Notification.State.WAITING,
        tries=0,
    )
    following = claimable(waiting.exclude(pk=failed.pk)).order_by("due_at", "id").first()
    if following is not None and following.due_at and following.due_at > due:
        following.due_at, following.note = due, note or following.note
        following.save(update_fields=["due_at", "note"])
        announce({wake.PAGES})


def give_up_on(method: ContactMethod) -> None:
    """Nothing more is sent by this method: whatever waited for it is ended, and each person's next message for the same
    cause goes at once, or the next step. Inside the caller's transaction."""
    escalations = held(_waiting_by(method))
    _end_waiting_by(method)
    move_on(escalations)


def _waiting_by(method: ContactMethod | None) -> set[int | None]:
    """What waits for this method, by the numbers of its escalations."""
    rows = Notification.objects.filter(contact_method=method, state=Notification.State.WAITING) if method else None
    return set(rows.order_by().values_list("escalation_id", flat=True)) if rows is not None else set()


def _end_waiting_by(method: ContactMethod) -> None:
    now = clock.now()
    waiting = Notification.objects.filter(contact_method=method, state=Notification.State.WAITING)
    for row in locked(waiting).order_by("id"):
        row.state, row.ended_at, row.due_at = Notification.State.CANCELLED, now, None
        row.save(update_fields=["state", "ended_at", "due_at"])
        hurry_next(row, now)
        announce({"notifications", *topics_of(row)})


def _switch_off(method: ContactMethod, why: MethodGone) -> None:
    """The other side has ended this way: it is used no more, and its person hears of it by another."""
    method.enabled, method.trouble = False, why.message[:200]
    method.save(update_fields=["enabled", "trouble"])
    _end_waiting_by(method)  # by `record_result`, which holds their escalations
    notify(
        method.person,
        purpose=Notification.Purpose.UPDATE,
        subject=f"{method.label} no longer reaches you",
        body=str(why),
        path="/me/contact",
        reason=f"gone:{method.pk}:{clock.now().timestamp():.0f}",
    )
