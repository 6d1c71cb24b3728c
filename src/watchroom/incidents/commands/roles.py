"""Who leads, who talks, who writes: given, answered, taken over, ended."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Person
from ...accounts.roles import Action
from ...kernel.again import retried
from ...kernel.db import locked
from ...kernel.errors import Conflict, Refused
from ...paging.commands import start_escalation, stop_escalation
from .. import assembly, hooks
from ..models import ROLE_DUTY, Incident, RoleAssignment, RoleHandoff, RoleName
from ._shared import acting_in, must_be_open, needed, record_times, write_system


def checked_role(role: str) -> RoleName:
    """:raises Refused: there is no such role."""
    try:
        return RoleName(role)
    except ValueError:
        raise Refused(
            "That is not a role.", field="role", value=role, fix=f"Use one of {', '.join(RoleName.values)}."
        ) from None


def give(
    by: Actor, incident: Incident, role: RoleName, person: Person, at: datetime, *, why: str = "", said: bool = False
) -> RoleAssignment:
    """Give ``person`` a role and page them for it, unless they take it themselves. ``why``: why just they, such as "on call
    in Commanders". ``said``: the caller says in the log that they took it. Where a rotation says who comes after them, they
    are passed over when they do not answer in time. Inside the caller's transaction, with the incident locked."""
    if not person.is_active:
        raise Refused(
            f"{person} no longer has an account.", field="person", value=person.pk, fix="Choose somebody else."
        )
    own = by.person is not None and by.person.pk == person.pk
    held = list(locked(RoleAssignment.objects.filter(incident=incident, role=role, ended_at__isnull=True)))
    for assignment in held:
        if assignment.person_id == person.pk:
            if own and assignment.accepted_at is None:
                answer(by, assignment, at, said=said)
            return assignment
        if role != RoleName.EXPERT:
            end(by, assignment, at)
    alone = own or incident.private or (incident.drill and hooks.practice_of(incident) is None)
    wait = None if alone else assembly.waits_for(incident, role)
    assignment = RoleAssignment.objects.create(
        incident=incident,
        role=role,
        person=person,
        assigned_by=by.person,
        assigned_at=at,
        accepted_at=at if own else None,
        why=why,
        pass_at=at + wait if wait else None,
    )
    name, data = RoleName(role).label, {"role": str(role), "person": person.pk}
    if own:
        if not said:
            write_system(incident, "role.taken", f"{person} took the role {name.lower()}", data, at, by=by)
    else:
        start_escalation(
            kind="role",
            subject_id=assignment.pk,
            title=f"{name} of SEV{incident.severity} {incident}"[:300],
            body=f"{by.name} asks you to be the {name.lower()}{f': {assignment.because}' if why else ''}. {ROLE_DUTY[role]}",
            path=f"/incidents/{incident.pk}",
            team=incident.team,
            people=[person],
            drill=incident.drill,
        )
        write_system(
            incident,
            "role.assigned",
            f"{by.name} asked {person} to be the {name.lower()} and is having them paged{f' ({why})' if why else ''}",
            data,
            at,
            by=by,
        )
    return assignment


def answer(by: Actor, assignment: RoleAssignment, at: datetime, *, said: bool = False) -> None:
    """The person says yes: nobody needs to page them any more. ``said``: as in :func:`give`. Inside the caller's transaction."""
    assignment.accepted_at, assignment.pass_at = at, None
    assignment.save(update_fields=["accepted_at", "pass_at"])
    stop_escalation("role", assignment.pk, end="acknowledged", by=by)
    if said:
        return
    write_system(
        assignment.incident,
        "role.accepted",
        f"{assignment.person} accepted the role {assignment.get_role_display().lower()}",
        {"role": assignment.role, "person": assignment.person_id},
        at,
        by=by,
    )


def end(by: Actor, assignment: RoleAssignment, at: datetime) -> None:
    """End an assignment, the paging for it, and what was offered of it. Inside the caller's transaction."""
    assignment.ended_at, assignment.pass_at = at, None
    assignment.save(update_fields=["ended_at", "pass_at"])
    stop_escalation("role", assignment.pk, end="cancelled", by=by)
    close_handoffs(by, RoleHandoff.objects.filter(assignment=assignment), at)


