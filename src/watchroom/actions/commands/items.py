"""All that changes action items."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from ...accounts.actors import SYSTEM, Actor
from ...accounts.changes import Change
from ...accounts.changes import change as changing
from ...accounts.models import Person, Team
from ...incidents.models import Incident
from ...kernel import clock
from ...kernel.db import announce, claimable
from ...kernel.errors import Conflict, Refused
from ...paging.commands import notify
from .. import queries, rules
from ..models import ActionEvent, ActionItem
from . import issues
from ._shared import acting_on, must_be_open, needed, say

State = ActionItem.State


def create(
    by: Actor,
    *,
    incident: Incident | None = None,
    title: str,
    owner: Person,
    due_on: date,
    kind: str = "prevent",
    priority: int = 2,
    description: str = "",
    team: Team | None = None,
) -> ActionItem:
    """Write down something that will be done: what, by whom and until when.

    :raises Refused: the title says nothing, the date has passed, or nobody could own it.
    """
    team = team or (incident.team if incident else None)
    title = _title(title)
    _owner(owner)
    _choice("kind", kind, ActionItem.Kind.values)
    _choice("priority", priority, ActionItem.Priority.values)
    zone = rules.zone_of(owner.timezone)
    _not_past(due_on, owner)
    needs = needed(by, incident, None)
    if incident is not None:
        by.require(needs, incident.team)
    with changing(by, "action_item.created", needs=needs, team=team) as made:
        item = ActionItem.objects.create(
            incident=incident,
            team=team,
            title=title,
            description=description.strip(),
            kind=kind,
            priority=priority,
            owner=owner,
            due_on=due_on,
            created_at=made.at,
            created_by=by.person,
            remind_at=rules.next_reminder(due_on, zone, made.at),
        )
        made.subject = item
        say(made, item, "created", f"For {owner}, due {due_on:%Y-%m-%d}")
        issues.make_by_itself(made, item)
    return item


def change(
    by: Actor,
    item: ActionItem,
    *,
    title: str | None = None,
    description: str | None = None,
    owner: Person | None = None,
    due_on: date | None = None,
    kind: str | None = None,
    priority: int | None = None,
    team: Team | None = None,
) -> ActionItem:
    """Change what is given; the rest stays.

    :raises Refused: a value is not accepted.
    :raises Conflict: it has ended.
    """
    with acting_on(by, "action_item.changed", item) as (made, row):
        must_be_open(row)
        given = {
            "title": _title(title) if title is not None else None,
            "description": description.strip() if description is not None else None,
            "owner": owner,
            "due_on": due_on,
            "kind": kind,
            "priority": priority,
            "team": team,
        }
        changed = {name: value for name, value in given.items() if value is not None and getattr(row, name) != value}
        if not changed:
            return row
        _choice("kind", kind or row.kind, ActionItem.Kind.values)
        _choice("priority", priority or row.priority, ActionItem.Priority.values)
        if "owner" in changed and owner is not None:
            _owner(owner)
        if "due_on" in changed and due_on is not None:
            _not_past(due_on, owner or row.owner)
        said = [
            name.replace("_", " ")
            if name in {"description", "title"}
            else f"{name.replace('_', ' ')}: {getattr(row, name)} → {value}"
            for name, value in changed.items()
        ]
        for name, value in changed.items():
            setattr(row, name, value)
        row.remind_at = _next(row, made)
        row.save()
        say(made, row, "changed", "; ".join(said))
    return row


def start(by: Actor, item: ActionItem) -> ActionItem:
    """Somebody works on it now.

    :raises Conflict: it is not open.
    """
    with acting_on(by, "action_item.started", item) as (made, row):
        if row.state != State.OPEN:
            raise Conflict("Only an open action item can be started.", field="state", value=row.state)
        row.state = State.DOING
        row.save(update_fields=["state"])
        say(made, row, "started")
    return row


def complete(by: Actor, item: ActionItem, *, note: str = "") -> ActionItem:
    """It is done.

    :raises Conflict: it has ended already.
    """
    return _end(by, item, State.DONE, note.strip())


def drop(by: Actor, item: ActionItem, reason: str) -> ActionItem:
    """It will not be done, for a reason.

    :raises Refused: no reason is given.
    :raises Conflict: it has ended already.
    """
    reason = reason.strip()
    if not reason:
        raise Refused("Nothing says why.", field="reason", value="", fix="Write why this will not be done.")
    return _end(by, item, State.DROPPED, reason)


def reopen(by: Actor, item: ActionItem) -> ActionItem:
    """It is to be done after all.

    :raises Conflict: it has not ended.
    """
    with acting_on(by, "action_item.reopened", item) as (made, row):
        if row.is_open:
            raise Conflict("This action item is still open.", field="state", value=row.state)
        row.state, row.ended_at = State.OPEN, None
        row.remind_at = _next(row, made)
        row.save()
        issues.keep_in_step(row, made)
        say(made, row, "reopened")
    return row


def remind_next() -> bool:
    """Remind one owner whose reminder is due, and say whether there was one. When reminders do not help, or the owner
    has left, the team's managers hear of it, too."""
    with transaction.atomic():
        now = clock.now()
        due = ActionItem.objects.filter(remind_at__lte=now).order_by("remind_at", "id")
        row = claimable(due.select_related("owner")).first()
        if row is None:
            return False
        late, owner = queries.is_overdue(row), row.owner
        managers = rules.managers_hear(late, queries.unheeded(row), owner_is_here=owner.is_active)
        told = [owner] if owner.is_active else []
        told += queries.managers_of(row) if managers else []
        row.reminders += 1
        for person in told:
            whose = "" if person == owner else f" {owner}{' owns it' if owner.is_active else ' owned it and has left'}."
            notify(
                person,
                purpose="reminder",
                urgency="low",
                subject=f"{'Overdue' if late else 'Due soon'}: {row.title}"[:200],
                body=f"{'It was' if late else 'It is'} due on {row.due_on:%A, %d %B %Y}.{whose} "
                "If the date or the plan no longer holds, change it: an honest date is worth more than a missed one.",
                path=f"/actions/{row.pk}",
                reason=f"action:{row.pk}:{row.reminders}",
            )
        left = "" if owner.is_active else f"{owner} has left. Give it to somebody else. "
        names = ", ".join(str(person) for person in told) or "Nobody"
        text = f"{left}{names} {'was' if len(told) < 2 else 'were'} reminded{', overdue' if late else ''}"
        ActionEvent.objects.create(action=row, at=now, kind="reminded", person=SYSTEM.person, text=text[:500])
        row.remind_at = rules.next_reminder(row.due_on, rules.zone_of(owner.timezone), now)
        row.save(update_fields=["reminders", "remind_at"])
        announce({f"action:{row.pk}", "actions"})
    return True


