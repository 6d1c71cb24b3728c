"""Which messages of an incident's channel are marked: pinned, or given the reaction for the log. Each is taken once."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from ..accounts.actors import SYSTEM
from ..chat.answering import acting_for, whose
from ..incidents.commands import source_marked
from ..kernel import clock, wake
from ..kernel.db import announce, locked
from ..workspaces.base import PIN, Heard
from ..workspaces.models import Workspace
from . import queries, rules
from .models import Taken, Venue


def noted(workspace: Workspace, heard: Heard) -> None:
    """What a product tells. What is marked elsewhere than in the channel of an incident is none of our business."""
    place = heard.message.place if heard.message else ""
    rows = Venue.objects.filter(workspace=workspace, room=place, kind=Venue.Kind.CHAT).exclude(room="")
    venue = rows.select_related("incident__team").order_by("-id").first()
    if venue is None or heard.message is None:
        return
    if heard.kind == "mark":
        with_marks(venue, heard.message.message, add={heard.key: heard.user})
    elif heard.kind == "unmark":
        _unmark(venue, heard)
    elif heard.kind == "pins":
        _pins(venue, heard)


def _unmark(venue: Venue, heard: Heard) -> None:
    assert heard.message is not None
    number = heard.message.message
    for row in Taken.objects.filter(venue=venue, **({"message": number} if number else {})):
        if heard.key in row.marks:
            with_marks(venue, row.message, remove={heard.key}, user=heard.user)


def _pins(venue: Venue, heard: Heard) -> None:
    before = {row.message for row in Taken.objects.filter(venue=venue) if PIN in row.marks}
    for number in heard.pins:
        if number not in before:
            with_marks(venue, number, add={PIN: heard.user})
    for number in sorted(before - set(heard.pins)):
        with_marks(venue, number, remove={PIN}, user=heard.user)


def exactly(venue: Venue, message: str, marks: Mapping[str, str]) -> None:
    """A message has these marks and no others."""
    row = Taken.objects.filter(venue=venue, message=message).first()
    if row is None and not marks:
        return
    before = set(row.marks) if row else set()
    if before != set(marks):
        with_marks(venue, message, add=marks, remove=before - set(marks))


def with_marks(
    venue: Venue, message: str, *, add: Mapping[str, str] | None = None, remove: set[str] | None = None, user: str = ""
) -> None:
    """Give a message marks, or take them away: with the first one it is on its way into the log; when the last one goes, its
    line says so, and what has not been written yet is not written. A mark that is new has it tried again, unless its author
    took it back. ``user``: who took them away."""
    with transaction.atomic():
        if add:
            Taken.objects.get_or_create(venue=venue, message=message[:250])
        row = locked(Taken.objects.filter(venue=venue, message=message[:250])).select_related("entry__incident").first()
        if row is None:
            return
        before, had = bool(row.marks), dict(row.marks)
        row.marks = {name: who for name, who in {**row.marks, **(add or {})}.items() if name not in (remove or set())}
        if row.entry is not None and bool(row.marks) != before:
            person = whose(venue.workspace, user) if venue.workspace and user else None
            by = acting_for(person, venue.workspace) if person and venue.workspace else SYSTEM
            # What the chat shows is so, whoever did it: one who may not act here is only not named for it.
            allowed = queries.may_act(by, row.entry.incident)
            source_marked(by if allowed else SYSTEM, row.entry, bool(row.marks))
        elif row.entry is None and row.due_at is None and _is_new(row.marks, had) and row.error != rules.DROPPED:
            # Also one more: whoever made those before may have been refused.
            row.due_at, row.tries, row.error = clock.now(), 0, ""
            announce({wake.DUE})
        elif row.entry is None and not row.marks:
            row.due_at = None
        row.save()


def _is_new(marks: Mapping[str, str], had: Mapping[str, str]) -> bool:
    return any(had.get(name) != who for name, who in marks.items())
