"""Answering an escalation, whatever it is about. An edge: it knows the packages above paging."""

from __future__ import annotations

from ..accounts.actors import Actor
from ..accounts.changes import change
from ..accounts.roles import Action
from ..incidents.commands import accept_role
from ..incidents.models import RoleAssignment
from ..intake.commands import acknowledge
from ..intake.models import AlertGroup
from ..kernel.errors import NotAllowed, NotFound
from ..paging.commands import stop_escalation
from ..paging.models import Escalation


def answer(by: Actor, escalation: Escalation) -> None:
    """Take it, as someone who was asked: acknowledge the group, accept the role, or confirm the page.

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
        assignment = RoleAssignment.objects.filter(pk=escalation.subject_id or 0).first()
        if assignment is None:
            raise NotFound("This role assignment has been deleted.")
        if assignment.ended_at is None and assignment.accepted_at is None:
            accept_role(by, assignment)
    elif escalation.ended_at is None:
        with change(by, "page.answered", None, needs=Action.SEE) as made:
            made.note(title=escalation.title)
            stop_escalation(escalation.kind, escalation.subject_id, end=Escalation.End.ACKNOWLEDGED, by=by)