# --- What they share -------------------------------------------------------------------------------------------------


def _end(by: Actor, item: ActionItem, state: str, text: str) -> ActionItem:
    word = "completed" if state == State.DONE else "dropped"
    with acting_on(by, f"action_item.{word}", item) as (made, row):
        must_be_open(row)
        row.state, row.ended_at, row.remind_at = state, made.at, None
        row.save(update_fields=["state", "ended_at", "remind_at"])
        issues.keep_in_step(row, made)
        say(made, row, state, text)
    return row


def _next(item: ActionItem, made: Change) -> datetime:
    return rules.next_reminder(item.due_on, rules.zone_of(item.owner.timezone), made.at)


def _title(title: str) -> str:
    title = " ".join(title.split())
    found = rules.vague(title)
    if found:
        raise Refused(found[0], field="title", value=title, fix=found[1])
    return title


def _owner(owner: Person) -> None:
    if not owner.is_active:
        raise Refused(f"{owner} has left.", field="owner", value=owner.pk, fix="Name somebody who is here.")


def _not_past(due_on: date, owner: Person) -> None:
    if rules.is_overdue(due_on, rules.zone_of(owner.timezone), clock.now()):
        raise Refused(
            "That date has passed.", field="due_on", value=due_on.isoformat(), fix="Use today or a later day."
        )


def _choice(field: str, value: object, choices: list[object] | list[str] | list[int]) -> None:
    if value not in choices:
        words = ", ".join(str(each) for each in choices)
        raise Refused(f"That {field} is not accepted.", field=field, value=value, fix=f"Use one of {words}.")
