"""The running log."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Query, Router, Status

from ...api.auth import actor_of
from ...api.lists import Page
from ...api.pages import Cursor, Limit, page
from ...kernel.errors import Refused
from ...kernel.times import Since
from .. import commands, queries
from .schemas import EntryIn, EntryOut, EntryPatch, WordingOut, WrittenOut

router = Router(tags=["Rooms of incidents"])


@router.get("/incidents/{int:id}/log", response=Page[EntryOut], summary="The running log")
def list_log_entries(
    request: HttpRequest,
    id: int,
    kind: str = Query("", description="Only entries of this kind."),
    since: Since | None = None,
    newest: bool = Query(False, description="The newest first."),
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[EntryOut]:
    """In the order in which it was written down, so that a cursor misses nothing; ``at`` says when things happened. With
    ``since`` only what was written or changed since that time, some of it perhaps once more, the newest first."""
    incident = queries.incident_for(actor_of(request), id)
    if since is not None:
        found = queries.log_since(incident, since, limit=limit)
        if found is None:
            raise Refused("That is too much at once.", field="since", value=str(since), fix="Read the log anew.")
        return Page[EntryOut](items=[EntryOut.of(row) for row in found], next_cursor=None)
    entries = queries.log_of(incident).prefetch_related("attachments")
    items, following = page(
        (entries.filter(kind=kind) if kind else entries).order_by("id"),
        cursor=cursor,
        limit=limit,
        key="-id" if newest else "id",
    )
    return Page[EntryOut](items=[EntryOut.of(row) for row in items], next_cursor=following)


@router.post("/incidents/{int:id}/log", response={201: WrittenOut}, summary="Write into the log")
def write_log_entry(request: HttpRequest, id: int, body: EntryIn) -> Status[WrittenOut]:
    """Sent again with the same ``client_key``, it is written once. To see before anybody else whether its words blame, ask
    ``POST /wording`` first."""
    by = actor_of(request)
    incident = queries.incident_for(by, id)
    parent = queries.entry_for(by, body.parent) if body.parent else None
    entry = commands.log(
        by,
        incident,
        body.kind,
        body.text,
        at=body.at,
        parent=parent,
        attachments=body.attachments,
        client_key=body.client_key,
    )
    return Status(201, WrittenOut(**EntryOut.of(entry).model_dump(), wording=WordingOut.of(entry.text)))


@router.patch("/log/{int:id}", response=EntryOut, summary="Put an entry right")
def change_log_entry(request: HttpRequest, id: int, body: EntryPatch) -> EntryOut:
    """What it said before is kept. Also pins it, or says how a hypothesis stands."""
    by = actor_of(request)
    entry = queries.entry_for(by, id)
    if body.text is not None or body.at is not None:
        commands.edit_entry(by, entry, text=body.text, at=body.at)
    if body.standing is not None:
        commands.set_standing(by, entry, body.standing, why=body.why)
    if body.pinned is not None:
        commands.pin(by, entry, body.pinned)
    return EntryOut.of(queries.entry_for(by, id))
