"""Notifications: written in the transaction of their cause, claimed, tried, and ended."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from ...accounts.models import Person
from ...channels.base import Delivery, DeliveryFailed, MethodGone
from ...kernel import clock, wake
from ...kernel.again import retried
from ...kernel.db import announce, claimable, insert_all, locked, update_each
from ...kernel.prepared import prepared
from ..models import Attempt, ContactMethod, Escalation, EscalationEvent, Notification, Urgency
from ..people import Roster, hours_of
from ..quiet import outside
from ..rules import SEND_LEASE, goes_on_meanwhile, messages_for, retry_in
from .bundles import ASKS, may_bundle, sort_out_all
from .catching_up import in_order

_JITTER = random.Random()
BUNDLE_MOST = 500
MEANWHILE = "the next way goes meanwhile"  # said once of each: its next one may have trouble of its own


@dataclass
class Notice:
    """One thing that people are told, each by their own rules. The same ``reason`` reaches a person by a method once: a
    repeat writes nothing."""

    people: Sequence[Person]
    purpose: str
    urgency: str
    subject: str
    body: str
    path: str
    reason: str
    drill: bool = False
    escalation: Escalation | None = None
    event: EscalationEvent | None = None


def write_all(notices: Iterable[Notice], roster: Roster) -> None:
    """Write one notification per notice, person and method, by each person's own rules, due after the rule's wait. A
    hundred cost as many statements as one. Inside the caller's transaction."""
    notices = list(notices)
    everybody = {person.pk for notice in notices for person in notice.people}
    roster.know(everybody)
    for urgency in {notice.urgency for notice in notices}:
        these = {person.pk for notice in notices if notice.urgency == urgency for person in notice.people}
        roster.know_rules(these, urgency)
        if urgency == Urgency.LOW:
            roster.hours(these)
    rows = [row for notice in notices for person in notice.people for row in _rows(notice, person, roster)]
    insert_all(rows, ignore_conflicts=True)
    if rows:
        announce({wake.PAGES, *(f"person:{pk}" for pk in everybody)})


def _rows(notice: Notice, person: Person, roster: Roster) -> list[Notification]:
    own = {method.pk: method for method in roster.methods(person.pk)}
    quiet = roster.hours((person.pk,)).get(person.pk) if notice.urgency == Urgency.LOW else None
    rows = []
    for rule in messages_for(roster.rules(person.pk, notice.urgency), list(own)):
        due, note = outside(quiet, roster.at + timedelta(seconds=rule.wait_seconds))
        rows.append(
            Notification(
                escalation=notice.escalation,
                event=notice.event,
                person=person,
                contact_method_id=rule.method,
                method_text=str(own[rule.method])[:250],
                purpose=notice.purpose,
                urgency=notice.urgency,
                subject=notice.subject[:300],
                body=notice.body,
                path=notice.path,
                drill=notice.drill,
                reason=f"{notice.reason}+{rule.wait_seconds}"[:120],
                created_at=roster.at,
                due_at=due,
                note=note,
            )
        )
    return rows


def write(notice: Notice) -> list[Notification]:
    """Write one notice; see :func:`write_all`. Inside the caller's transaction."""
    write_all([notice], Roster(clock.now()))
    return list(Notification.objects.filter(person__in=notice.people, reason__startswith=f"{notice.reason}+"))


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
    return write(Notice([person], purpose, urgency, subject, body, path, reason, drill))


Claimed = list[tuple[Notification, Attempt]]


@retried
def claim(most: int) -> list[Claimed]:
    """Take some ``most`` due notifications for sending; those of one list go as one message. Each gets an attempt row and a
    lease; if the process dies before the result is written, the lease runs out and it is tried again."""
    now = clock.now()
    with transaction.atomic():
        rows = _due(now, most=most)
        if not rows:
            return []
        if len(rows) == most:  # the rest of what goes with them as one message
            methods = {row.contact_method for row in rows if row.contact_method is not None}
            ways = [method.pk for method in methods if may_bundle(method)]
            rows += _going_along(now, ways, [row.pk for row in rows])
        groups, held = sort_out_all(in_order(rows, now), now)
        update_each(held, ["due_at", "note", "state"])
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
        update_each(going, ["tries", "state", "due_at", "bundle", "note"])
        insert_all(list(attempts.values()))
    return [[(row, attempts[row.pk]) for row in group] for group in groups]


def _waiting(now: datetime) -> QuerySet[Notification]:
    """What is due, with what is needed to send it; a plan is not, and may be long."""
    rows = Notification.objects.filter(ended_at__isnull=True, due_at__lte=now).order_by("due_at", "id")
    rows = rows.select_related("escalation").defer("escalation__plan").prefetch_related("person", "contact_method")
    return claimable(rows)


@prepared
def _due(now: datetime, *, most: int) -> QuerySet[Notification]:
    return _waiting(now)[:most]


@prepared
def _going_along(now: datetime, methods: Collection[int], without: Collection[int]) -> QuerySet[Notification]:
    rows = _waiting(now).filter(contact_method__in=methods, purpose__in=ASKS)
    return rows.exclude(pk__in=without)[:BUNDLE_MOST]


@prepared
def _held(numbers: Collection[int]) -> QuerySet[Notification]:
    return locked(Notification.objects.filter(pk__in=numbers)).order_by("id")


@retried
def record_result(claimed: Claimed, result: Delivery | Exception) -> None:
    """Write down what came of one message. A failure that is not final gets a new due time; one that is final lets the
    person's next method follow at once instead of after its wait."""
    seed = _JITTER.random()  # those that went as one are tried again at the same moment, and so as one
    with transaction.atomic():
        # By number, as whoever ends several of them locks them; the worst of a bundle comes first, and may be any.
        for notification, attempt in sorted(claimed, key=lambda each: each[0].pk):
            _record(notification, attempt, result, random.Random(seed))


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
