"""Shift changes over the API."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Query, Router

from ...api.auth import actor_of
from ...api.lists import Page
from ...api.pages import Cursor, Limit, page
from ...kernel import clock
from .. import commands, queries
from ..schemas import HandoffNoteIn, HandoffOut
from ..views import telling

router = Router(tags=["On call"])


@router.get("/hand-offs", response=Page[HandoffOut], summary="Hand-offs")
def list_handoffs(
    request: HttpRequest,
    schedule: str | None = Query(None, description="Slug; left out: of all."),
    mine: bool = Query(False, description="Only those that you have to do with now; not paged."),
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[HandoffOut]:
    """The latest first; the one that lies ahead is among them."""
    by = actor_of(request)
    if mine:
        return Page[HandoffOut](
            items=[HandoffOut.of(row) for row in queries.handoffs_of(by, clock.now())], next_cursor=None
        )
    rows = queries.handoffs_visible_to(by)
    rows = rows.filter(schedule=queries.schedule_by(by, schedule)) if schedule else rows
    items, following = page(rows, cursor=cursor, limit=limit, key="-at")
    return Page[HandoffOut](items=[HandoffOut.of(row) for row in items], next_cursor=following)


@router.get("/hand-offs/{int:id}", response=HandoffOut, summary="Read a hand-off")
def get_handoff(request: HttpRequest, id: int) -> HandoffOut:
    """The report, the note, and whether pages would reach who comes."""
    return HandoffOut.of(queries.handoff_for(actor_of(request), id))


@router.put("/hand-offs/{int:id}/note", response=HandoffOut, summary="Leave a note for the next person")
def put_handoff_note(request: HttpRequest, id: int, body: HandoffNoteIn) -> HandoffOut:
    """For whoever goes off call, and for responders of the team. Whoever has come on call already is told."""
    by = actor_of(request)
    return HandoffOut.of(telling.note(by, queries.handoff_for(by, id), body.note))


@router.post("/hand-offs/{int:id}/acknowledge", response=HandoffOut, summary="Say that you have read a hand-off")
def acknowledge_handoff(request: HttpRequest, id: int) -> HandoffOut:
    """For whoever came on call; a second time changes nothing."""
    by = actor_of(request)
    return HandoffOut.of(commands.acknowledge_handoff(by, queries.handoff_for(by, id)))
