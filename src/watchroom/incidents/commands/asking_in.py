"""Paging somebody to come and help."""

from __future__ import annotations

from collections.abc import Sequence

from ...accounts.actors import Actor
from ...accounts.models import Person
from ...paging import commands as paging
from ..models import Incident
from ._shared import acting_in, write_system


def ask_in(by: Actor, incident: Incident, people: Sequence[Person], words: str = "") -> None:
    """Page ``people`` until they answer, and write it into the log."""
    with acting_in(by, "person.asked_in", incident) as (made, row):
        made.note(people=[str(person) for person in people])
        made.due()
        for person in people:
            paging.page_about(
                person,
                title=f"SEV{row.severity} {row}: {words or 'your help is needed'}"[:300],
                body=f"{by.name} asks for your help. {words}".strip(),
                path=f"/incidents/{row.pk}",
                team=row.team,
                urgency="high",
                drill=row.drill,
            )
        names = ", ".join(str(person) for person in people)
        write_system(
            row,
            "person.paged",
            f"{by.name} is having {names} paged" + (f": {words}" if words else ""),
            {"people": [person.pk for person in people]},
            made.at,
            by=by,
        )
