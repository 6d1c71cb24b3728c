"""What people do with alert groups."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from ...accounts.actors import Actor
from ...accounts.changes import Change, change
from ...accounts.roles import Action
from ...kernel.again import retried
from ...kernel.checks import chosen
from ...kernel.db import locked
from ...kernel.errors import Conflict, Refused
from ...paging.commands import resume_escalation
from ...paging.models import Escalation, Notification
from ...paging.wording import stamp
from ..models import Alert, AlertGroup, GroupEvent, Verdict
from .lifecycle import acknowledge_group, checked_until, close_group, open_again, start_paging
from .marking import sources_changed

Kind = GroupEvent.Kind


def needed_for(by: Actor, group: AlertGroup) -> Action:
    """Who has been paged for a group may answer, whatever their role: they were asked."""
    if (
        by.person is not None
        and by.scope is None
        and Notification.objects.filter(
            person=by.person, escalation__kind=Escalation.Kind.ALERT_GROUP, escalation__subject_id=group.pk
        ).exists()
    ):
        return Action.SEE
    return Action.RESPOND


@contextmanager
def changing(by: Actor, verb: str, group: AlertGroup) -> Iterator[tuple[Change, AlertGroup]]:
    """:func:`change` for an alert group, which is held; who may respond to it may do so."""
    with change(by, f"alert_group.{verb}", group, needs=needed_for(by, group), team=group.team) as made:
        made.subject = row = locked(AlertGroup.objects.filter(pk=group.pk)).get()
        made.touch("alert-groups", f"group:{group.pk}", f"alert_group:{group.pk}")
        yield made, row


@retried
def acknowledge(by: Actor, group: AlertGroup, *, note: str = "", until: datetime | None = None) -> AlertGroup:
    """Say "I have it": the escalation ends, nobody else is paged. With ``until`` it is theirs until then, and goes on by
    itself afterwards. Doing it twice changes nothing.

    :raises Refused: ``until`` has passed or lies too far ahead.
    :raises Conflict: the group is resolved.
    """
    if until is not None:
        checked_until(until)
    with changing(by, "acknowledged", group) as (made, row):
        if row.resolved_at:
            raise Conflict("This alert group is already resolved.", fix="Nothing needs to be done.")
        text = note or f"by {by.name}"
        if until is not None:
            text += f" (until {stamp(until)})"
            made.due()
        acknowledge_group(row, by=by, text=text, until=until)
    return row


@retried
def unacknowledge(by: Actor, group: AlertGroup) -> AlertGroup:
    """Give it back, or end a snooze: paging goes on where it stopped.

    :raises Conflict: nobody has acknowledged it, or it is resolved.
    """
    with changing(by, "unacknowledged", group) as (made, row):
        if row.resolved_at or row.acknowledged_at is None:
            raise Conflict(
                "Only an acknowledged alert group can be given back.", fix="Reload the page to see its state."
            )
        made.history(GroupEvent(group=row, at=made.at, kind=Kind.UNACKNOWLEDGED, person=by.person))
        own = by.person is not None and not row.snoozed and row.acknowledged_by_id == by.person.pk
        why = f"{'snooze ended' if row.snoozed else 'given back'} by {by.name}"
        open_again(row, why=why, without=by.person if own else None)  # whoever can't take it is not asked again
        made.due()
    return row


@retried
def escalate_now(by: Actor, group: AlertGroup) -> AlertGroup:
    """Ask for help: the next step of the policy follows at once, or paging starts again if it had ended; after an answer
    it goes on where that stopped it.

    :raises Conflict: the group is resolved.
    """
    with changing(by, "escalated", group) as (made, row):
        if row.resolved_at:
            raise Conflict(
                "This alert group is already resolved.", fix="Declare an incident or page somebody directly."
            )
        made.history(GroupEvent(group=row, at=made.at, kind=Kind.ESCALATED, person=by.person, text=f"by {by.name}"))
        running = locked(row.escalations.filter(ended_at__isnull=True)).first()
        if running is not None:
            running.due_at = made.at
            running.save(update_fields=["due_at"])
            made.due()
            return row
        # Whoever has it keeps it, and is not paged again for it.
        why, has_it = f"asked for help by {by.name}", row.acknowledged_by
        if resume_escalation(Escalation.Kind.ALERT_GROUP, row.pk, why=why, without=has_it) is None:
            start_paging([row], without=has_it)
    return row


@retried
def resolve(by: Actor, group: AlertGroup) -> AlertGroup:
    """Say that it is over: every alert of the group ends. If its sender says that it still fires, a new group opens.

    Doing it twice changes nothing.
    """
    with changing(by, "resolved", group) as (made, row):
        if row.resolved_at is None:
            ended = list(Alert.objects.filter(group=row, ended_at__isnull=True))
            Alert.objects.filter(pk__in=[alert.pk for alert in ended]).update(ended_at=made.at, expires_at=None)
            sources_changed(ended)
            row.firing = 0
            row.save(update_fields=["firing"])
            close_group(row, by=by, text=f"by {by.name}")
    return row


@retried
def judge(by: Actor, group: AlertGroup, verdict: str) -> AlertGroup:
    """Say what it was: whether somebody had to act. That is how alerts that nobody needs are found and mended.

    :raises Refused: there is no such verdict.
    :raises Conflict: nobody has looked at it yet.
    """
    chosen(verdict, Verdict.values, "verdict", field="verdict")
    with changing(by, "judged", group) as (made, row):
        if row.acknowledged_at is None and row.resolved_at is None:
            raise Conflict("Nobody has looked at it yet.", fix="Acknowledge it first.")
        if row.verdict != verdict:
            row.verdict, row.verdict_by = verdict, by.person
            row.save(update_fields=["verdict", "verdict_by"])
            said = Verdict(verdict).label
            made.history(GroupEvent(group=row, at=made.at, kind=Kind.JUDGED, person=by.person, text=said))
            made.note(verdict=verdict)
    return row


@retried
def add_note(by: Actor, group: AlertGroup, text: str) -> GroupEvent:
    """Write something down.

    :raises Refused: nothing was written.
    """
    if not text.strip():
        raise Refused("The note is empty.", field="text", value=text, fix="Write what you found.")
    with changing(by, "noted", group) as (made, row):
        event = GroupEvent(group=row, at=made.at, kind=Kind.NOTE, person=by.person, text=text.strip()[:1000])
        made.history(event)
    return event
