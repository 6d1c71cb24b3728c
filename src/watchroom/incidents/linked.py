"""Reads about what incidents have to do with each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q

from ..accounts.actors import Actor
from ..kernel.finding import one
from .models import Incident, IncidentLink, LogEntry
from .queries import log_of, visible_to


@dataclass(frozen=True)
class Linked:
    """A link as it is read from one of its two incidents."""

    id: int
    kind: str  # duplicate_of, has_duplicate, part_of, has_part, related
    name: str
    other: Incident
    at: datetime
    lines: list[LogEntry] = field(default_factory=list)  # of a duplicate, the oldest first


_FROM_THERE = {
    "duplicate_of": ("has_duplicate", "Duplicate"),
    "part_of": ("has_part", "Part"),
    "related": ("related", "Related to"),
}
LINES_OF_DUPLICATE = 50


def links_of(actor: Actor, incident: Incident, *, with_lines: bool = False) -> list[Linked]:
    """What ``incident`` has to do with others that ``actor`` may see; ``with_lines``: the first lines of the logs of its
    duplicates, too. Two queries, and one for each duplicate's log."""
    rows = list(
        IncidentLink.objects.filter(Q(incident=incident) | Q(other=incident))
        .select_related("incident__state", "other__state")
        .order_by("id")
    )
    if not rows:
        return []
    ends = {row.other_id if row.incident_id == incident.pk else row.incident_id for row in rows}
    seen = set(visible_to(actor).filter(pk__in=ends).values_list("pk", flat=True))
    found = []
    for row in rows:
        here = row.incident_id == incident.pk
        other = row.other if here else row.incident
        if other.pk not in seen:
            continue
        kind, name = (row.kind, row.get_kind_display()) if here else _FROM_THERE[row.kind]
        shown = with_lines and kind == "has_duplicate"
        lines = list(log_of(other)[:LINES_OF_DUPLICATE]) if shown else []
        found.append(Linked(row.pk, kind, name, other, row.at, lines))
    return found


def link_for(actor: Actor, incident: Incident, pk: int) -> IncidentLink:
    """A link of ``incident`` whose other end ``actor`` may see, too. :raises NotFound: there is none."""
    seen = visible_to(actor)
    rows = IncidentLink.objects.select_related("incident__team", "other__team")
    return one(rows.filter(Q(incident=incident, other__in=seen) | Q(other=incident, incident__in=seen)), "link", pk=pk)
