"""Tasks: what somebody is to do while the incident lasts."""

from __future__ import annotations

from datetime import datetime

from ...accounts.actors import Actor, acting
from ...accounts.changes import Change
from ...accounts.models import Person
from ...kernel.checks import chosen
from ...kernel.db import locked
from ...kernel.errors import Refused
from ...paging.commands import notify
from .. import queries
from ..models import Incident, LogEntry, Task
from ._shared import acting_in, checked_text, write_system

State = Task.State
_SAID = {State.OPEN: "opened", State.DOING: "is doing", State.DONE: "did", State.DROPPED: "dropped"}


def add_task(
    by: Actor,
    incident: Incident,
    text: str,
    *,
    assignee: Person | None = None,
    entry: LogEntry | None = None,
    client_key: str = "",
) -> Task:
    """Write down what is to be done, by somebody or by whoever takes it. Sent again with the same ``client_key``, it is
    one task.

    :raises Refused: no text, the assignee has left or may not see the incident, or the entry is from elsewhere.
    """
    text = checked_text(text, field="text", what="The task", most=300)
    if entry is not None and entry.incident_id != incident.pk:
        raise Refused("That entry belongs to another incident.", field="entry", value=entry.pk)
    with acting_in(by, "task.added", incident) as (made, row):
        there = Task.objects.filter(incident=row, client_key=client_key).first() if client_key else None
        if there is not None:
            made.note(repeated=True)
            return there
        _can_do(row, assignee)
        task = Task(
            incident=row, text=text, assignee=assignee, entry=entry, created_at=made.at, created_by=by.person,
            client_key=client_key,
        )  # fmt: skip
        made.history(task)
        made.note(task=task.pk)
        whom = f" for {assignee}" if assignee else ""
        _say(row, task, "task.added", f"{by.name} added a task{whom}: {text}", made.at, by)
        _tell(by, task, made)
    return task


def change_task(
    by: Actor,
    task: Task,
    *,
    state: str | None = None,
    assignee: Person | None = None,
    nobody: bool = False,
    text: str | None = None,
) -> Task:
    """Take it, give it away (``nobody`` takes it from whoever has it), say how far it is, or put its words right.
    Whoever says that they are doing a task that nobody has, has it.

    :raises Refused: an unknown state, or the assignee has left or may not see the incident.
    """
    if state is not None:
        chosen(state, State.values, "state", field="state")
    if text is not None:
        text = checked_text(text, field="text", what="The task", most=300)
    with acting_in(by, "task.changed", task.incident) as (made, incident):
        row = locked(Task.objects.select_related("assignee", "incident")).get(pk=task.pk)
        _can_do(incident, assignee)
        before = row.assignee_id
        if nobody:
            row.assignee = None
        elif assignee is not None:
            row.assignee = assignee
        elif state == State.DOING and row.assignee_id is None:
            row.assignee = by.person
        if text is not None:
            row.text = text
        moved = state is not None and state != row.state
        if moved:
            row.state = str(state)
            row.ended_at = made.at if row.state in {State.DONE, State.DROPPED} else None
        row.save()
        made.note(task=row.pk, state=row.state)
        if moved:
            type = "task.ended" if row.ended_at else "task.moved"
            _say(incident, row, type, f"{by.name} {_SAID[State(row.state)]}: {row.text}", made.at, by)
        elif row.assignee_id != before:
            whom = f"gave {row.assignee}" if row.assignee else "freed"
            _say(incident, row, "task.given", f"{by.name} {whom} the task: {row.text}", made.at, by)
        if row.assignee_id != before:
            _tell(by, row, made)
    return row


def _can_do(incident: Incident, person: Person | None) -> None:
    if person is None:
        return
    if not person.is_active:
        raise Refused(f"{person} no longer has an account.", field="assignee", value=person.pk, fix="Choose another.")
    if not queries.visible_to(acting(person)).filter(pk=incident.pk).exists():
        raise Refused(
            f"{person} may not see this incident.",
            field="assignee",
            value=person.pk,
            fix="Give them a role in it first.",
        )


def _say(incident: Incident, task: Task, type: str, text: str, at: datetime, by: Actor) -> None:
    write_system(incident, type, text, {"task": task.pk, "assignee": task.assignee_id}, at, by=by)


def _tell(by: Actor, task: Task, made: Change) -> None:
    if task.assignee is None or (by.person is not None and task.assignee_id == by.person.pk):
        return
    notify(
        task.assignee,
        purpose="reminder",
        subject=f"{by.name} gave you a task in {task.incident}"[:300],
        body=task.text,
        path=f"/incidents/{task.incident_id}#task-{task.pk}",
        reason=f"task:{task.pk}:{made.at:%Y-%m-%dT%H:%M:%S}",
        drill=task.incident.drill,
    )
