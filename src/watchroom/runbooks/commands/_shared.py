"""What every change around a run needs: who may make it, where it is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ...accounts.actors import Actor
from ...accounts.changes import Change
from ...incidents.commands import acting_in, write_system
from ...incidents.models import Incident
from ...intake.commands.groups import changing
from ...intake.models import AlertGroup, GroupEvent
from ...kernel.db import locked
from ...kernel.errors import Conflict, NotFound, Refused
from ..models import RunbookRun

_LONGEST_NOTE = 1000


@dataclass
class Work:
    """A change around a run: where it is said, and the row that is held."""

    made: Change
    by: Actor
    incident: Incident | None
    group: AlertGroup | None

    def say(self, type: str, text: str, data: dict[str, Any]) -> None:
        """One line in the running log, or among what happened to the alert group."""
        if self.incident is not None:
            write_system(self.incident, type, text, data, self.made.at, by=self.by)
        elif self.group is not None:
            note = GroupEvent(
                group=self.group, at=self.made.at, kind=GroupEvent.Kind.NOTE, person=self.by.person, text=text[:1000]
            )
            self.made.history(note)


@contextmanager
def working(by: Actor, verb: str, incident: Incident | None, group: AlertGroup | None) -> Iterator[Work]:
    """:func:`change` where a run is carried out: who may act there, may work on it."""
    if incident is not None:
        with acting_in(by, f"runbook.{verb}", incident) as (made, row):
            yield Work(made, by, row, group)
    elif group is not None:
        with changing(by, f"runbook_{verb}", group) as (made, held):
            yield Work(made, by, None, held)
    else:
        raise NotFound("What this run was for is gone.", fix="Start the runbook where it is needed now.")


@contextmanager
def working_on(by: Actor, verb: str, run: RunbookRun) -> Iterator[tuple[Work, RunbookRun]]:
    """The same for a run that there is, which is held."""
    now = RunbookRun.objects.select_related("incident__team", "group__team").filter(pk=run.pk).first()
    if now is None:
        raise NotFound(f"There is no runbook run {run.pk}.", field="run", value=run.pk)
    with working(by, verb, now.incident, now.group) as work:
        row = locked(RunbookRun.objects.filter(pk=run.pk)).get()
        if row.incident_id != now.incident_id:
            raise Conflict(f"It has just become part of incident {row.incident_id}.", fix="Do it once more.")
        work.made.touch(f"runbook_run:{row.pk}")
        yield work, row


def short(note: str) -> str:
    """:raises Refused: a note that is longer than is kept."""
    note = note.strip()
    if len(note) > _LONGEST_NOTE:
        raise Refused(
            "That is too long.",
            field="note",
            value=f"{len(note)} characters",
            fix=f"Use at most {_LONGEST_NOTE} characters.",
        )
    return note
