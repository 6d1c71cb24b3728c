"""How an incident goes on: its severity, and its way through the phases and the states in them."""

from __future__ import annotations

from datetime import datetime

from ...accounts.actors import Actor
from ...accounts.changes import Change
from ...kernel.errors import Conflict, Refused
from ...paging.commands import stop_escalation
from ..models import Incident, IncidentState, KeyTime, Moment, Phase, RoleAssignment, RoleHandoff, status_of
from ..states import first_in, offered_to
from ._shared import acting_in, checked_severity, follow, must_be_open, record_times, write_system
from .assembling import ask_missing
from .following import follow_by_rule
from .roles import close_handoffs
from .types import must_say
from .waiting import end_triage, may_reopen

Status = Incident.Status


def change_severity(by: Actor, incident: Incident, severity: int, *, reason: str = "") -> Incident:
    """It is worse, or less bad, than thought. When it is worse, who is needed now is asked."""
    severity = checked_severity(severity)
    with acting_in(by, "incident.severity_changed", incident) as (made, row):
        if row.severity != severity:
            before, row.severity = row.severity, severity
            row.save(update_fields=["severity"])
            if not row.triage:
                follow_by_rule(row, made.at)
            because = f": {reason.strip()}" if reason.strip() else ""
            write_system(
                row,
                "incident.severity_changed",
                f"{by.name} changed the severity from SEV{before} to SEV{severity}{because}",
                {"from": before, "to": severity},
                made.at,
                by=by,
            )
            made.note(before=before, after=severity)
            if severity < before and row.is_open:
                made.due()
                ask_missing(by, row, made.at)
                record_times(row)
        follow(incident, row, "severity")
    return row


def mitigate(by: Actor, incident: Incident) -> Incident:
    """Nobody is hurt any more, though it is not over. Saying it twice is saying it once.

    :raises Conflict: the incident is resolved.
    """
    with acting_in(by, "incident.mitigated", incident) as (made, row):
        must_be_open(row, "it can't be mitigated any more")
        if row.status == Status.ACTIVE:
            _go(by, made, row, Phase.MITIGATED, first_in(row, Phase.MITIGATED))
        _followed(incident, row)
    return row


def resolve(by: Actor, incident: Incident) -> Incident:
    """It is over. What was promised and who was being paged for a role end with it. Saying it twice is saying it once.

    :raises Refused: its type wants something said first.
    """
    with acting_in(by, "incident.resolved", incident) as (made, row):
        if row.is_open:
            _go(by, made, row, Phase.RESOLVED, first_in(row, Phase.RESOLVED))
        _followed(incident, row)
    return row


def reopen(by: Actor, incident: Incident) -> Incident:
    """It is not over after all: active again. Its key times follow when it is mitigated and resolved anew."""
    with acting_in(by, "incident.reopened", incident) as (made, row):
        if row.status != Status.ACTIVE:
            _go(by, made, row, Phase.ACTIVE, first_in(row, Phase.ACTIVE))
        _followed(incident, row)
    return row


def move_to(by: Actor, incident: Incident, to: IncidentState | str) -> Incident:
    """Move it to a state, forwards or back, or to a phase: then to the first state of it. What follows, follows from the
    phase alone, and so is it told: within a phase as ``incident.state_changed``, else as mitigated, resolved or reopened.
    Saying it twice is saying it once.

    :raises Refused: there is no such phase, the state is not one of its, or its type wants something said first.
    """
    with acting_in(by, "incident.state_changed", incident) as (made, row):
        if isinstance(to, IncidentState):
            _must_be_offered(row, to)
            _go(by, made, row, to.phase, to)
        elif to not in Phase.values:
            raise Refused(
                "That is neither a state nor a phase.",
                field="state",
                value=to[:40],
                fix=f"Use one of {', '.join(each.slug for each in offered_to(row)) or ', '.join(Phase.values[:3])}.",
            )
        elif to != row.phase:
            first = first_in(row, to)
            if first is None and to == Phase.CLOSED:
                raise Refused(
                    "There is no state in which an incident is closed.",
                    field="state",
                    value=to,
                    fix="Make one in the phase closed, or leave it resolved.",
                )
            _go(by, made, row, to, first)
        _followed(incident, row)
    return row


def _must_be_offered(row: Incident, state: IncidentState) -> None:
    offered = offered_to(row)
    if state.pk != row.state_id and state not in offered:
        why = "is no longer offered" if state.retired_at else f"is not for incident #{row.pk}"
        raise Refused(
            f"The state {state} {why}.",
            field="state",
            value=state.slug,
            fix=f"Use one of {', '.join(each.slug for each in offered) or ', '.join(Phase.values[:3])}.",
        )


