"""Notifications: written in the transaction of their cause, and claimed; what comes of them is in `results.py`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from ...accounts.models import Person
from ...kernel import clock, wake
from ...kernel.again import retried
from ...kernel.db import announce, claimable, insert_all, update_each
from ...kernel.prepared import attach, prepared
from ..models import Attempt, Escalation, EscalationEvent, Notification, Urgency
from ..people import Roster
from ..quiet import outside
from ..rules import SEND_LEASE, messages_for
from .bundles import ASKS, may_bundle, sort_out_all
from .catching_up import in_order

BUNDLE_MOST = 500


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
                # By number: to give them as rows costs as much as all the rest.
                escalation_id=notice.escalation.pk if notice.escalation else None,
                event_id=notice.event.pk if notice.event else None,
                person_id=person.pk,
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
        methods = attach(rows, "contact_method")
        if len(rows) == most:  # the rest of what goes with them as one message
            ways = [method.pk for method in methods if may_bundle(method)]
            along = _going_along(now, ways, [row.pk for row in rows])
            attach(along, "contact_method")
            rows += along
        attach(rows, "person")
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
    return claimable(rows.select_related("escalation").defer("escalation__plan"))


@prepared
def _due(now: datetime, *, most: int) -> QuerySet[Notification]:
    return _waiting(now)[:most]


@prepared
def _going_along(now: datetime, methods: Collection[int], without: Collection[int]) -> QuerySet[Notification]:
    rows = _waiting(now).filter(contact_method__in=methods, purpose__in=ASKS)
    return rows.exclude(pk__in=without)[:BUNDLE_MOST]


def topics_of(row: Notification) -> list[str]:
    """What changes with a notification, beside the notifications themselves."""
    return [f"escalation:{row.escalation_id}"] if row.escalation_id else []
