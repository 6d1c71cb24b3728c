"""Answering an escalation, whatever it is about. An edge: it knows the packages above paging."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from ..accounts.actors import Actor
from ..accounts.changes import change
from ..accounts.roles import Action
from ..incidents.commands import accept_role, answer_handoff, assign_role, may_still_answer
from ..incidents.models import RoleAssignment, RoleHandoff
from ..intake.commands import acknowledge, escalate_now
from ..intake.models import AlertGroup
from ..kernel.errors import NotAllowed, NotFound
from ..paging.commands import stop_escalation
from ..paging.models import Escalation, Notification
from ..paging.together import bundle_of


class Settled(NamedTuple):
    """Why nobody needs to answer any more."""

    text: str
    at: datetime | None
    tone: str = "success"


def group_of(escalation: Escalation) -> AlertGroup | None:
    """The alert group that an escalation is about, if it is about one that is still there."""
    if escalation.kind != Escalation.Kind.ALERT_GROUP:
        return None
    return AlertGroup.objects.select_related("service", "acknowledged_by").filter(pk=escalation.subject_id or 0).first()


def settled(escalation: Escalation) -> Settled | None:
    """What has become of it, or None while an answer is still wanted: also after paging has run out, for as long as
    the alert fires."""
    if escalation.kind == Escalation.Kind.ALERT_GROUP:
        group = group_of(escalation)
        if group is None:
            return Settled("What this was about has been deleted.", escalation.ended_at, "info")
        if group.resolved_at:
            return Settled("It is resolved: nothing needs to be done.", group.resolved_at)
        if group.acknowledged_at and escalation.ended_at is not None:
            who = group.acknowledged_by or "somebody"
            return Settled(f"Acknowledged by {who}. Nobody else is paged.", group.acknowledged_at)
        return None
    if escalation.kind == Escalation.Kind.ROLE:
        held = RoleAssignment.objects.select_related("person", "incident").filter(pk=escalation.subject_id or 0).first()
        if held is not None and held.ended_at and may_still_answer(held):
            return None
        if held is None or held.ended_at:
            return Settled("This role is no longer asked of you.", held.ended_at if held else None, "info")
        if held.accepted_at:
            return Settled(f"{held.person} has accepted the role.", held.accepted_at)
        over = Settled("The incident is resolved: nobody needs a role in it.", escalation.ended_at, "info")
        return None if held.incident.is_open else over
    if escalation.ended_at is None:
        return None
    if escalation.end == Escalation.End.ACKNOWLEDGED:
        return Settled(f"{escalation.ended_by or 'Somebody'} has answered. Nobody else is paged.", escalation.ended_at)
    return Settled(f"{escalation.get_end_display()}.", escalation.ended_at, "warning")


def answer_all(by: Actor, notification: Notification) -> int:
    """Answer what somebody was told of by one message: all of it. Returns how many of them still wanted an answer."""
    open_ones = [each.escalation for each in bundle_of(notification) if each.escalation is not None]
    wanted = [each for each in open_ones if settled(each) is None]
    for each in wanted:
        answer(by, each)
    return len(wanted)


def escalate_all(by: Actor, notification: Notification) -> int:
    """Ask for help with every alert group that somebody was told of by one message. Returns how many there were."""
    groups = [group_of(each.escalation) for each in bundle_of(notification) if each.escalation is not None]
    open_ones = [group for group in groups if group is not None and group.resolved_at is None]
    for group in open_ones:
        escalate_now(by, group)
    return len(open_ones)


def answer(by: Actor, escalation: Escalation) -> None:
    """Take it, as someone who was asked: acknowledge the group, accept the role or the hand-off, or confirm the page.

    :raises NotAllowed: ``by`` was not asked.
    :raises NotFound: what it was about has been deleted.
    """
    if by.person is None or not escalation.notifications.filter(person=by.person).exists():
        raise NotAllowed("Only somebody who was paged can answer this.")
    if escalation.kind == Escalation.Kind.ALERT_GROUP:
        group = AlertGroup.objects.filter(pk=escalation.subject_id or 0).first()
        if group is None:
            raise NotFound("This alert group has been deleted.")
        if group.resolved_at is None:
            acknowledge(by, group)
    elif escalation.kind == Escalation.Kind.ROLE:
        assignment = (
            RoleAssignment.objects.select_related("incident__team").filter(pk=escalation.subject_id or 0).first()
        )
        if assignment is None:
            raise NotFound("This role assignment has been deleted.")
        if assignment.person_id != by.person.pk:
            if assignment.ended_at is None and assignment.accepted_at is None and assignment.incident.is_open:
                assign_role(
                    by, assignment.incident, assignment.role, by.person
                )  # asked because the other did not answer
        elif may_still_answer(assignment):
            accept_role(by, assignment)
    elif offered := RoleHandoff.objects.filter(page=escalation.pk, to=by.person, ended_at__isnull=True).first():
        answer_handoff(by, offered, accept=True)  # its page says all that is handed over
    elif escalation.ended_at is None:
        with change(by, "page.answered", escalation, needs=Action.SEE, team=escalation.team) as made:
            made.note(title=escalation.title, page=escalation.pk)
            stop_escalation(escalation.kind, escalation.subject_id, end=Escalation.End.ACKNOWLEDGED, by=by)
