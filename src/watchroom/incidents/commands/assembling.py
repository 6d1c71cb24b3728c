"""Asking who is needed, and asking the next one when somebody says no or does not answer."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction

from ...accounts.actors import SYSTEM, Actor
from ...accounts.changes import change
from ...accounts.roles import Action
from ...kernel import clock
from ...kernel.again import retried
from ...kernel.db import locked
from ...kernel.errors import Conflict
from ...paging.commands import notify
from .. import assembly, hooks
from ..models import Incident, RoleAssignment, RoleName
from ..severities import severity_of
from ._shared import acting_in, must_be_open, needed, record_times, write_system
from .roles import end, give

_LOOK_AGAIN = timedelta(minutes=1)  # whether a drill still rests


def ask_missing(
    by: Actor, incident: Incident, at: datetime, *, only: Collection[str] | None = None
) -> list[RoleAssignment]:
    """Ask by itself for every role that the severity needs, nobody has and a rotation has somebody for; ``only``: of these.
    Nobody is asked by itself before triage, or into a private incident: who is asked may read it, so that takes somebody's
    word. In a drill only those are asked who take part. Inside the caller's transaction, with the incident locked."""
    return [] if incident.triage or incident.private else _ask(by, incident, at, only)


def _ask(by: Actor, incident: Incident, at: datetime, only: Collection[str] | None = None) -> list[RoleAssignment]:
    among = None
    if incident.drill:
        practice = hooks.practice_of(incident)
        if practice is None or practice.rests:
            return []
        among = practice.people
    missing = [role for role in severity_of(incident.severity).roles if only is None or role in only]
    rotations = assembly.rotations_for(incident) if missing else []
    held = RoleAssignment.objects.filter(incident=incident, ended_at__isnull=True)
    taken = set(held.values_list("role", flat=True))
    asked = []
    for role in missing:
        if role in taken and role != RoleName.EXPERT:
            continue
        having = set(held.filter(role=role).values_list("person_id", flat=True))
        for each in assembly.first_asked(incident, role, rotations, at, among):
            if each.person.pk not in having:
                asked.append(give(by, incident, RoleName(role), each.person, at, why=each.why))
    return asked


def assemble(by: Actor, incident: Incident) -> list[RoleAssignment]:
    """Ask everybody who is needed and not there yet (see :mod:`..assembly`). Doing it twice asks nobody twice.

    :raises Conflict: the incident is resolved.
    """
    with acting_in(by, "incident.assembled", incident) as (made, row):
        must_be_open(row, "nobody is needed in it")
        made.due()
        asked = [] if row.triage else _ask(by, row, made.at)
        made.note(asked=[f"{each.role}: {each.person}" for each in asked])
        record_times(row)
    return asked


@retried
def pass_on_one() -> bool:
    """Ask the next one for the role that has waited longest for its answer. False when none has waited too long."""
    now = clock.now()
    due = RoleAssignment.objects.filter(pass_at__lte=now).select_related("incident__team", "person", "assigned_by")
    seen = due.order_by("pass_at", "id").first()
    if seen is None:
        return False
    with transaction.atomic():
        incident = locked(Incident.objects.filter(pk=seen.incident_id)).get()  # comes before its roles
        found = locked(due.filter(pk=seen.pk)).first()
        if found is None:  # another engine has asked the next one
            return True
        practice = hooks.practice_of(incident)
        if practice is not None and practice.rests:  # nobody is asked while a drill is paused
            found.pass_at = now + _LOOK_AGAIN
            found.save(update_fields=["pass_at"])
            return True
        found.pass_at = None
        found.save(update_fields=["pass_at"])
        # Nobody gets to read a private one because somebody else does not answer; and a drill that is over asks nobody.
        alone = incident.private or (incident.drill and practice is None)
        if found.accepted_at is None and found.ended_at is None and incident.is_open and not alone:
            with acting_in(SYSTEM, "role.passed_on", incident) as (made, row):
                made.due()
                made.note(role=found.role, person=str(found.person))
                _pass_on(row, found, now)
    return True


