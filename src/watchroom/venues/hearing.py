"""What venues hear: what happens in incidents, inside the engine's transaction; and what is said in their channels."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from django.db.models import Q

from ..accounts.actors import SYSTEM, Actor
from ..incidents.commands import acting_in, log
from ..incidents.models import Incident
from ..incidents.queries import incident_for
from ..kernel import clock, wake
from ..kernel.db import announce
from ..outgoing.models import Event
from ..outgoing.recording import Wish
from ..workspaces.base import Heard
from ..workspaces.models import Workspace
from . import queries, rules
from .commands import begin
from .models import Venue, VenuePlan

_PATTERNS = ("incident.*", "role.*", "log.*", "update.*", "mitigation.*", "venue.*")
_MAY_BEGIN = {"incident.declared", "incident.severity_changed", "incident.type_changed", "incident.reopened"}


def wants() -> Iterable[Wish]:
    """Nothing, while nobody has said where people meet."""
    return [Wish(_PATTERNS, None)] if VenuePlan.objects.exists() else []


def take(events: Sequence[Event]) -> None:
    """Begin what a plan wants by itself, and have open venues brought up to date."""
    heard = {each.incident_id for each in events if each.incident_id is not None}
    beginning = {each.incident_id for each in events if each.incident_id is not None and each.type in _MAY_BEGIN}
    for incident in Incident.objects.filter(pk__in=beginning).exclude(status=Incident.Status.RESOLVED):
        _begin_by_itself(incident)
    now = clock.now()
    stale = Venue.objects.filter(incident__in=heard, state=Venue.State.OPEN).filter(Q(due_at=None) | Q(due_at__gt=now))
    if stale.filter(error="").update(due_at=now):
        announce({wake.DUE})


def _begin_by_itself(incident: Incident) -> None:
    there = {each.kind for each in queries.of_incident(incident)}
    for kind in Venue.Kind.values:
        plan = queries.plan_for(incident, kind, by_itself=True) if kind not in there else None
        if plan is not None:
            with acting_in(SYSTEM, "venue.asked_for", incident) as (made, row):
                begin(made, row, kind, plan)
                made.note(kind=kind)


def said_in_a_room(by: Actor, workspace: Workspace, heard: Heard) -> str | None:
    """``/watchroom log the pool is full``, said in the channel of an incident, becomes a line of its log."""
    line = rules.heard(heard.text)
    if line is None or heard.message is None:
        return None
    venue = Venue.objects.filter(
        workspace=workspace, room=heard.message.place, kind=Venue.Kind.CHAT
    ).exclude(room="").order_by("-id").first()  # fmt: skip
    if venue is None:
        return "This is not the channel of an incident. Say it there, or in the incident's room in Watchroom."
    incident = incident_for(by, venue.incident_id)
    mark = hashlib.sha256(f"{heard.message.message} {heard.user} {heard.text}".encode()).hexdigest()[:40]
    key = f"{rules.PREFIX}{mark}" if heard.message.message else ""
    entry = log(by, incident, line[0], line[1], client_key=key)
    return f"It is in the log of #{incident.pk}, as a {entry.get_kind_display().lower()}."
