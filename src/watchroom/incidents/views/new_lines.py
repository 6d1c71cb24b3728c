"""What is new in a log, for all who read it through one gate (see ``live/rooms.py``): drawn once for each kind of reader."""

from __future__ import annotations

import zoneinfo
from datetime import datetime

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from ...accounts.actors import acting_many
from ...accounts.sessions import signed_in
from ...kernel import clock
from ...live import tokens
from ...live.rooms import News
from .. import queries
from ..models import Incident, LogEntry, RoleAssignment
from ._lines import lines

_Kind = tuple[str, bool]  # the zone in which somebody reads, and whether they may act


@csrf_exempt  # a gate asks, and its question is signed
@require_POST
def new_lines(request: HttpRequest) -> HttpResponse:
    """Answers the gate's question. Who may see the incident is looked up for each reader, in a constant number of queries.

    :raises NotAllowed: somebody else asks.
    """
    asked = tokens.read_ask(request.body.decode("latin-1"))
    now = clock.now()
    incident = Incident.objects.select_related("team").filter(pk=asked.incident).first()
    kinds = _kinds(incident, asked.readers) if incident is not None else []
    distinct = sorted({kind for kind in kinds if kind is not None})
    found = queries.log_since(incident, datetime.fromisoformat(asked.since)) if incident and distinct else None
    if incident is None or found is None:  # so much, perhaps, that a page had better be read anew: each asks for itself
        news = News(now, [], [-1] * len(asked.readers))
    else:
        html = [_picture(incident, found, kind) for kind in distinct]
        news = News(now, html, [-1 if kind is None else distinct.index(kind) for kind in kinds])
    answer = HttpResponse(msgspec.json.encode(news), content_type="application/json")
    answer["Cache-Control"] = "no-store"
    return answer


def _kinds(incident: Incident, readers: list[tuple[int, str]]) -> list[_Kind | None]:
    """For each reader what kind they are; None: they may not see it, or are not signed in (any more)."""
    people = signed_in(session for _, session in readers)
    actors = acting_many({person.pk: person for person in people.values()}.values())
    roles = RoleAssignment.objects.filter(incident=incident, ended_at__isnull=True)
    holders = set(roles.values_list("person_id", flat=True))
    known: dict[int, _Kind | None] = {}
    for pk, actor in actors.items():
        holds, person = pk in holders, actor.person
        if person is None or not queries.sees(actor, incident, holds=holds):
            known[pk] = None
        else:
            acts = actor.may(queries.needed_to_act(actor, incident, holds=holds), incident.team)
            known[pk] = person.timezone, acts
    return [
        known[person] if session in people and people[session].pk == person else None for person, session in readers
    ]


def _picture(incident: Incident, entries: list[LogEntry], kind: _Kind) -> str:
    zone, acts = kind
    try:
        with timezone.override(zoneinfo.ZoneInfo(zone)):
            return "\n".join(lines(incident, entries, acts=acts))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return "\n".join(lines(incident, entries, acts=acts))
