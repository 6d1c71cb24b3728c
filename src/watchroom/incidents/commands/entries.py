"""The running log: written once per client key, edited with what it said before, pinned; how hypotheses stand."""

from __future__ import annotations

from datetime import datetime

from ...accounts.actors import Actor
from ...kernel.db import locked
from ...kernel.errors import Conflict, Refused
from ..models import Incident, LogEntry, LogRevision
from ._shared import acting_in, checked_past, checked_text, write_system

KINDS = [kind for kind in LogEntry.Kind.values if kind != LogEntry.Kind.SYSTEM]


def log(
    by: Actor,
    incident: Incident,
    kind: str,
    text: str,
    *,
    at: datetime | None = None,
    parent: LogEntry | None = None,
    client_key: str = "",
) -> LogEntry:
    """Write a line. Sent again with the same ``client_key``, it is written once.

    :raises Refused: no text, an unknown kind, a time in the future, or a parent from another incident.
    """
    if kind not in KINDS:
        raise Refused("That is not a kind of entry.", field="kind", value=kind, fix=f"Use one of {', '.join(KINDS)}.")
    text = checked_text(text, field="text", what="The entry")
    if len(client_key) > 64:
        raise Refused("That key is too long.", field="client_key", value=client_key, fix="Use at most 64 characters.")
    if at is not None:
        at = checked_past(at)
    if parent is not None and parent.incident_id != incident.pk:
        raise Refused(
            "The parent belongs to another incident.",
            field="parent",
            value=parent.pk,
            fix="Choose an entry of this log.",
        )
    with acting_in(by, "log.written", incident) as (made, row):
        written = LogEntry.objects.filter(incident=row, client_key=client_key).first() if client_key else None
        if written is not None:
            made.note(repeated=True)
            return written
        entry = LogEntry(
            incident=row,
            kind=kind,
            text=text,
            author=by.person,
            at=at or made.at,
            written_at=made.at,
            parent=parent,
            standing=LogEntry.Standing.OPEN if kind == LogEntry.Kind.HYPOTHESIS else "",
            client_key=client_key,
        )
        made.history(entry)
        made.note(entry=entry.pk, kind=kind)
    return entry


def _own_line(entry: LogEntry) -> None:
    if entry.kind == LogEntry.Kind.SYSTEM:
        raise Conflict(
            "Watchroom wrote this line; it can't be edited.",
            field="entry",
            value=entry.pk,
            fix="Write a note that puts it right.",
        )


def edit_entry(by: Actor, entry: LogEntry, *, text: str | None = None, at: datetime | None = None) -> LogEntry:
    """Put an entry right. What it said before is kept.

    :raises Conflict: Watchroom wrote it.
    :raises Refused: no text, or a time in the future.
    """
    _own_line(entry)
    with acting_in(by, "log.edited", entry.incident) as (made, _):
        row = locked(LogEntry.objects.all()).get(pk=entry.pk)
        new_text = row.text if text is None else checked_text(text, field="text", what="The entry")
        new_at = row.at if at is None else checked_past(at)
        if (new_text, new_at) != (row.text, row.at):
            made.history(LogRevision(entry=row, text=row.text, at=row.at, replaced_at=made.at, replaced_by=by.person))
            row.text, row.at, row.edited_at = new_text, new_at, made.at
            row.save(update_fields=["text", "at", "edited_at"])
            made.note(entry=row.pk)
    return row


def set_standing(by: Actor, entry: LogEntry, standing: str) -> LogEntry:
    """Say how a hypothesis stands. Whoever says “being tested” tests it.

    :raises Refused: not a hypothesis, or an unknown word.
    """
    if entry.kind != LogEntry.Kind.HYPOTHESIS:
        raise Refused("Only a hypothesis can stand or fall.", field="entry", value=entry.pk, fix="Choose a hypothesis.")
    if standing not in LogEntry.Standing.values:
        raise Refused(
            "That is not a standing.",
            field="standing",
            value=standing,
            fix=f"Use one of {', '.join(LogEntry.Standing.values)}.",
        )
    with acting_in(by, "hypothesis.judged", entry.incident) as (made, incident):
        row = locked(LogEntry.objects.all()).get(pk=entry.pk)
        if row.standing != standing:
            row.standing = standing
            row.tester = by.person if standing == LogEntry.Standing.TESTING else row.tester
            row.save(update_fields=["standing", "tester"])
            word = LogEntry.Standing(standing).label.lower()
            write_system(
                incident,
                "hypothesis.standing",
                f"{by.name}: hypothesis {word}: {row}",
                {"entry": row.pk, "standing": standing},
                made.at,
                by=by,
            )
    return row


def pin(by: Actor, entry: LogEntry, pinned: bool = True) -> LogEntry:
    """Mark an entry for the postmortem, or take the mark back."""
    with acting_in(by, "log.pinned" if pinned else "log.unpinned", entry.incident):
        row = locked(LogEntry.objects.all()).get(pk=entry.pk)
        row.pinned = pinned
        row.save(update_fields=["pinned"])
    return row
