"""The running log: written once per client key, edited with what it said before, pinned; how hypotheses and questions
stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ...accounts.actors import Actor
from ...accounts.models import Person
from ...kernel.checks import chosen
from ...kernel.db import locked
from ...kernel.errors import Conflict, Refused
from .. import following
from ..models import STANDINGS, Attachment, Incident, LogEntry, LogRevision
from ._shared import acting_in, checked_past, checked_text, write_system
from .mentions import tell_mentioned


@dataclass(frozen=True)
class Source:
    """Where a line was said, if not here: by whom (their name there, and the person if they are known), in what, and where it
    can be read."""

    person: Person | None
    name: str
    where: str
    url: str = ""


KINDS = [kind for kind in LogEntry.Kind.values if kind != LogEntry.Kind.SYSTEM]
_ONLY_THE_LOG_SHOWS = {"action", "result", "decision", "note"}


def log(
    by: Actor,
    incident: Incident,
    kind: str,
    text: str,
    *,
    at: datetime | None = None,
    parent: LogEntry | None = None,
    attachments: Sequence[int] = (),
    client_key: str = "",
    source: Source | None = None,
) -> LogEntry:
    """Write a line. Sent again with the same ``client_key``, it is written once. Who is @mentioned is told. With a
    ``source`` it is the line of whoever said it there, and ``by`` has taken it in.

    :raises Refused: no text, an unknown kind, a time in the future, a parent or an attachment from elsewhere.
    """
    chosen(kind, KINDS, "kind of entry", field="kind")
    files = _files(by, incident, attachments)
    text = checked_text(text or ", ".join(file.name for file in files), field="text", what="The entry")
    if at is not None:
        at = checked_past(at)
    if parent is not None and parent.incident_id != incident.pk:
        raise Refused(
            "The parent belongs to another incident.",
            field="parent",
            value=parent.pk,
            fix="Choose an entry of this log.",
        )
    with acting_in(by, "log.written", incident, only_log=kind in _ONLY_THE_LOG_SHOWS) as (made, row):
        written = LogEntry.objects.filter(incident=row, client_key=client_key).first() if client_key else None
        if written is not None:
            made.note(repeated=True)
            return written
        entry = LogEntry(
            incident=row,
            kind=kind,
            text=text,
            author=source.person if source else by.person,
            data={"source": {"name": source.name, "in": source.where, "url": source.url}} if source else {},
            at=at or made.at,
            written_at=made.at,
            changed_at=made.at,
            parent=parent,
            standing=STANDINGS[kind][0] if kind in STANDINGS else "",
            client_key=client_key,
        )
        made.history(entry)
        if files:
            Attachment.objects.filter(pk__in=[file.pk for file in files]).update(entry=entry)
        tell_mentioned(by, entry, made)
        following.tell_of_line(entry, by)
        made.note(entry=entry.pk, kind=kind)
    return entry


def source_marked(by: Actor, entry: LogEntry, marked: bool) -> LogEntry:
    """Note that the message of a line is no longer marked where it was said, or is so again. The line stays."""
    with acting_in(by, "log.source_marked", entry.incident, only_log=True) as (made, _):
        row = locked(LogEntry.objects.all()).get(pk=entry.pk)
        row.data = {**row.data, "source": {**row.data.get("source", {}), "unmarked": not marked}}
        row.changed_at = made.at
        row.save(update_fields=["data", "changed_at"])
        made.note(entry=row.pk, marked=marked)
    return row


def _files(by: Actor, incident: Incident, ids: Sequence[int]) -> list[Attachment]:
    """What ``by`` has sent for this incident and not yet put under an entry. Sent again, it is under its entry already:
    the client key then finds that entry."""
    if not ids:
        return []
    found = {file.pk: file for file in Attachment.objects.filter(pk__in=list(ids), incident=incident, by=by.person)}
    missing = next((pk for pk in ids if pk not in found), None)
    if missing is not None:
        raise Refused(
            "That attachment is not one of yours in this incident.",
            field="attachments",
            value=missing,
            fix="Send the file first, and use the number in the answer.",
        )
    return [found[pk] for pk in ids if found[pk].entry_id is None]


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
    with acting_in(by, "log.edited", entry.incident, only_log=entry.kind in _ONLY_THE_LOG_SHOWS) as (made, _):
        row = locked(LogEntry.objects.select_related("incident")).get(pk=entry.pk)
        new_text = row.text if text is None else checked_text(text, field="text", what="The entry")
        new_at = row.at if at is None else checked_past(at)
        if (new_text, new_at) != (row.text, row.at):
            made.history(LogRevision(entry=row, text=row.text, at=row.at, replaced_at=made.at, replaced_by=by.person))
            row.text, row.at, row.edited_at, row.changed_at = new_text, new_at, made.at, made.at
            row.save(update_fields=["text", "at", "edited_at", "changed_at"])
            tell_mentioned(by, row, made)
            made.note(entry=row.pk)
    return row


def set_standing(by: Actor, entry: LogEntry, standing: str, *, why: str = "") -> LogEntry:
    """Say how a hypothesis stands (whoever says “being tested” tests it), or that a question is answered or no longer
    asked. ``why`` is written under it.

    :raises Refused: neither a hypothesis nor a question, or a word that does not fit it.
    """
    if entry.kind not in STANDINGS:
        raise Refused(
            "Only a hypothesis or a question can stand or fall.",
            field="entry",
            value=entry.pk,
            fix="Choose a hypothesis or a question.",
        )
    chosen(standing, STANDINGS[entry.kind], "standing", field="standing")
    with acting_in(by, "hypothesis.judged" if entry.kind == "hypothesis" else "question.closed", entry.incident) as (
        made,
        incident,
    ):
        row = locked(LogEntry.objects.all()).get(pk=entry.pk)
        if row.standing != standing:
            row.standing, row.changed_at = standing, made.at
            row.tester = by.person if standing == LogEntry.Standing.TESTING else row.tester
            row.save(update_fields=["standing", "tester", "changed_at"])
            word = LogEntry.Standing(standing).label.lower()
            write_system(
                incident,
                f"{row.kind}.standing",
                f"{by.name}: {row.kind} {word}: {row}",
                {"entry": row.pk, "standing": standing},
                made.at,
                by=by,
            )
        if why.strip():
            LogEntry.objects.create(
                incident=incident, kind=LogEntry.Kind.RESULT, text=checked_text(why, field="text", what="The reason"),
                author=by.person, at=made.at, written_at=made.at, changed_at=made.at, parent=row,
            )  # fmt: skip
    return row


def answer_question(by: Actor, question: LogEntry, text: str, *, client_key: str = "") -> LogEntry:
    """Answer a question: the answer is a note under it.

    :raises Refused: it is no question, or nothing is said.
    """
    if question.kind != LogEntry.Kind.QUESTION:
        raise Refused("That is not a question.", field="entry", value=question.pk, fix="Choose a question.")
    with acting_in(by, "question.answered", question.incident) as (made, incident):
        entry = log(by, incident, LogEntry.Kind.NOTE, text, parent=question, client_key=client_key)
        LogEntry.objects.filter(pk=question.pk).update(standing=LogEntry.Standing.ANSWERED, changed_at=made.at)
        made.note(question=question.pk)
    return entry


def pin(by: Actor, entry: LogEntry, pinned: bool = True) -> LogEntry:
    """Mark an entry for the postmortem, or take the mark back."""
    with acting_in(by, "log.pinned" if pinned else "log.unpinned", entry.incident, only_log=True) as (made, _):
        row = locked(LogEntry.objects.all()).get(pk=entry.pk)
        if pinned and not row.pinned:
            following.tell_of_pin(row, by)
        row.pinned, row.changed_at = pinned, made.at
        row.save(update_fields=["pinned", "changed_at"])
    return row
