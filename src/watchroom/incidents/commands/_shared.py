"""What the commands share: who may act, system entries in the log, and the record of key times."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db.models import Min

from ...accounts.actors import Actor
from ...accounts.changes import Change, change
from ...accounts.roles import Action
from ...kernel import clock
from ...kernel.checks import aware, chosen
from ...kernel.db import announce, locked
from ...kernel.errors import Conflict, NotFound, Refused
from .. import following, queries, rules
from ..models import Incident, IncidentSeverity, KeyTime, LogEntry, Moment, RoleAssignment
from ..severities import severity_of


def needed(by: Actor, incident: Incident) -> Action:
    """What ``by`` needs to act in ``incident`` (see :func:`queries.needed_to_act`).

    :raises NotFound: the incident is private and not for ``by``.
    """
    if by.is_system or by.person is None:
        return Action.RESPOND
    if incident.private and not queries.visible_to(by).filter(pk=incident.pk).exists():
        raise NotFound(
            f"There is no incident #{incident.pk}, or you may not see it.", field="incident", value=incident.pk
        )
    held = RoleAssignment.objects.filter(incident_id=incident.pk, person=by.person, ended_at__isnull=True)
    return queries.needed_to_act(by, incident, holds=held.exists())


@contextmanager
def acting_in(
    by: Actor, action: str, incident: Incident, *, only_log: bool = False
) -> Iterator[tuple[Change, Incident]]:
    """:func:`change` in an incident: checks who may, locks its row and moves its live topics. ``only_log``: nothing but
    the running log shows another picture afterwards, so that a note by one does not have 200 readers re-read the room."""
    with change(by, action, incident, needs=needed(by, incident), team=incident.team) as made:
        row = locked(Incident.objects.select_related("team", "type", "state")).filter(pk=incident.pk).first()
        if row is None:
            raise NotFound(f"There is no incident #{incident.pk}.", field="incident", value=incident.pk)
        made.subject = row
        made.touch(f"incident:{row.pk}:log")
        if not only_log:
            made.touch(f"incident:{row.pk}", "incidents")
        yield made, row


def follow(incident: Incident, row: Incident, *fields: str) -> None:
    """Let the caller's object say what was saved."""
    for field in fields:
        setattr(incident, field, getattr(row, field))


def must_be_open(incident: Incident, what: str) -> None:
    """:raises Conflict: the incident is resolved."""
    if not incident.is_open:
        raise Conflict(
            f"Incident #{incident.pk} is resolved; {what}.",
            field="status",
            value=incident.status,
            fix="Reopen it first.",
        )


def write_system(
    incident: Incident,
    type: str,
    text: str,
    data: dict[str, Any] | None = None,
    at: datetime | None = None,
    *,
    by: Actor | None = None,
    client_key: str = "",
) -> LogEntry:
    """A line that Watchroom writes into the running log. Inside the caller's transaction."""
    now = clock.now()
    entry = LogEntry.objects.create(
        incident=incident,
        kind=LogEntry.Kind.SYSTEM,
        type=type,
        text=text,
        data=data or {},
        author=by.person if by else None,
        at=at or now,
        written_at=now,
        client_key=client_key,
    )
    announce({f"incident:{incident.pk}", f"incident:{incident.pk}:log"})
    if type in following.TOLD:
        following.tell(entry, by)
    return entry


def record_times(incident: Incident) -> None:
    """Write down the key times that follow from what was seen, where they differ from what had been written."""
    facts = queries.facts_of([incident])[incident.pk]
    written = {
        row.moment: row.at
        for row in KeyTime.objects.filter(incident=incident, corrected_by__isnull=True).order_by("id")
    }
    KeyTime.objects.bulk_create(
        [
            KeyTime(incident=incident, moment=row.moment, at=row.at, provenance=row.provenance)
            for row in rules.computed(facts).values()
            if written.get(row.moment) != row.at
        ]
    )
    if Moment.ASSEMBLED not in written:
        _record_assembled(incident)


def _record_assembled(incident: Incident) -> None:
    """Once: whoever goes or comes afterwards moves it no more."""
    needed_roles = severity_of(incident.severity).roles
    rows = RoleAssignment.objects.filter(incident=incident, role__in=needed_roles, accepted_at__isnull=False)
    said_yes = dict(rows.order_by().values_list("role").annotate(first=Min("accepted_at")))
    at = rules.assembled_at(needed_roles, said_yes)
    if at is not None:
        record_once(incident, Moment.ASSEMBLED, at, "Every needed role had somebody who said yes")


def record_once(incident: Incident, moment: Moment, at: datetime, provenance: str) -> None:
    """Write down a key time that happens once, the first time that it does."""
    if not KeyTime.objects.filter(incident=incident, moment=moment).exists():
        KeyTime.objects.create(incident=incident, moment=moment, at=at, provenance=provenance)


def checked_text(text: str, *, field: str, what: str, most: int = 20_000) -> str:
    """``text`` without white space at its ends.

    :raises Refused: it is empty or too long.
    """
    text = text.strip()
    if not text:
        raise Refused(f"{what} is empty.", field=field, value=text, fix="Write something.")
    if len(text) > most:
        raise Refused(
            f"{what} is too long.", field=field, value=f"{len(text)} characters", fix=f"Use at most {most} characters."
        )
    return text


def checked_past(at: datetime, *, field: str = "at") -> datetime:
    """``at``, if it can have happened.

    :raises Refused: it has no time zone or lies in the future.
    """
    aware(at, field=field)
    if rules.in_the_future(at, clock.now()):
        raise Refused(
            "That time lies in the future.", field=field, value=at.isoformat(), fix="Use a time that has passed."
        )
    return at


def checked_severity(severity: int) -> int:
    """:raises Refused: not 1 to 5."""
    chosen(severity, IncidentSeverity.values, "severity", field="severity", fix="Use 1 (worst) to 5.")
    return severity
