"""What venues hear: what happens in incidents, inside the engine's transaction; and what is said in their channels."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence
from typing import Any

from django.db.models import BigIntegerField, JSONField, Q, QuerySet, Value
from django.db.models.functions import Cast

from ..accounts.actors import SYSTEM, Actor
from ..chat.answering import whose
from ..incidents.commands import acting_in, log
from ..incidents.commands.mentions import people_by_handle
from ..incidents.models import Incident
from ..incidents.queries import incident_for, incidents_about
from ..incidents.rules import slash
from ..incidents.views._saying import say
from ..incidents.wording import findings
from ..kernel import clock, wake
from ..kernel.db import announce, locked
from ..outgoing.models import Event
from ..paging.models import Escalation
from ..workspaces.base import Heard
from ..workspaces.models import Workspace
from . import queries, rules, taking
from .commands import begin
from .models import Venue, VenuePlan

_PATTERNS = ["incident.*", "role.*", "log.*", "update.*", "mitigation.*", "venue.*"]
_MAY_BEGIN = {"incident.declared", "incident.severity_changed", "incident.type_changed", "incident.reopened"}


def wants() -> QuerySet[VenuePlan, tuple[Any, Any]]:
    """Nothing, while nobody has said where people meet; of everybody's incidents otherwise."""
    patterns = Value(_PATTERNS, output_field=JSONField())
    return (
        VenuePlan.objects.annotate(patterns=patterns, whose_team=Cast(Value(None), BigIntegerField()))
        .order_by()
        .values_list("patterns", "whose_team")
        .distinct()
    )


def take(events: Sequence[Event]) -> None:
    """Begin what a plan wants by itself, and have open venues brought up to date."""
    heard = {each.incident_id for each in events if each.incident_id is not None}
    beginning = {each.incident_id for each in events if each.incident_id is not None and each.type in _MAY_BEGIN}
    for incident in Incident.objects.filter(pk__in=beginning).exclude(status=Incident.Status.RESOLVED):
        _begin_by_itself(incident)
    _bring_up_to_date(heard)


def proposed(escalations: Collection[Escalation]) -> None:
    """Something is proposed in escalations: it is shown in the channels of the incidents that they are about."""
    _bring_up_to_date(incidents_about(escalations))


def _bring_up_to_date(incidents: Collection[int]) -> None:
    if not incidents:
        return
    now = clock.now()
    open_ones = Venue.objects.filter(incident__in=incidents, state=Venue.State.OPEN)
    stale = open_ones.filter(Q(due_at=None) | Q(due_at__gt=now), error="")
    found = [row.pk for row in locked(stale.order_by("id").only("id"))]  # in one order, whoever else marks them
    if found and Venue.objects.filter(pk__in=found).update(due_at=now):
        announce({wake.DUE})


def _begin_by_itself(incident: Incident) -> None:
    there = {each.kind for each in queries.of_incident(incident)}
    for kind in Venue.Kind.values:
        plan = queries.plan_for(incident, kind, by_itself=True) if kind not in there else None
        if plan is not None:
            with acting_in(SYSTEM, "venue.asked_for", incident) as (made, row):
                begin(made, row, kind, plan)
                made.note(kind=kind)


_CHATS_OWN = {
    "list",
    "escalate",
    "snooze",
    "oncall",
    "declare",
    "help",
}  # chat/words.py: alerts, and what is in no incident yet
_EITHER = {"ack", "resolve"}  # with a number an alert group, without one the incident of the channel
_WAITING = {"reword", "as-is", "drop"}


def said_in_a_room(by: Actor, workspace: Workspace, heard: Heard) -> str | None:
    """``/watchroom log the pool is full``, said in the channel of an incident, becomes a line of its log, and
    ``/watchroom severity 1 half fail`` does what the room's command does. ``in 12`` before it names another incident."""
    number, rest = rules.numbered(heard.text)
    rest, as_it_is = rules.bang(rest)
    word = rest.partition(" ")[0].lower().rstrip(":")
    line = rules.heard(rest)
    of_alerts = word in _CHATS_OWN or (word in _EITHER and bool(_NUMBER.search(rest)))
    if heard.message is None or (number is None and of_alerts):
        return None
    if line is None and word not in _WAITING and not _is_command(word):
        return None
    venue = _venue_of(workspace, heard.message.place)
    if number is None and venue is None and word in _EITHER:
        return None
    if number is None and venue is None:
        return "This is not the channel of an incident. Say it there, or name one: in 12 …"
    incident = incident_for(by, number if number is not None else venue.incident_id if venue else 0)
    if venue is not None and venue.incident_id == incident.pk and word in _WAITING:
        return taking.go_on(by, venue, word, rest.partition(" ")[2].strip())
    mark = hashlib.sha256(f"{heard.message.message} {heard.user} {heard.text}".encode()).hexdigest()[:40]
    key = f"{rules.PREFIX}{mark}" if heard.message.message else ""
    found = [] if as_it_is else findings(rest)
    if found and line is not None and venue is not None and venue.incident_id == incident.pk and key:
        return taking.hold(by, venue, heard, key, line, found)
    if found:
        return f"Not yet: {taking.wording(found)}\nPut it otherwise, or write {word}! for {word} to send it as it is."
    if line is not None:
        entry = log(by, incident, line[0], line[1], client_key=key)
        return f"It is in the log of #{incident.pk}, as a {entry.get_kind_display().lower()}."
    return say(by, incident, f"/{with_handles(workspace, rest)}", client_key=key).text


def _venue_of(workspace: Workspace, place: str) -> Venue | None:
    rows = Venue.objects.filter(workspace=workspace, room=place, kind=Venue.Kind.CHAT).exclude(room="")
    return rows.select_related("incident__team", "workspace").order_by("-id").first()


def _is_command(word: str) -> bool:
    try:
        return bool(slash.read(f"/{word}").command)
    except slash.Unknown:
        return False


def with_handles(workspace: Workspace, text: str) -> str:
    """``<@U012|kim>``, as Slack writes whom somebody means, as the person is called here."""
    if not _SLACK_USER.search(text):
        return text
    handles = {each.pk: handle for handle, each in people_by_handle().items()}

    def called(match: re.Match[str]) -> str:
        person = whose(workspace, match[1])
        return f"@{handles.get(person.pk)}" if person and person.pk in handles else match[0]

    return _SLACK_USER.sub(called, text)


_NUMBER = re.compile(r"^\S+\s+#?\d")
# Without ``<`` in the name: else many of them, never closed, are each read to the end.
_SLACK_USER = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>")
