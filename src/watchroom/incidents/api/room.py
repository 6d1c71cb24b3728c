"""The room: what one has to know, what is typed into it, tasks, the parking lot, the board, and files."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router, Status

from ...accounts.queries import person_by
from ...actions import commands as actions
from ...api.auth import actor_of
from ...kernel import clock
from ...kernel.errors import Refused
from ...kernel.times import instant
from ...live.tokens import token
from .. import commands, queries
from ..views._catching_up import catch_up_for
from ..views._room import board_of
from ..views._saying import say, words
from ..views.attachments import given_out, received
from .room_schemas import (
    AttachmentOut,
    CatchUpOut,
    ColumnOut,
    LiveOut,
    ParkedIn,
    ParkedOut,
    ParkedUpIn,
    SaidOut,
    SayIn,
    TaskIn,
    TaskOut,
    TaskPatch,
    WordsOut,
)
from .schemas import EntryOut, WordingIn, WordingOut

router = Router(tags=["Rooms of incidents"])


@router.get("/incidents/{int:id}/catch-up", response=CatchUpOut, summary="Catch up")
def get_catch_up(
    request: HttpRequest,
    id: int,
    since: str = Query("", description="start, a time (RFC 3339), or empty: since you last looked."),
) -> CatchUpOut:
    """The state of things, who does what, what was tried, what is open, and what was new. Asking counts as looking."""
    by = actor_of(request)
    incident = queries.incident_for(by, id)
    last = commands.looked(by, incident)
    at: datetime | None
    if since and since != "start":
        if (at := instant(since)) is None:
            raise Refused("That is not a time.", field="since", value=since, fix="Use start, or 2026-03-02T09:00:00Z.")
    else:
        at = None if since == "start" else last
    return CatchUpOut.of(id, catch_up_for(incident, clock.now(), at))


@router.post("/incidents/{int:id}/say", response={201: SaidOut}, summary="Type a line into the room")
def say_line(request: HttpRequest, id: int, body: SayIn) -> Status[SaidOut]:
    """A line of the log, or a /-command, as in the composer of the page. With a ``client_key`` it is done once."""
    by = actor_of(request)
    incident = queries.incident_for(by, id)
    answer = say(
        by,
        incident,
        body.text,
        kind=body.kind,
        at=body.at,
        parent=queries.entry_for(by, body.parent) if body.parent else None,
        attachments=body.attachments,
        client_key=body.client_key,
    )
    entry = EntryOut.of(queries.entry_for(by, answer.entry.pk)) if answer.entry else None
    return Status(201, SaidOut(text=answer.text, entry=entry, wording=WordingOut.of(body.text)))


@router.post(
    "/wording", response=list[WordingOut], operation_id="check_wording", summary="Look at words before sending"
)
def check_wording(request: HttpRequest, body: WordingIn) -> list[WordingOut]:
    """Which of these words ask who, not what, and how that could read instead. Nothing is kept, and nobody else sees it."""
    return WordingOut.of(body.text)


@router.get("/incidents/{int:id}/words", response=WordsOut, summary="What completes")
def list_words(request: HttpRequest, id: int) -> dict[str, Any]:
    """The /-commands with what they do, and how people are @mentioned."""
    queries.incident_for(actor_of(request), id)
    return words()


@router.get("/incidents/{int:id}/live", response=LiveOut, summary="Where to listen")
def get_live_address(request: HttpRequest, id: int) -> LiveOut:
    """An address of server-sent events that say when something moved in this incident; what, one asks for as ever."""
    by = actor_of(request)
    incident = queries.incident_for(by, id)
    topics = [f"incident:{incident.pk}", f"incident:{incident.pk}:log"]
    return LiveOut(path=f"/live?token={token(by.person.pk if by.person else 0, topics)}", topics=topics)


@router.get("/incidents/{int:id}/board", response=list[ColumnOut], summary="The investigation board")
def get_board(request: HttpRequest, id: int) -> list[ColumnOut]:
    """Hypotheses by how they stand, each with the actions and results under it."""
    return [ColumnOut.of(each) for each in board_of(queries.ideas_of(queries.incident_for(actor_of(request), id)))]


@router.get("/incidents/{int:id}/tasks", response=list[TaskOut], summary="Tasks")
def list_tasks(request: HttpRequest, id: int) -> list[TaskOut]:
    """Those that are open first."""
    return [TaskOut.of(task) for task in queries.tasks_of(queries.incident_for(actor_of(request), id))]


@router.post("/incidents/{int:id}/tasks", response={201: TaskOut}, summary="Add a task")
def add_task(request: HttpRequest, id: int, body: TaskIn) -> Status[TaskOut]:
    """Whoever gets it from somebody else is told."""
    by = actor_of(request)
    task = commands.add_task(
        by,
        queries.incident_for(by, id),
        body.text,
        assignee=person_by(body.assignee) if body.assignee else None,
        entry=queries.entry_for(by, body.entry) if body.entry else None,
        client_key=body.client_key,
    )
    return Status(201, TaskOut.of(queries.task_for(by, task.pk)))


@router.patch("/tasks/{int:id}", response=TaskOut, summary="Change a task")
def change_task(request: HttpRequest, id: int, body: TaskPatch) -> TaskOut:
    """State, assignee (null takes it from whoever has it) and words."""
    by = actor_of(request)
    task = queries.task_for(by, id)
    given = body.model_dump(exclude_unset=True)
    commands.change_task(
        by,
        task,
        state=body.state,
        assignee=person_by(body.assignee) if body.assignee else None,
        nobody="assignee" in given and body.assignee is None,
        text=body.text,
    )
    return TaskOut.of(queries.task_for(by, id))


@router.get("/incidents/{int:id}/parking", response=list[ParkedOut], summary="The parking lot")
def list_parking(request: HttpRequest, id: int) -> list[ParkedOut]:
    """What was noticed and is not this incident, and what became of it."""
    return [ParkedOut.of(item) for item in queries.parked_in(queries.incident_for(actor_of(request), id))]


@router.post("/incidents/{int:id}/parking", response={201: ParkedOut}, summary="Park something")
def park_thing(request: HttpRequest, id: int, body: ParkedIn) -> Status[ParkedOut]:
    """It waits until the incident is over."""
    by = actor_of(request)
    entry = queries.entry_for(by, body.entry) if body.entry else None
    item = commands.park(by, queries.incident_for(by, id), body.text, entry=entry, client_key=body.client_key)
    return Status(201, ParkedOut.of(item))


@router.post("/parking/{int:id}/take-up", response=ParkedOut, summary="Make it an action item")
def take_up_parked(request: HttpRequest, id: int, body: ParkedUpIn) -> ParkedOut:
    """Both at once: the action item is there, and it is parked no more."""
    by = actor_of(request)
    item = queries.parked_for(by, id)
    owner = person_by(body.owner) if body.owner else by.person
    if owner is None:
        raise Refused("Name an owner.", field="owner", value=None, fix="Give an id or an e-mail address.")
    with transaction.atomic():
        action = actions.create(
            by,
            incident=item.incident,
            title=body.title or item.text[:200],
            owner=owner,
            due_on=body.due_on or (timezone.localtime(clock.now()) + timedelta(days=14)).date(),
            description=f"Parked during the incident: {item.text}",
        )
        left = commands.leave_parking(by, item, became=f"/actions/{action.pk}")
    return ParkedOut.of(left)


@router.delete("/parking/{int:id}", response={204: None}, summary="Drop what was parked")
def drop_parked(request: HttpRequest, id: int) -> Status[None]:
    """It is not needed any more."""
    by = actor_of(request)
    commands.leave_parking(by, queries.parked_for(by, id))
    return Status(204, None)


@router.post("/incidents/{int:id}/attachments", response={201: AttachmentOut}, summary="Send a file")
def attach_file(request: HttpRequest, id: int, name: str = Query("", max_length=200)) -> Status[AttachmentOut]:
    """The body is the file as it is (10 MB at most; images, text, PDF, ZIP, gzip). Name its id in ``attachments`` of the
    entry that it belongs to, within a day."""
    by = actor_of(request)
    return Status(201, AttachmentOut.of(received(by, queries.incident_for(by, id), request)))


@router.get("/attachments/{int:id}", summary="A file of the log")
def get_attachment(request: HttpRequest, id: int) -> HttpResponse:
    """The file as it is."""
    return given_out(queries.attachment_for(actor_of(request), id))
