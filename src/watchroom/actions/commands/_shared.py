"""Who may change an action item, and how what happened to it is written down."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ...accounts.actors import Actor
from ...accounts.changes import Change
from ...accounts.changes import change as changing
from ...accounts.models import Person
from ...accounts.roles import Action
from ...incidents import queries as incidents
from ...incidents.models import Incident, RoleAssignment
from ...kernel.db import locked
from ...kernel.errors import Conflict, NotFound
from ..models import ActionEvent, ActionItem


def needed(by: Actor, incident: Incident | None, owner: Person | None) -> Action:
    """A responder of its team may change it; so may its owner, and who may act in its incident."""
    if by.person is None or by.is_system:
        return Action.RESPOND
    if owner is not None and owner.pk == by.person.pk:
        return Action.DECLARE
    if incident is None:
        return Action.RESPOND
    if not incidents.visible_to(by).filter(pk=incident.pk).exists():
        raise NotFound(f"There is no incident #{incident.pk}.", field="incident", value=incident.pk)
    held = RoleAssignment.objects.filter(incident=incident, person=by.person, ended_at__isnull=True)
    return incidents.needed_to_act(by, incident, holds=held.exists())


@contextmanager
def acting_on(by: Actor, action: str, item: ActionItem) -> Iterator[tuple[Change, ActionItem]]:
    needs = needed(by, item.incident, item.owner)
    with changing(by, action, item, needs=needs, team=item.team) as made:
        rows = ActionItem.objects.select_related("owner", "team", "incident__team")
        row = locked(rows).filter(pk=item.pk).first()
        if row is None:
            raise NotFound(f"There is no action item {item.pk}.", field="action_item", value=item.pk)
        made.subject = row
        yield made, row


def say(made: Change, item: ActionItem, kind: str, text: str = "") -> None:
    made.history(ActionEvent(action=item, at=made.at, kind=kind, person=made.by.person, text=text[:500]))
    made.touch(f"action:{item.pk}", "actions", *([f"incident:{item.incident_id}"] if item.incident_id else []))
    made.due()


def must_be_open(item: ActionItem) -> None:
    if not item.is_open:
        raise Conflict(
            f"This action item has ended: it is {item.get_state_display().lower()}.",
            field="state",
            value=item.state,
            fix="Reopen it first.",
        )
