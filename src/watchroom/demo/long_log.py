"""One incident of the made-up company with a long log, such as a bad night leaves behind: to see that the room stays quick."""

from __future__ import annotations

import random
from datetime import timedelta

from ..incidents.models import Incident, KeyTime, LogEntry, RoleAssignment
from .standing import Company

LINES = 5_000
_SAID = (
    ("note", "The pool is at {n} %."),
    ("note", "Error rate {n} per mille in region {m}."),
    ("symptom", "A customer in region {m} sees the error again."),
    ("action", "Restarted node {n}."),
    ("result", "Node {n} answers, p99 is {m}{n} ms."),
    ("action", "Moved {n} % of the traffic to region {m}."),
    ("decision", "We leave node {n} out until tomorrow."),
    ("note", "Nothing new from the provider; ticket {m}{n}."),
)


def long_log(c: Company, led: list[Incident]) -> Incident:
    """Fill the log of the worst incident that is over. Its own chance, so that the rest of the company stays what it was."""
    chance = random.Random(LINES)
    incident = min(
        (each for each in led if each.status == Incident.Status.RESOLVED), key=lambda each: (each.severity, each.pk)
    )
    people = [
        row.person for row in RoleAssignment.objects.filter(incident=incident).select_related("person").order_by("id")
    ]
    ended = (
        KeyTime.objects.filter(incident=incident, moment="resolved")
        .order_by("-id")
        .values_list("at", flat=True)
        .first()
    )
    lasted = (ended or incident.declared_at + timedelta(hours=2)) - incident.declared_at
    lines = []
    for number in range(LINES):
        at = incident.declared_at + lasted * ((number + 1) / (LINES + 2))
        kind, text = chance.choice(_SAID)
        said = text.format(n=chance.randint(10, 99), m=chance.randint(1, 4))
        author = chance.choice(people) if people else None
        lines.append(
            LogEntry(incident=incident, kind=kind, text=said, author=author, at=at, written_at=at, changed_at=at)
        )
    LogEntry.objects.bulk_create(lines, batch_size=500)
    return incident
