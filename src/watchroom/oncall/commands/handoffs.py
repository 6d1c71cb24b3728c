"""What people do at a shift change: leave a note, and say that it was read."""

from __future__ import annotations

from ...accounts.actors import Actor
from ...accounts.changes import Change, change
from ...accounts.roles import Action
from ...kernel.db import locked
from ...kernel.errors import Conflict, NotAllowed, Refused
from ..models import Handoff, Schedule

LONGEST_NOTE = 10_000


def look_again(made: Change, schedule: int | None) -> None:
    """Who is on call may have changed: have the engine look at the shift changes of this schedule now."""
    if schedule:
        Schedule.objects.filter(pk=schedule, handoff_due_at__gt=made.at).update(handoff_due_at=made.at)
        made.due()


def note_handoff(by: Actor, handoff: Handoff, text: str) -> Handoff:
    """What the outgoing person wants the next one to know; an empty text takes it away. For them, and for responders of the
    team.

    :raises Refused: it is too long.
    """
    text = text.strip()
    if len(text) > LONGEST_NOTE:
        raise Refused(
            "That note is too long.", field="note", value=len(text), fix=f"Use {LONGEST_NOTE} characters at most."
        )
    schedule = handoff.schedule
    own = by.person is not None and handoff.outgoing.filter(pk=by.person.pk).exists()
    needs = Action.SEE if own else Action.RESPOND
    with change(by, "handoff.noted", schedule, needs=needs, team=schedule.team_id) as made:
        row = locked(Handoff.objects.filter(pk=handoff.pk)).get()
        row.note, row.note_by, row.note_at = text, by.person if text else None, made.at if text else None
        row.save(update_fields=["note", "note_by", "note_at"])
        made.note(handoff=row.pk, at=row.at.isoformat())
        made.touch(f"handoff:{row.pk}")
    handoff.refresh_from_db()
    return handoff


def acknowledge_handoff(by: Actor, handoff: Handoff) -> Handoff:
    """The incoming person has read it; a second time changes nothing.

    :raises NotAllowed: ``by`` is not one of those who came on call.
    :raises Conflict: it lies ahead.
    """
    schedule = handoff.schedule
    if by.person is None or not handoff.incoming.filter(pk=by.person.pk).exists():
        raise NotAllowed("Only somebody who came on call can say so.", fix="Ask them to read it.")
    with change(by, "handoff.acknowledged", schedule, needs=Action.SEE, team=schedule.team_id) as made:
        row = locked(Handoff.objects.filter(pk=handoff.pk)).get()
        if row.written_at is None:
            raise Conflict("This hand-off lies ahead.", field="handoff", value=row.pk, fix="Come back when it begins.")
        if row.acknowledged_at is None:
            row.acknowledged_by, row.acknowledged_at = by.person, made.at
            row.save(update_fields=["acknowledged_by", "acknowledged_at"])
        made.note(handoff=row.pk, at=row.at.isoformat())
        made.touch(f"handoff:{row.pk}", *(f"person:{each.pk}" for each in row.outgoing.all()))
    handoff.refresh_from_db()
    return handoff
