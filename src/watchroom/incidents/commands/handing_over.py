"""Handing a role over in writing: offered, accepted or declined, taken back."""

from __future__ import annotations

from datetime import datetime

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Person
from ...accounts.roles import Action
from ...kernel.db import locked
from ...kernel.errors import Conflict, Refused
from ...paging.commands import page_about
from ..models import Incident, RoleAssignment, RoleHandoff, RoleName
from ._shared import acting_in, must_be_open, needed, record_times, write_system
from .roles import close_handoff, end, give

MOST = 5000  # characters of one part


def offer_handoff(
    by: Actor, assignment: RoleAssignment, to: Person, *, knows: str = "", still_open: str = "", following: str = ""
) -> RoleHandoff:
    """Ask ``to`` to take a role over, and page them with what they have to know. An earlier offer that nobody has
    answered is taken back.

    :raises Refused: nothing is written, too much is, or they have the role already or have left.
    :raises Conflict: the role has been ended, or the incident is resolved.
    """
    parts = {"knows": knows.strip(), "still_open": still_open.strip(), "following": following.strip()}
    long = next((name for name, text in parts.items() if len(text) > MOST), None)
    if long is not None:
        raise Refused(
            "That is too long.", field=long, value=f"{len(parts[long])} characters", fix=f"Use at most {MOST}."
        )
    if not any(parts.values()):
        raise Refused(
            "A hand-off says something.",
            field="knows",
            value="",
            fix="Write what you know, what is open, what is next.",
        )
    if not to.is_active:
        raise Refused(f"{to} has left.", field="to", value=to.email, fix="Choose somebody else.")
    if to.pk == assignment.person_id:
        raise Refused(f"{to} has this role already.", field="to", value=to.email, fix="Choose somebody else.")
    with acting_in(by, "role.handoff_offered", assignment.incident) as (made, incident):
        must_be_open(incident, "nobody needs a role in it")
        row = _held(assignment)
        for earlier in locked(RoleHandoff.objects.filter(assignment=row, ended_at__isnull=True)):
            close_handoff(by, earlier, made.at)
        handoff = RoleHandoff.objects.create(assignment=row, to=to, at=made.at, by=by.person, **parts)
        name = row.get_role_display().lower()
        escalation = page_about(
            to,
            title=f"Take over as {name} of SEV{incident.severity} {incident}"[:300],
            body=_text(handoff),
            path=f"/role-hand-offs/{handoff.pk}",
            team=incident.team,
            urgency="high",
            drill=incident.drill,
        )
        handoff.page = escalation.pk
        handoff.save(update_fields=["page"])
        made.due()
        made.note(role=row.role, to=str(to), handoff=handoff.pk)
        write_system(
            incident,
            "role.handoff_offered",
            f"{by.name} hands the role {name} over to {to}, who is being paged.\n{_text(handoff)}",
            {"role": row.role, "person": to.pk, "handoff": handoff.pk},
            made.at,
            by=by,
        )
    return handoff


def answer_handoff(by: Actor, handoff: RoleHandoff, *, accept: bool, why: str = "") -> RoleHandoff:
    """Say yes or no to a hand-off. Yes gives the receiver the role, and relieves whoever had it. Saying it twice is saying
    it once. Whoever may act in the incident can decline it for the receiver, which takes it back.

    :raises NotAllowed: it is somebody else's.
    :raises Conflict: it has been answered otherwise, or the role has been ended since.
    """
    own = by.person is not None and by.person.pk == handoff.to_id
    incident = handoff.assignment.incident
    needs = Action.DECLARE if own else needed(by, incident)
    if accept and not own:
        raise Refused(
            f"Only {handoff.to} can accept it.", field="handoff", value=handoff.pk, fix="Give them the role instead."
        )
    with change(by, "role.handoff_answered", incident, needs=needs, team=incident.team) as made:
        row = locked(Incident.objects.select_related("team", "type")).get(pk=incident.pk)
        found = locked(RoleHandoff.objects.select_related("to")).get(pk=handoff.pk)
        if found.ended_at is not None:
            if found.accepted == accept:
                return found
            raise Conflict("This hand-off has been answered already.", field="handoff", value=found.pk, fix=_see(row))
        found.why = why.strip()[:300]
        made.note(handoff=found.pk, accepted=accept)
        made.touch(f"incident:{row.pk}", "incidents")
        close_handoff(by, found, made.at, accepted=accept)
        if accept:
            must_be_open(row, "nobody needs a role in it")
            _accept(by, row, found, made.at)
        else:
            name = handoff.assignment.get_role_display().lower()
            said = "did not take over" if own else "takes back the hand-off"
            because = f": {found.why}" if found.why else ""
            write_system(
                row,
                "role.handoff_declined",
                f"{by.name} {said} as {name}{because}",
                {"handoff": found.pk},
                made.at,
                by=by,
            )
    return found


def _accept(by: Actor, incident: Incident, found: RoleHandoff, at: datetime) -> None:
    assignment = _held(found.assignment)
    before = assignment.person
    if assignment.role == RoleName.EXPERT:  # of which there can be several: the giver is one no longer
        end(by, assignment, at)
    give(by, incident, RoleName(assignment.role), found.to, at, said=True)
    write_system(
        incident,
        "role.handed_over",
        f"{found.to} took over as {assignment.get_role_display().lower()} from {before}, with the hand-off in writing",
        {"role": assignment.role, "person": found.to_id, "handoff": found.pk},
        at,
        by=by,
    )
    record_times(incident)


def _held(assignment: RoleAssignment) -> RoleAssignment:
    row = locked(RoleAssignment.objects.select_related("person")).get(pk=assignment.pk)
    if row.ended_at is not None:
        raise Conflict(
            f"{row.person} is no longer {row.get_role_display().lower()}.",
            field="role",
            value=row.role,
            fix=f"See /incidents/{row.incident_id}.",
        )
    return row


def _see(incident: Incident) -> str:
    return f"See /incidents/{incident.pk}."


def _text(row: RoleHandoff) -> str:
    parts = (("Known", row.knows), ("Open", row.still_open), ("Next", row.following))
    return "\n".join(f"{name}: {text}" for name, text in parts if text)