def close_handoffs(by: Actor, rows: QuerySet[RoleHandoff], at: datetime) -> None:
    """Take back those of ``rows`` that nobody has answered: there is nothing to take over any more. Inside the caller's
    transaction, with the incident locked."""
    for row in locked(rows.filter(ended_at__isnull=True).order_by("id")):
        close_handoff(by, row, at)


def close_handoff(by: Actor, row: RoleHandoff, at: datetime, *, accepted: bool = False) -> None:
    """A hand-off is answered, or void; nobody is paged for it any more. Inside the caller's transaction."""
    row.ended_at, row.accepted = at, accepted
    row.save(update_fields=["ended_at", "accepted", "why"])
    if row.page is not None:
        stop_escalation("direct", row.page, end="acknowledged" if accepted else "cancelled", by=by)


@retried
def assign_role(by: Actor, incident: Incident, role: str, person: Person) -> RoleAssignment:
    """Give ``person`` a role, or take it. The one who had it is relieved; a subject expert is one among others.

    :raises Refused: no such role, or the person has left.
    :raises Conflict: the incident is resolved.
    """
    checked = checked_role(role)
    with acting_in(by, "role.assigned", incident) as (made, row):
        must_be_open(row, "nobody needs a role in it")
        made.note(role=str(checked), person=str(person))
        made.due()
        assignment = give(by, row, checked, person, made.at)
        record_times(row)
    return assignment


@retried
def accept_role(by: Actor, assignment: RoleAssignment) -> RoleAssignment:
    """Say yes to a role. Saying it twice is saying it once.

    :raises Conflict: somebody else has the role by now, or the incident is resolved.
    :raises NotAllowed: only the person themselves, or a responder for them.
    """
    own = by.person is not None and by.person.pk == assignment.person_id
    incident = assignment.incident
    needs = Action.DECLARE if own else needed(by, incident)
    with change(by, "role.accepted", incident, needs=needs, team=incident.team) as made:
        locked(Incident.objects.filter(pk=incident.pk)).get()  # comes before its roles, whoever changes them
        row = locked(RoleAssignment.objects.select_related("incident__team", "person")).get(pk=assignment.pk)
        if row.ended_at is not None and own and may_still_answer(row):
            row = give(by, row.incident, RoleName(row.role), row.person, made.at)  # late, and before anybody else
            record_times(row.incident)
        if row.ended_at is not None:
            raise Conflict(
                f"You are no longer asked to be the {row.get_role_display().lower()}: somebody else is, or the role was ended.",
                field="role",
                value=row.role,
                fix=f"See /incidents/{row.incident_id}.",
            )
        if row.accepted_at is None:
            must_be_open(row.incident, "nobody needs a role in it")
            answer(by, row, made.at)
            record_times(row.incident)
        made.touch(f"incident:{row.incident_id}", "incidents")
    assignment.accepted_at = row.accepted_at
    return row


def may_still_answer(assignment: RoleAssignment) -> bool:
    """Whether a yes still counts: of whoever is asked, and of somebody who was passed over while nobody else has accepted
    the role; never once the incident is resolved."""
    if not assignment.incident.is_open:
        return False
    if assignment.ended_at is None:
        return assignment.accepted_at is None
    if not assignment.passed:
        return False
    holders = RoleAssignment.objects.filter(
        incident=assignment.incident_id, role=assignment.role, ended_at__isnull=True
    )
    return not holders.filter(accepted_at__isnull=False).exists()


def end_role(by: Actor, assignment: RoleAssignment) -> RoleAssignment:
    """Relieve somebody of a role without a successor."""
    with acting_in(by, "role.ended", assignment.incident) as (made, incident):
        row = locked(RoleAssignment.objects.select_related("person", "incident")).get(pk=assignment.pk)
        if row.ended_at is None:
            end(by, row, made.at)
            write_system(
                incident,
                "role.ended",
                f"{row.person} is no longer {row.get_role_display().lower()}",
                {"role": row.role, "person": row.person_id},
                made.at,
                by=by,
            )
    return row
