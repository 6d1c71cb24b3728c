"""What a responder does with a group besides answering: leave it for a while, give it away, ask somebody to help."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from ...accounts.actors import Actor
from ...accounts.models import Person
from ...kernel import clock
from ...kernel.again import retried
from ...kernel.db import announce, claimable
from ...kernel.errors import Conflict, Refused
from ...paging.commands import notify, page_about, stop_escalation
from ...paging.models import Escalation, Notification
from ...paging.wording import stamp
from ..models import AlertGroup, GroupEvent, Responder
from ..summing import own_words_of
from .groups import changing
from .lifecycle import checked_until, describe, named, open_again

Kind = GroupEvent.Kind


def _must_be_open(group: AlertGroup) -> None:
    if group.resolved_at:
        raise Conflict("This alert group is already resolved.", fix="Nothing needs to be done.")


@retried
def snooze(by: Actor, group: AlertGroup, until: datetime, *, note: str = "") -> AlertGroup:
    """Leave it alone until then: nobody is paged; afterwards paging goes on where it stopped, if it still fires.

    :raises Refused: the time has passed or is too far away.
    :raises Conflict: the group is resolved.
    """
    checked_until(until)
    with changing(by, "snoozed", group) as (made, row):
        _must_be_open(row)
        row.acknowledged_at, row.acknowledged_by = made.at, by.person
        row.snoozed, row.returns_at, row.notify_at = True, until, None
        row.save(update_fields=["acknowledged_at", "acknowledged_by", "snoozed", "returns_at", "notify_at"])
        text = f"until {stamp(until)} by {by.name}" + (f": {note}" if note else "")
        made.history(GroupEvent(group=row, at=made.at, kind=Kind.SNOOZED, person=by.person, text=text[:1000]))
        stop_escalation(Escalation.Kind.ALERT_GROUP, row.pk, end=Escalation.End.SNOOZED, by=by)
        made.due()
    return row


@retried
def reassign(by: Actor, group: AlertGroup, person: Person, *, note: str = "") -> AlertGroup:
    """Give it to somebody: they are paged at once, and unless they acknowledge within five minutes it goes on with the
    step at which it stood. Until then nobody has it.

    :raises Refused: they have left, or nothing reaches them.
    :raises Conflict: the group is resolved, or held back.
    """
    _must_be_reachable(person)
    with changing(by, "reassigned", group) as (made, row):
        _must_be_open(row)
        if row.held is not None:
            raise Conflict(
                f"It is held back by {row.held['kind']} {row.held['name']} and pages nobody.",
                fix="End that first, or ask them to help: that pages them all the same.",
            )
        text = f"to {person} by {by.name}" + (f": {note}" if note else "")
        made.history(GroupEvent(group=row, at=made.at, kind=Kind.REASSIGNED, person=person, text=text[:1000]))
        AlertGroup.objects.filter(pk=row.pk).update(notify_at=None)
        told = f"{by.name} gives it to you." + (f" {note}" if note else "")
        open_again(row, why=f"given to {person} by {by.name}", first=person, told=told)
        made.due()
    return row


@retried
def add_responder(by: Actor, group: AlertGroup, person: Person, *, note: str = "") -> Responder:
    """Ask somebody to help: they are paged until they answer or it is resolved. Whoever has the group keeps it.

    :raises Refused: they have left, or nothing reaches them.
    :raises Conflict: the group is resolved, or they have been asked and have not answered yet.
    """
    _must_be_reachable(person)
    with changing(by, "responder_added", group) as (made, row):
        _must_be_open(row)
        if row.responders.filter(person=person, escalation__ended_at__isnull=True).exists():
            raise Conflict(f"{person} is being asked already.", field="person", value=person.pk, fix="Wait for them.")
        asked = f"{by.name} asks you to help." + (f" {note}" if note else "")
        escalation = page_about(
            person,
            title=f"{by.name} asks for help: {named(row)}",
            body="\n".join([f"{asked}\n", *describe(row, own_words_of([row]).get(row.pk, ()))]),
            path=f"/alerts/{row.pk}",
            team=row.team,
            urgency=row.urgency,
            drill=row.drill,
        )
        added = Responder.objects.create(
            group=row, person=person, escalation=escalation, added_by=by.person, added_at=made.at
        )
        text = f"{person}, by {by.name}" + (f": {note}" if note else "")
        made.history(GroupEvent(group=row, at=made.at, kind=Kind.RESPONDER, person=person, text=text[:1000]))
        made.due()
    return added


def _must_be_reachable(person: Person) -> None:
    if not (person.is_active and person.contact_methods.filter(enabled=True).exists()):
        raise Refused(
            f"Nothing reaches {person}.",
            field="person",
            value=person.pk,
            fix="Choose somebody else, or ask them to add a contact method.",
        )


@retried
def return_due(most: int) -> int:
    """End the snoozes and the promises whose time is over: paging goes on where it stopped."""
    with transaction.atomic():
        due = AlertGroup.objects.filter(returns_at__lte=clock.now(), resolved_at__isnull=True).order_by("returns_at")
        groups = list(claimable(due).select_related("service", "team", "acknowledged_by")[:most])
        for group in groups:
            person, snoozed = group.acknowledged_by, group.snoozed
            who = person or "somebody"
            why = f"{who}'s snooze is over" if group.snoozed else f"the time that {who} took it for is over"
            GroupEvent.objects.create(group=group, at=clock.now(), kind=Kind.RETURNED, text=why[:1000])
            open_again(group, why=why)
            if person is not None and person.is_active and not snoozed and group.held is None:
                notify(
                    person,
                    purpose=Notification.Purpose.UPDATE,
                    urgency=group.urgency,
                    subject=f"The time that you took it for is over: {named(group)}",
                    body="Nobody has it any more, and paging goes on where it stopped. Acknowledge it to keep it.",
                    path=f"/alerts/{group.pk}",
                    reason=f"returned:{group.pk}:{clock.now().timestamp():.0f}",
                    drill=group.drill,
                )
            announce({"alert-groups", f"group:{group.pk}", f"alert_group:{group.pk}"})
    return len(groups)