def _followed(incident: Incident, row: Incident) -> None:
    follow(incident, row, "status", "state", "triage", "next_update_at")


def _go(by: Actor, made: Change, row: Incident, phase: str, state: IncidentState | None) -> None:
    status, before = status_of(phase), row.status
    if status == before:
        if state != row.state:
            made.action = "incident.state_changed"
            _enter(by, row, state, made.at)
    elif status == Status.RESOLVED:
        made.action = "incident.resolved"
        must_say(row.type, row.custom, "resolved")
        _end(by, row, made.at, state=state)
    elif (before, status) == (Status.ACTIVE, Status.MITIGATED):
        made.action = "incident.mitigated"
        _moment(row, Moment.MITIGATED, made.at, f"{by.name} marked it as mitigated")
        _status(by, row, status, state, made.at)
    else:
        made.action = "incident.reopened"
        row.triage = may_reopen(by, row)
        row.save(update_fields=["triage"])
        _status(by, row, status, state, made.at)
    made.note(phase=row.phase, state=row.state.slug if row.state else None)


def _end(by: Actor, row: Incident, at: datetime, why: str = "resolved it", state: IncidentState | None = None) -> None:
    if row.status == Status.ACTIVE:
        _moment(row, Moment.MITIGATED, at, "Resolved without having been marked as mitigated")
    _moment(row, Moment.RESOLVED, at, f"{by.name} {why}")
    row.next_update_at = None
    end_triage(by, row)
    for assignment in RoleAssignment.objects.filter(incident=row, accepted_at__isnull=True, ended_at__isnull=True):
        stop_escalation("role", assignment.pk, end="resolved", by=by)
    close_handoffs(by, RoleHandoff.objects.filter(assignment__incident=row), at)
    _status(by, row, Status.RESOLVED, state, at)


def end_as_duplicate(by: Actor, row: Incident, at: datetime) -> None:
    """It goes on elsewhere; nobody is asked here any more. Inside the caller's transaction, with the incident locked."""
    if row.is_open:
        _end(by, row, at, "merged it into another incident")


def end_declined(by: Actor, row: Incident, at: datetime) -> None:
    """It was no incident. Inside the caller's transaction, with the incident locked."""
    if row.is_open:
        _end(by, row, at, "declined it")


def end_practice(by: Actor, incident: Incident) -> Incident:
    """The drill is over, whatever its type still wants said. Twice is once.

    :raises Conflict: it is a real incident.
    """
    with acting_in(by, "incident.resolved", incident) as (made, row):
        if not row.drill:
            raise Conflict("That is a real incident.", field="incident", value=row.pk, fix="Resolve it in its room.")
        if row.is_open:
            _end(by, row, made.at, "ended the drill", first_in(row, Phase.RESOLVED))
        _followed(incident, row)
    return row


_TYPES = {"mitigated": "incident.mitigated", "resolved": "incident.resolved"}
_VERBS = {"incident.mitigated": "marked it as mitigated", "incident.resolved": "resolved it", "incident.reopened": "reopened it"}  # fmt: skip


def _status(by: Actor, row: Incident, status: str, state: IncidentState | None, at: datetime) -> None:
    """Into another phase."""
    before, was = row.status, row.state
    type = _TYPES[status] if before == Status.ACTIVE or status == Status.RESOLVED else "incident.reopened"
    row.status, row.state, row.guide_at = status, state, at
    row.save(update_fields=["status", "state", "next_update_at", "guide_at"])
    more = f": {state}" if state is not None and state.name.lower() != status else ""
    _write(by, row, type, f"{by.name} {_VERBS[type]}{more}", before, was, at)


def _enter(by: Actor, row: Incident, state: IncidentState | None, at: datetime) -> None:
    """Into another state of the same phase; into and out of being closed, too."""
    was, name = row.state, row.state_name
    row.state = state
    row.save(update_fields=["state"])
    text = f"{by.name} moved it from {name} to {row.state_name}"
    _write(by, row, "incident.state_changed", text, row.status, was, at)


def _write(
    by: Actor, row: Incident, type: str, text: str, before: str, was: IncidentState | None, at: datetime
) -> None:
    if row.phase == Phase.CLOSED and (was is None or was.phase != Phase.CLOSED):
        _moment(row, Moment.CLOSED, at, f"{by.name} moved it to {row.state_name}")
    facts = {
        "from": before,
        "to": row.status,
        "phase": row.phase,
        "from_state": was.slug if was else None,
        "state": row.state.slug if row.state else None,
        "state_name": row.state_name,
    }
    write_system(row, type, text, facts, at, by=by)
    record_times(row)


def _moment(row: Incident, moment: str, at: datetime, provenance: str) -> None:
    KeyTime.objects.create(incident=row, moment=moment, at=at, provenance=provenance[:200])