@retried
def decline_role(by: Actor, assignment: RoleAssignment, *, why: str = "") -> RoleAssignment:
    """Say no to a role that one is asked to take: the next one is asked at once, by the rotations, unless the incident is
    over. Saying it twice is saying it once, and whoever thinks better of it may accept it while nobody else has.

    :raises Conflict: it was accepted already.
    :raises NotAllowed: only the person themselves, or a responder for them.
    """
    own = by.person is not None and by.person.pk == assignment.person_id
    incident, why = assignment.incident, why.strip()[:500]
    needs = Action.DECLARE if own else needed(by, incident)
    with change(by, "role.declined", incident, needs=needs, team=incident.team) as made:
        row = locked(Incident.objects.filter(pk=incident.pk)).get()  # comes before its roles
        found = locked(RoleAssignment.objects.select_related("person", "assigned_by")).get(pk=assignment.pk)
        found.incident = row
        if found.accepted_at is not None:
            raise Conflict(
                f"{found.person} has accepted the role already.",
                field="role",
                value=found.role,
                fix="Hand it over, or end it.",
            )
        if found.ended_at is None:
            made.due()
            made.note(role=found.role, person=str(found.person))
            said = f"{found.person} can’t be the {found.get_role_display().lower()}{f' ({why})' if why else ''}"
            # Nobody gets to read a private one without somebody's word, or is asked into a drill that has none who take part.
            asks = row.is_open and not row.private and (not row.drill or hooks.practice_of(row) is not None)
            following = assembly.next_after(found, made.at) if asks else None
            _ask_next(by, row, found, made.at, said, following)
        made.touch(f"incident:{row.pk}", "incidents")
    return found


def _ask_next(
    by: Actor, incident: Incident, found: RoleAssignment, now: datetime, said: str, following: assembly.Candidate | None
) -> None:
    """End what was asked of somebody who says no or does not answer, and ask ``following`` instead; None: nobody is left,
    which nobody has to hear of once the incident is over."""
    found.passed = True
    found.save(update_fields=["passed"])
    end(by, found, now)
    data, after = {"role": found.role, "person": found.person_id}, "; nobody is left to ask" if incident.is_open else ""
    if following is not None:
        after = f"; {following.person} is asked ({following.why})"
    kind = "role.passed_on" if following is not None else "role.declined"
    write_system(incident, kind, f"{said}{after}", data, now, by=None if by is SYSTEM else by)
    if following is not None:
        give(SYSTEM, incident, RoleName(found.role), following.person, now, why=following.why)
    elif incident.is_open:
        _tell_who_asked(incident, found, f"{said}, and nobody is left to ask. Take it, or ask somebody else.")


def _pass_on(incident: Incident, found: RoleAssignment, now: datetime) -> None:
    found.incident = incident
    name = found.get_role_display().lower()
    minutes = int((now - found.assigned_at).total_seconds() // 60)
    said = f"{found.person} has not answered for {minutes} min as {name}"
    following = assembly.next_after(found, now)
    if following is None:
        data = {"role": found.role, "person": found.person_id}
        write_system(incident, "role.unanswered", f"{said}, and nobody is left to ask", data, now)
        _tell_who_asked(incident, found, f"{said}, and nobody is left to ask. Take it, or ask somebody else.")
        return
    _ask_next(SYSTEM, incident, found, now, said, following)


def _tell_who_asked(incident: Incident, found: RoleAssignment, text: str) -> None:
    person = found.assigned_by or incident.declared_by
    if person is not None and person.is_active and person.pk != found.person_id:
        notify(
            person,
            purpose="reminder",
            urgency="high",
            subject=f"Nobody answers as {found.get_role_display().lower()}: {incident}"[:300],
            body=text,
            path=f"/incidents/{incident.pk}#roles",
            reason=f"role-unanswered:{found.pk}",
            drill=incident.drill,
        )
