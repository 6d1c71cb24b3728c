"""The debrief: what those who took part say, action items from it, and sharing it with the team. It is about the response,
never about who was how good."""

from __future__ import annotations

from datetime import date

from ...accounts.actors import Actor
from ...accounts.models import Membership, Person
from ...accounts.roles import Action
from ...actions.commands import create
from ...actions.models import ActionItem
from ...kernel.checks import chosen
from ...kernel.db import locked
from ...kernel.errors import Conflict, NotFound, Refused
from .. import queries
from ..models import Drill, DrillNote
from ._shared import must_be, running, tell


def _needs(by: Actor, drill: Drill) -> Action:
    """Who took part or facilitated, and who responds for the team."""
    own = by.person is not None and drill.facilitator_id == by.person.pk
    return Action.DECLARE if own or queries.takes_part(by, drill) else Action.RESPOND


def add_note(by: Actor, drill: Drill, kind: str, text: str) -> DrillNote:
    """Say what went well, or what to mend.

    :raises Refused: it says nothing.
    :raises Conflict: the drill has not ended.
    """
    text = text.strip()
    chosen(kind, DrillNote.Kind.values, "kind of note", field="kind")
    if not text or len(text) > 1000:
        raise Refused("Say something, in at most 1000 letters.", field="text", value=text[:40], fix="Write what happened, not who was at fault.")  # fmt: skip
    with running(by, "drill.noted", drill, needs=_needs(by, drill)) as (made, row):
        must_be(row, Drill.State.ENDED)
        note = DrillNote(drill=row, kind=kind, text=text, at=made.at, by=by.person)
        made.history(note)
    return note


def remove_note(by: Actor, note: DrillNote) -> None:
    """Take back what one has said; whoever runs the drill may for others."""
    own = by.person is not None and note.by_id == by.person.pk
    needs = Action.DECLARE if own or queries.runs(by, note.drill) else Action.MANAGE
    with running(by, "drill.note_removed", note.drill, needs=needs) as (made, _):
        made.note(kind=note.kind)
        note.delete()


def action_from_note(by: Actor, note: DrillNote, *, title: str, owner: Person, due_on: date) -> ActionItem:
    """Make an action item of what is to be mended, owned and dated.

    :raises Refused: what the action item is refused for.
    :raises Conflict: there is one already.
    """
    with running(by, "drill.action_made", note.drill, needs=_needs(by, note.drill)) as (made, row):
        found = locked(DrillNote.objects.filter(pk=note.pk)).first()
        if found is None:
            raise NotFound("There is no such note.", field="note", value=note.pk)
        if found.action_id is not None:
            raise Conflict("There is an action item already.", field="note", value=note.pk, fix=f"See /actions/{found.action_id}.")  # fmt: skip
        item = create(
            by, incident=None, title=title or found.text[:200], owner=owner, due_on=due_on, kind="process",
            description=f"From the debrief of a drill: /drills/{row.pk}/debrief\n\n{found.text}", team=row.team,
        )  # fmt: skip
        found.action = item
        found.save(update_fields=["action"])
        made.note(action=item.pk)
    note.action = item
    return item


def delete_drill(by: Actor, drill: Drill) -> None:
    """Delete a practice with its debrief; what was done in it, its room and its action items stay.

    :raises Conflict: it has neither ended nor been called off.
    """
    with running(by, "drill.deleted", drill, needs=Action.ADMINISTER) as (made, row):
        must_be(row, Drill.State.ENDED, Drill.State.CALLED_OFF)
        made.note(scenario=row.scenario.slug, team=row.team.slug)
        made.subject = None
        row.delete()


def share(by: Actor, drill: Drill) -> Drill:
    """Tell the whole team where the debrief is.

    :raises Conflict: the drill has not ended.
    """
    with running(by, "drill.shared", drill, needs=_needs(by, drill)) as (made, row):
        must_be(row, Drill.State.ENDED)
        row.shared_at = made.at
        row.save(update_fields=["shared_at"])
        members = Membership.objects.filter(team=row.team, person__is_active=True).select_related("person")
        people = [each.person for each in members if by.person is None or each.person_id != by.person.pk]
        body = (
            f"{row.team} practised “{row.plan.get('name', row.scenario.name)}”. Read what went well and what to mend."
        )
        tell(row, people, f"Debrief of a drill: {row.scenario}", body, once=f"shared:{made.at.isoformat()}", path=f"/drills/{row.pk}/debrief")  # fmt: skip
    return row
