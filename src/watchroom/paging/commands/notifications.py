"""Notifications: written in the transaction of their cause, claimed, tried, and ended."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from ...accounts.models import Person
from ...channels.base import Delivery, DeliveryFailed, MethodGone
from ...kernel import clock, wake
from ...kernel.again import retried
from ...kernel.db import announce, claimable, locked
from ..models import Attempt, ContactMethod, Escalation, EscalationEvent, Notification, NotificationRule, Urgency
from ..people import hours_of
from ..quiet import outside
from ..rules import SEND_LEASE, Rule, messages_for, retry_in
from .bundles import ASKS, may_bundle, sort_out_all
from .catching_up import in_order

_JITTER = random.Random()
BUNDLE_MOST = 500


def write(
    people: Iterable[Person],
    *,
    purpose: str,
    urgency: str,
    subject: str,
    body: str,
    path: str,
    reason: str,
    drill: bool = False,
    escalation: Escalation | None = None,
    event: EscalationEvent | None = None,
    at: datetime | None = None,
) -> list[Notification]:
    """Write one notification per person and method, by each person's own rules, due after the rule's wait.

    Inside the caller's transaction. The same ``reason`` reaches a person by a method once: a repeat writes nothing.
    """
    people = list(people)
    now = at or clock.now()
    methods: dict[int, list[ContactMethod]] = {}
    for method in ContactMethod.objects.filter(person__in=people, enabled=True):
        methods.setdefault(method.person_id, []).append(method)
    rules: dict[int, list[Rule]] = {}
    for row in NotificationRule.objects.filter(person__in=people, urgency=urgency).select_related("contact_method"):
        rules.setdefault(row.person_id, []).append(
            Rule(row.contact_method_id, row.wait_seconds, row.contact_method.enabled)
        )
    rows = []
    hours = hours_of(person.pk for person in people) if urgency == Urgency.LOW else {}
    for person in people:
        quiet = hours.get(person.pk)
        own = {method.pk: method for method in methods.get(person.pk, [])}
        for rule in messages_for(rules.get(person.pk, []), list(own)):
            due, note = outside(quiet, now + timedelta(seconds=rule.wait_seconds))
            rows.append(
                Notification(
                    escalation=escalation,
                    event=event,
                    person=person,
                    contact_method=own[rule.method],
                    method_text=str(own[rule.method])[:250],
                    purpose=purpose,
                    urgency=urgency,
                    subject=subject[:300],
                    body=body,
                    path=path,
                    drill=drill,
                    reason=f"{reason}+{rule.wait_seconds}"[:120],
                    created_at=now,
                    due_at=due,
                    note=note,
                )
            )
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
    if rows:
        announce({wake.DUE, *(f"person:{person.pk}" for person in people)})
    return list(Notification.objects.filter(person__in=people, reason__startswith=f"{reason}+"))


def notify(
    person: Person,
    *,
    purpose: str,
    subject: str,
    body: str,
    path: str,
    reason: str,
    urgency: str = "low",
    drill: bool = False,
) -> list[Notification]:
    """Tell one person something once (``reason``), by their rules for ``urgency``. Inside the caller's transaction."""
    return write(
        [person], purpose=purpose, urgency=urgency, subject=subject, body=body, path=path, reason=reason, drill=drill
    )


Claimed = list[tuple[Notification, Attempt]]


def claim(most: int) -> list[Claimed]:
    """Take some ``most`` due notifications for sending; those of one list go as one message. Each gets an attempt row and a
    lease; if the process dies before the result is written, the lease runs out and it is tried again."""
    now = clock.now()
    with transaction.atomic():
        waiting = Notification.objects.filter(ended_at__isnull=True, due_at__lte=now).order_by("due_at", "id")
        rows = list(claimable(waiting)[:most].select_related("person", "contact_method", "escalation"))
        if len(rows) == most:  # the rest of what goes with them as one message
            methods = {row.contact_method for row in rows if row.contact_method is not None}
            ways = [method.pk for method in methods if may_bundle(method)]
            more = waiting.filter(contact_method__in=ways, purpose__in=ASKS).exclude(pk__in=[row.pk for row in rows])
            rows += list(claimable(more)[:BUNDLE_MOST].select_related("person", "contact_method", "escalation"))
        groups, held = sort_out_all(in_order(rows, now), now)
        Notification.objects.bulk_update(held, ["due_at", "note", "state"])
        attempts: dict[int, Attempt] = {}
        for group in groups:
            for row in group:
                row.tries += 1
                row.state = Notification.State.SENDING
                row.due_at = now + SEND_LEASE
                row.bundle = group[0] if len(group) > 1 else None
                row.note = f"one message with {len(group) - 1} more pages"[:200] if len(group) > 1 else row.note
                attempts[row.pk] = Attempt(notification=row, number=row.tries, started_at=now)
        going = [row for group in groups for row in group]
        Notification.objects.bulk_update(going, ["tries", "state", "due_at", "bundle", "note"])
        Attempt.objects.bulk_create(attempts.values())
    return [[(row, attempts[row.pk]) for row in group] for group in groups]


@retried
def record_result(claimed: Claimed, result: Delivery | Exception) -> None:
    """Write down what came of one message. A failure that is not final gets a new due time; one that is final lets the
    person's next method follow at once instead of after its wait."""
    seed = _JITTER.random()  # those that went as one are tried again at the same moment, and so as one
    with transaction.atomic():
        # By number, as whoever ends several of them locks them; the worst of a bundle comes first, and may be any.
        for notification, attempt in sorted(claimed, key=lambda each: each[0].pk):
            _record(notification, attempt, result, random.Random(seed))


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
        row.save(update_fields=["state", "ended_at", "due_at"])
        attempt.save(update_fields=["ended_at", "outcome", "provider_id", "error"])
        announce({f"person:{row.person_id}", "notifications", *topics_of(row), *([wake.DUE] if row.due_at else [])})


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
        announce({wake.DUE})


def give_up_on(method: ContactMethod) -> None:
    """Nothing more is sent by this method: whatever waited for it is ended, and each person's next message for the same
    cause goes at once. Inside the caller's transaction."""
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
    give_up_on(method)
    notify(
        method.person,
        purpose=Notification.Purpose.UPDATE,
        subject=f"{method.label} no longer reaches you",
        body=str(why),
        path="/me/contact",
        reason=f"gone:{method.pk}:{clock.now().timestamp():.0f}",
    )


def topics_of(row: Notification) -> list[str]:
    """What changes with a notification, beside the notifications themselves."""
    return [f"escalation:{row.escalation_id}"] if row.escalation_id else []
