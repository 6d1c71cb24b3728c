"""Snapshots: what was seen, kept; and the first look that Watchroom takes by itself."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from ...accounts.actors import SYSTEM, Actor
from ...accounts.changes import change
from ...accounts.roles import Action
from ...incidents.commands import acting_in, write_system
from ...incidents.models import Incident
from ...intake.models import Alert, AlertGroup
from ...kernel import clock
from ...kernel.checks import chosen
from ...kernel.db import lease, locked
from ...kernel.errors import Refused
from ..models import FirstLook, Snapshot

_LARGEST = 1024 * 1024
_MOST = 200
LOOK_BACK = timedelta(hours=1)
_LEASE = timedelta(minutes=2)
_MOST_TRIES = 4
_MOST_GROUPS = 5


def keep(
    by: Actor,
    subject: Incident | AlertGroup,
    *,
    kind: str,
    title: str,
    data: dict[str, Any],
    query: str = "",
    source: str = "",
    link: str = "",
    client_key: str = "",
) -> Snapshot:
    """Keep what was seen with an incident (and say so in its running log) or with an alert group.

    Sent again with the same ``client_key``, it is kept once.

    :raises Refused: an unknown kind, or too large, or very many are kept already.
    """
    chosen(kind, Snapshot.Kind.values, "kind of evidence", field="kind")
    if len(json.dumps(data, default=str)) > _LARGEST:
        raise Refused("That is too large to keep.", field="data", value="", fix="Keep a part of it.")
    row = Snapshot(
        kind=kind,
        title=title[:300],
        data=data,
        query=query,
        source=source[:100],
        link=link if len(link) <= 4000 else "",
        taken_by=by.person,
        client_key=client_key[:64],
    )
    if isinstance(subject, Incident):
        with acting_in(by, "snapshot.kept", subject) as (made, incident):
            before = Snapshot.objects.filter(incident=incident, client_key=client_key).first() if client_key else None
            if before is not None:
                return before
            _not_too_many(Snapshot.objects.filter(incident=incident).count())
            row.incident, row.taken_at = incident, made.at
            made.history(row)
            who = "Watchroom" if by.is_system else by.name
            write_system(
                incident,
                "evidence.kept",
                f"{who} kept evidence: {row.title}",
                {"snapshot": row.pk, "kind": kind, "path": f"/snapshots/{row.pk}"},
                made.at,
                by=by,
            )
            made.note(snapshot=row.pk, title=row.title)
        return row
    with change(by, "snapshot.kept", subject, needs=Action.RESPOND, team=subject.team) as made:
        locked(AlertGroup.objects.all()).get(pk=subject.pk)
        again = Snapshot.objects.filter(group=subject, client_key=client_key).first() if client_key else None
        if again is not None:
            return again
        _not_too_many(Snapshot.objects.filter(group=subject).count())
        row.group, row.taken_at = subject, made.at
        made.history(row)
        made.note(snapshot=row.pk, title=row.title)
        made.touch(f"group:{subject.pk}")
    return row


def _not_too_many(count: int) -> None:
    if count >= _MOST:
        raise Refused(f"{_MOST} snapshots are kept here already.", fix="Delete some of them.")


def delete_snapshot(by: Actor, snapshot: Snapshot) -> None:
    """Keep it no more. The line in the running log stays."""
    if snapshot.incident is not None:
        with acting_in(by, "snapshot.deleted", snapshot.incident) as (made, incident):
            made.note(snapshot=snapshot.pk, title=snapshot.title)
            write_system(incident, "evidence.deleted", f"{by.name} deleted kept evidence: {snapshot.title}", by=by)
            snapshot.delete()
        return
    group = snapshot.group
    with change(by, "snapshot.deleted", group, needs=Action.RESPOND, team=group.team if group else None) as made:
        made.note(snapshot=snapshot.pk, title=snapshot.title)
        snapshot.delete()


def plan_first_looks(by: Actor = SYSTEM, *, most: int = 50) -> int:
    """Find alert groups from which an incident was declared lately and nobody has looked yet; they are due now."""
    now = clock.now()
    links = Incident.alert_groups.through._default_manager.filter(
        incident__declared_at__gte=now - LOOK_BACK, incident__is_demo=False
    )
    known = set(
        FirstLook.objects.filter(incident__declared_at__gte=now - LOOK_BACK).values_list("incident_id", "group_id")
    )
    planned: dict[int, int] = {}
    for incident_id, _ in known:
        planned[incident_id] = planned.get(incident_id, 0) + 1
    new = []
    for incident_id, group_id in links.order_by("incident_id", "id").values_list("incident_id", "alertgroup_id"):
        if (incident_id, group_id) in known or planned.get(incident_id, 0) >= _MOST_GROUPS:
            continue
        planned[incident_id] = planned.get(incident_id, 0) + 1
        alert = Alert.objects.filter(group_id=group_id).exclude(link="").order_by("id").first()
        new.append(FirstLook(incident_id=incident_id, group_id=group_id, alert=alert, due_at=now if alert else None))
        if len(new) >= most:
            break
    FirstLook.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


def claim_first_looks(by: Actor = SYSTEM, *, most: int = 5) -> list[FirstLook]:
    """Take due first looks for a while; whoever is cut off leaves them due again."""
    now = clock.now()
    due = FirstLook.objects.filter(due_at__lte=now)
    return lease(due.select_related("incident", "group__service", "group__team", "alert"), most, now + _LEASE)


def note_first_look(by: Actor, look: FirstLook, error: str = "", *, again: bool = False) -> None:
    """It is done, or failed: tried again a few times, each time later, where that can help."""
    look.error = error[:500]
    look.due_at = None
    if again and look.tries < _MOST_TRIES:
        look.due_at = clock.now() + timedelta(seconds=15 * 2**look.tries)
    look.save(update_fields=["error", "due_at"])
