"""An incident's key times put right, and its promises kept in mind."""

from __future__ import annotations

from datetime import datetime

from ...accounts.actors import Actor
from ...kernel.checks import chosen
from ...kernel.db import locked
from ...kernel.errors import Conflict, Refused
from ...paging.wording import stamp, time_stamp
from .. import queries, rules
from ..models import Incident, KeyTime, Moment
from ._shared import acting_in, checked_past, write_system

_MARKED = {Moment.MITIGATED, Moment.RESOLVED, Moment.CLOSED}  # somebody says it; the others are computed


def correct_time(by: Actor, incident: Incident, moment: str, at: datetime, reason: str) -> KeyTime:
    """Put a key time right. What was computed stays in the record beneath.

    :raises Refused: no reason, a time in the future, or one that contradicts another key time.
    :raises Conflict: it has not happened yet.
    """
    chosen(moment, Moment.values, "key time", field="moment")
    reason = reason.strip()
    if not reason:
        raise Refused("A correction needs a reason.", field="reason", value="", fix="Say how you know.")
    if by.person is None:
        raise Refused("Only a person can correct a key time.", field="by", value=by.name, fix="Use a person's token.")
    at = checked_past(at)
    with acting_in(by, "incident.time_corrected", incident) as (made, row):
        times = queries.times_of(row)
        if moment in _MARKED and moment not in times:
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
            f"{by.name} corrected when {rules.said(moment)} to {stamp(at)}: {reason}",
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
        f"The update promised for {time_stamp(row.next_update_at)} is due",
        {"promised": row.next_update_at.isoformat()},
        by=by,
    )
    return row
