"""How an incident goes on: severity, mitigated, resolved, reopened, and its key times put right."""

from __future__ import annotations

from datetime import datetime

from ...accounts.actors import Actor
from ...kernel.db import locked
from ...kernel.errors import Conflict, Refused
from ...paging.commands import stop_escalation
from .. import queries, rules
from ..models import Incident, KeyTime, Moment, RoleAssignment, RoleHandoff
from ._shared import acting_in, checked_past, checked_severity, follow, must_be_open, record_times, write_system
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
            _moment(row, Moment.MITIGATED, made.at, f"{by.name} marked it as mitigated")
            _status(by, row, Status.MITIGATED, made.at)
        follow(incident, row, "status")
    return row


def resolve(by: Actor, incident: Incident) -> Incident:
    """It is over. What was promised and who was being paged for a role end with it. Saying it twice is saying it once.

    :raises Refused: its type wants something said first.
    """
    with acting_in(by, "incident.resolved", incident) as (made, row):
        if row.is_open:
            must_say(row.type, row.custom, "resolved")
            _end(by, row, made.at)
        follow(incident, row, "status", "next_update_at")
    return row


def _end(by: Actor, row: Incident, at: datetime, why: str = "resolved it") -> None:
    if row.status == Status.ACTIVE:
        _moment(row, Moment.MITIGATED, at, "Resolved without having been marked as mitigated")
    _moment(row, Moment.RESOLVED, at, f"{by.name} {why}")
    row.next_update_at = None
    end_triage(by, row)
    for assignment in RoleAssignment.objects.filter(incident=row, accepted_at__isnull=True, ended_at__isnull=True):
        stop_escalation("role", assignment.pk, end="resolved", by=by)
    close_handoffs(by, RoleHandoff.objects.filter(assignment__incident=row), at)
    _status(by, row, Status.RESOLVED, at)


def end_as_duplicate(by: Actor, row: Incident, at: datetime) -> None:
    """It goes on elsewhere; nobody is asked here any more. Inside the caller's transaction, with the incident locked."""
    if row.is_open:
        _end(by, row, at, "merged it into another incident")


def end_declined(by: Actor, row: Incident, at: datetime) -> None:
    """It was no incident. Inside the caller's transaction, with the incident locked."""
    if row.is_open:
        _end(by, row, at, "declined it")


def reopen(by: Actor, incident: Incident) -> Incident:
    """It is not over after all: active again. Its key times follow when it is mitigated and resolved anew."""
    with acting_in(by, "incident.reopened", incident) as (made, row):
        if row.status != Status.ACTIVE:
            row.triage = may_reopen(by, row)
            row.save(update_fields=["triage"])
            _status(by, row, Status.ACTIVE, made.at)
        follow(incident, row, "status")
    return row


def _status(by: Actor, row: Incident, status: str, at: datetime) -> None:
    before, row.status, row.guide_at = row.status, status, at
    row.save(update_fields=["status", "next_update_at", "guide_at"])
    verb = {Status.MITIGATED: "marked it as mitigated", Status.RESOLVED: "resolved it", Status.ACTIVE: "reopened it"}[
        Status(status)
    ]
    type = "incident.reopened" if status == Status.ACTIVE else f"incident.{status}"
    write_system(row, type, f"{by.name} {verb}", {"from": before, "to": status}, at, by=by)
    record_times(row)


def _moment(row: Incident, moment: str, at: datetime, provenance: str) -> None:
    KeyTime.objects.create(incident=row, moment=moment, at=at, provenance=provenance[:200])


def correct_time(by: Actor, incident: Incident, moment: str, at: datetime, reason: str) -> KeyTime:
    """Put a key time right. What was computed stays in the record beneath.

    :raises Refused: no reason, a time in the future, or one that contradicts another key time.
    :raises Conflict: it has not happened yet.
    """
    if moment not in Moment.values:
        raise Refused(
            "That is not a key time.", field="moment", value=moment, fix=f"Use one of {', '.join(Moment.values)}."
        )
    reason = reason.strip()
    if not reason:
        raise Refused("A correction needs a reason.", field="reason", value="", fix="Say how you know.")
    if len(reason) > 300:
        raise Refused("That reason is too long.", field="reason", value=reason[:40], fix="Use at most 300 characters.")
    if by.person is None:
        raise Refused("Only a person can correct a key time.", field="by", value=by.name, fix="Use a person's token.")
    at = checked_past(at)
    with acting_in(by, "incident.time_corrected", incident) as (made, row):
        times = queries.times_of(row)
        if moment in {Moment.MITIGATED, Moment.RESOLVED} and moment not in times:
            raise Conflict(
                f"Incident #{row.pk} is not {moment} yet.",
                field="moment",
                value=moment,
                fix=f"Mark it as {moment} first.",
            )
        wrong = rules.out_of_order({name: each.at for name, each in times.items()}, moment, at)
        if wrong is not None:
            other, side = wrong
            raise Refused(
                f"This would be {side} {rules.said(other)} ({times[other].at:%Y-%m-%d %H:%M:%S} UTC).",
                field=moment,
                value=at.isoformat(),
                fix=f"Use another time, or correct when {rules.said(other)} first.",
            )
        before = times[moment].at if moment in times else None
        corrected = KeyTime(
            incident=row,
            moment=moment,
            at=at,
            provenance=f"Corrected by {by.name}"[:200],
            recorded_at=made.at,
            corrected_by=by.person,
            reason=reason,
        )
        made.history(corrected)
        made.note(moment=moment, before=before.isoformat() if before else None, after=at.isoformat(), reason=reason)
        write_system(
            row,
            "time.corrected",
            f"{by.name} corrected when {rules.said(moment)} to {at:%Y-%m-%d %H:%M} UTC: {reason}",
            {"moment": moment, "at": at.isoformat(), "before": before.isoformat() if before else None},
            made.at,
            by=by,
        )
    return corrected


def remind_of_update(by: Actor, pk: int) -> Incident | None:
    """Lock an incident whose promised update is late and note that this promise was reminded of, once. Inside the
    caller's transaction; None when somebody was quicker."""
    row = locked(Incident.objects.select_related("team", "declared_by")).filter(pk=pk).first()
    if row is None or not row.is_open or row.next_update_at is None or row.reminded_at == row.next_update_at:
        return None
    row.reminded_at = row.next_update_at
    row.save(update_fields=["reminded_at"])
    write_system(
        row,
        "update.overdue",
        f"The update promised for {row.next_update_at:%H:%M} UTC is due",
        {"promised": row.next_update_at.isoformat()},
        by=by,
    )
    return row
