"""An incident's history as the guards read it: from its log, roles, updates, key times and alerts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from .guidance import Given, Held, History, Line, Told
from .guidance.situation import Fired, Tried
from .models import Incident, LogEntry, RoleAssignment
from .queries import times_of

_STARTED, _FINISHED = "mitigation.started", "mitigation.finished"
_SAID_BEFORE = "Started a mitigation: "
CUSTOMERS_NOTICE = 2  # by the definitions of the severities


def history_of(incident: Incident) -> History:
    """All that happened in it. Eight queries, whatever its size."""
    entries = list(
        LogEntry.objects.filter(incident=incident)
        .order_by("at", "id")
        .values_list("pk", "at", "kind", "type", "text", "author", "parent", "standing", "data")
    )
    settled = {
        data["entry"]: at
        for _, at, _, type, *_, data in entries
        if type == "hypothesis.standing" and data.get("standing") in {"confirmed", "ruled_out"}
    }
    times = times_of(incident)
    is_mitigated, is_over = incident.status != Incident.Status.ACTIVE, incident.status == Incident.Status.RESOLVED
    return History(
        severity=incident.severity,
        declared_at=incident.declared_at,
        mitigated_at=times["mitigated"].at if is_mitigated and "mitigated" in times else None,
        resolved_at=times["resolved"].at if is_over and "resolved" in times else None,
        customers=incident.severity <= CUSTOMERS_NOTICE,
        lines=tuple(
            Line(pk, at, kind, type, text, author, parent, standing, settled.get(pk))
            for pk, at, kind, type, text, author, parent, standing, _ in entries
        ),
        roles=tuple(
            Held(each.role, each.person_id, each.assigned_at, each.accepted_at, each.ended_at)
            for each in RoleAssignment.objects.filter(incident=incident).order_by("id")
        ),
        updates=tuple(Told(each.published_at, each.next_update_at) for each in incident.updates.order_by("id")),
        tried=_tried(entries),
        alerts=tuple(
            Fired(opened, resolved)
            for opened, resolved in incident.alert_groups.order_by("id").values_list("opened_at", "resolved_at")
        ),
    )


def _tried(
    entries: Iterable[tuple[int, datetime, str, str, str, int | None, int | None, str, Any]],
) -> tuple[Tried, ...]:
    """Mitigations belong to a higher package; the log has them all the same."""
    ended = {data.get("run"): (at, data.get("outcome")) for _, at, _, type, *_, data in entries if type == _FINISHED}
    found = []
    for _, at, _, type, text, *_, data in entries:
        if type == _STARTED:
            end, outcome = ended.get(data.get("run"), (None, None))
            worked = None if end is None else outcome == "worked"
            found.append(Tried(text.removeprefix(_SAID_BEFORE), at, end, worked))
    return tuple(found)


def given_in(incident: Incident) -> list[Given]:
    """What has been said in it, and what people answered."""
    return [Given(each.rule, each.at, each.answer, each.until) for each in incident.nudges.order_by("id")]
