"""The API of chat workspaces."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router, Status

from ..accounts.queries import team_by
from ..api.auth import actor_of
from ..api.lists import Page
from ..api.pages import Cursor, Limit, page
from ..kernel.errors import WatchroomError
from . import commands, queries
from .models import Workspace
from .schemas import WorkspaceIn, WorkspaceOut, WorkspaceTriedOut

router = Router(tags=["Chats"])


def _save(request: HttpRequest, row: Workspace | None, body: WorkspaceIn) -> WorkspaceOut:
    saved = commands.save_workspace(
        actor_of(request),
        row,
        team=team_by(body.team) if body.team else None,
        kind=body.kind,
        name=body.name,
        slug=body.slug,
        settings=dict(body.settings),
    )
    return WorkspaceOut.of(saved)


@router.get("/workspaces", response=Page[WorkspaceOut], summary="List chat workspaces")
def list_workspaces(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Page[WorkspaceOut]:
    """Without their secrets."""
    rows, more = page(queries.visible_to(actor_of(request)), cursor=cursor, limit=limit, key="id")
    return Page(items=[WorkspaceOut.of(row) for row in rows], next_cursor=more)


@router.post("/workspaces", response={201: WorkspaceOut}, summary="Connect a chat")
def create_workspace(request: HttpRequest, body: WorkspaceIn) -> Status[WorkspaceOut]:
    """Nothing is asked yet; see `/workspaces/{slug}/try`."""
    return Status(201, _save(request, None, body))


@router.get("/workspaces/{slug}", response=WorkspaceOut, summary="One chat workspace")
def get_workspace(request: HttpRequest, slug: str) -> WorkspaceOut:
    """Without its secrets."""
    return WorkspaceOut.of(queries.workspace_by(actor_of(request), slug))


@router.put("/workspaces/{slug}", response=WorkspaceOut, summary="Change a chat workspace")
def change_workspace(request: HttpRequest, slug: str, body: WorkspaceIn) -> WorkspaceOut:
    """With a new address, secrets must be given again."""
    return _save(request, queries.workspace_by(actor_of(request), slug), body)


@router.delete("/workspaces/{slug}", response={204: None}, summary="Delete a chat workspace")
def delete_workspace(request: HttpRequest, slug: str) -> Status[None]:
    """Refused while a step of a policy posts in it."""
    by = actor_of(request)
    commands.delete_workspace(by, queries.workspace_by(by, slug))
    return Status(204, None)


@router.post("/workspaces/{slug}/try", response=WorkspaceTriedOut, summary="Try a chat workspace")
def try_workspace(request: HttpRequest, slug: str) -> WorkspaceTriedOut:
    """Asks the product who we are, and sets up what it needs to send answers."""
    by = actor_of(request)
    row = queries.workspace_by(by, slug)
    by.require(queries.needed_for(row), row.team)
    try:
        return WorkspaceTriedOut(ok=True, text=commands.try_workspace(by, row))
    except WatchroomError as error:
        return WorkspaceTriedOut(ok=False, text=str(error))
