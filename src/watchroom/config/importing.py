"""An alertmanager.yml as a document, with what applying it would do here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import msgspec

from ..accounts.models import Person
from ..paging.models import EscalationPolicy
from .alertmanager import Note, translate
from .carry_out import preview
from .difference import Step
from .text import parse


@dataclass(frozen=True)
class Import:
    """What a file comes to: a document, each step that applying it would take, and what is to be known about it."""

    document: dict[str, Any]
    steps: list[Step]
    notes: tuple[Note, ...]

    @property
    def seen(self) -> str:
        """Changes whenever applying it would do something else."""
        said = [self.document, [str(step) for step in self.steps]]
        return hashlib.sha256(msgspec.json.encode(said, order="deterministic")).hexdigest()


def from_alertmanager(text: str, team: str) -> Import:
    """Translate a file for a team, by its slug. Changes nothing.

    :raises Refused: it is not one that Alertmanager would load.
    """
    made = translate(
        text,
        team=team,
        people=set(Person.objects.filter(is_active=True).values_list("email", flat=True)),
        policies=set(EscalationPolicy.objects.values_list("slug", flat=True)),
    )
    return Import(made.document, preview(parse(made.document, "document")), made.notes)
