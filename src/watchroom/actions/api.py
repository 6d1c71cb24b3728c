"""The API of action items."""

from __future__ import annotations

from datetime import date, datetime

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status

from ..accounts.queries import person_by, team_by
from ..api.auth import actor_of
from ..api.lists import Page
from ..api.pages import Cursor, Limit, page
from ..evidence.queries import connection_by
from ..incidents.queries import incident_for
from ..kernel.times import Day
from . import commands, queries
from .models import ActionItem, Issue

router = Router(tags=["Action items"])


class ActionItemIn(Schema):
    incident: int | None = Field(None, description="The incident that it comes of.")
    title: str = Field(max_length=200, description="What will be done. What can't be finished is refused.")
    owner: str = Field(description="E-mail address or id of one person.")
    due_on: Day = Field(description="Today or later, where the owner lives.")
    kind: str = Field("prevent", description="prevent, detect, mitigate or process.")
    priority: int = Field(2, description="1 (high) to 3 (low).")
    description: str = Field("", max_length=20_000, description="Markdown.")
    team: str | None = Field(None, description="Slug; without it, the incident's team.")


class ActionItemPatch(Schema):
    title: str | None = None
    owner: str | None = Field(None, description="E-mail address or id of one person.")
    due_on: Day | None = None
    kind: str | None = Field(None, description="prevent, detect, mitigate or process.")
    priority: int | None = Field(None, description="1 (high) to 3 (low).")
    description: str | None = Field(None, max_length=20_000)
    team: str | None = Field(None, description="Slug.")


class ActionNoteIn(Schema):
    note: str = Field("", max_length=500, description="What was done.")


class ReasonIn(Schema):
    reason: str = Field(max_length=500, description="Why it will not be done.")


class IssueIn(Schema):
    connection: str = Field(description="Slug of one that keeps issues.")
    issue: str | None = Field(
        None, max_length=1000, description="Address or key of one that is there already; without it, a new one is made."
    )


class IssueOut(Schema):
    connection: str | None = Field(description="Slug; null: it was deleted.")
    key: str = Field(description="What it is called there; empty: it is being made.")
    url: str
    open: bool
    looked_at: datetime | None = Field(description="When the tracker was last asked.")
    error: str = Field(description="What went wrong then; empty: nothing.")

    @staticmethod
    def of(row: Issue) -> IssueOut:
        return IssueOut(
            connection=row.connection.slug if row.connection else None,
            key=row.key,
            url=row.url,
            open=row.open,
            looked_at=row.looked_at,
            error=row.error,
        )


class OwnerOut(Schema):
    id: int
    name: str


class ActionItemOut(Schema):
    id: int
    incident: int | None
    team: str | None
    title: str
    description: str
    kind: str
    priority: int
    owner: OwnerOut
    due_on: date
    state: str = Field(description="open, doing, done or dropped.")
    overdue: bool
    created_at: datetime
    remind_at: datetime | None = Field(description="When the owner is reminded next.")
    ended_at: datetime | None
    url: str = Field(description="Its page, relative to Watchroom's address.")
    issue: IssueOut | None = Field(description="What it is in a tracker.")

    @staticmethod
    def of(row: ActionItem) -> ActionItemOut:
        return ActionItemOut(
            id=row.pk,
            incident=row.incident_id,
            team=row.team.slug if row.team else None,
            title=row.title,
            description=row.description,
            kind=row.kind,
            priority=row.priority,
            owner=OwnerOut(id=row.owner_id, name=str(row.owner)),
            due_on=row.due_on,
            state=row.state,
            overdue=queries.is_overdue(row),
            created_at=row.created_at,
            remind_at=row.remind_at,
            ended_at=row.ended_at,
            url=f"/actions/{row.pk}",
            issue=IssueOut.of(issue) if (issue := getattr(row, "issue", None)) else None,
        )


@router.get("/action-items", response=Page[ActionItemOut], summary="List action items")
def list_action_items(
    request: HttpRequest,
    show: str = Query("", description="mine, open, overdue or done; without it, all."),
    team: str = Query("", description="Slug."),
    incident: str = Query("", description="Number of an incident."),
    q: str = Query("", description="Words of the title or the description."),
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ActionItemOut]:
    """Newest first."""
    by = actor_of(request)
    filters = {"show": show, "team": team, "incident": incident, "q": q}
    items, following = page(queries.filtered(by, queries.visible_to(by), filters), cursor=cursor, limit=limit)
    return Page[ActionItemOut](items=[ActionItemOut.of(row) for row in items], next_cursor=following)


@router.post("/action-items", response={201: ActionItemOut}, summary="Write down an action item")
def create_action_item(request: HttpRequest, body: ActionItemIn) -> Status[ActionItemOut]:
    """One thing that will be done, by one person, until a day."""
    by = actor_of(request)
    item = commands.create(
        by,
        incident=incident_for(by, body.incident) if body.incident is not None else None,
        owner=person_by(body.owner),
        team=team_by(body.team) if body.team else None,
        **body.model_dump(exclude={"incident", "owner", "team"}),
    )
    return Status(201, ActionItemOut.of(item))


@router.get("/action-items/{int:id}", response=ActionItemOut, summary="Read an action item")
def get_action_item(request: HttpRequest, id: int) -> ActionItemOut:
    """One that you may see."""
    return ActionItemOut.of(queries.item_for(actor_of(request), id))


@router.patch("/action-items/{int:id}", response=ActionItemOut, summary="Change an action item")
def change_action_item(request: HttpRequest, id: int, body: ActionItemPatch) -> ActionItemOut:
    """Only what you send."""
    by = actor_of(request)
    item = commands.change(
        by,
        queries.item_for(by, id),
        owner=person_by(body.owner) if body.owner is not None else None,
        team=team_by(body.team) if body.team else None,
        **body.model_dump(exclude={"owner", "team"}, exclude_none=True),
    )
    return ActionItemOut.of(item)


@router.post("/action-items/{int:id}/start", response=ActionItemOut, summary="Start work")
def start_action_item(request: HttpRequest, id: int) -> ActionItemOut:
    """Somebody works on it."""
    by = actor_of(request)
    return ActionItemOut.of(commands.start(by, queries.item_for(by, id)))


@router.post("/action-items/{int:id}/complete", response=ActionItemOut, summary="Mark as done")
def complete_action_item(request: HttpRequest, id: int, body: ActionNoteIn | None = None) -> ActionItemOut:
    """It is done; reminders end."""
    by = actor_of(request)
    return ActionItemOut.of(commands.complete(by, queries.item_for(by, id), note=body.note if body else ""))


@router.post("/action-items/{int:id}/drop", response=ActionItemOut, summary="Drop an action item")
def drop_action_item(request: HttpRequest, id: int, body: ReasonIn) -> ActionItemOut:
    """It will not be done, for a reason."""
    by = actor_of(request)
    return ActionItemOut.of(commands.drop(by, queries.item_for(by, id), body.reason))


@router.post("/action-items/{int:id}/reopen", response=ActionItemOut, summary="Reopen an action item")
def reopen_action_item(request: HttpRequest, id: int) -> ActionItemOut:
    """It is to be done after all; reminders begin again."""
    by = actor_of(request)
    return ActionItemOut.of(commands.reopen(by, queries.item_for(by, id)))


@router.post("/action-items/{int:id}/issue", response={201: IssueOut}, summary="Make or link its issue")
def make_issue(request: HttpRequest, id: int, body: IssueIn) -> Status[IssueOut]:
    """It becomes an issue in a tracker, or is the one that is there already; from then on, done is done in both."""
    by = actor_of(request)
    item, connection = queries.item_for(by, id), connection_by(by, body.connection)
    if body.issue:
        return Status(201, IssueOut.of(commands.link_issue(by, item, connection, body.issue)))
    return Status(201, IssueOut.of(commands.make_issue(by, item, connection)))


@router.delete("/action-items/{int:id}/issue", response={204: None}, summary="Unlink its issue")
def forget_issue(request: HttpRequest, id: int) -> Status[None]:
    """The issue stays in the tracker as it is."""
    by = actor_of(request)
    commands.forget_issue(by, queries.item_for(by, id))
    return Status(204, None)


@router.post("/action-items/{int:id}/issue/look", response=IssueOut, summary="Look at its issue now")
def look_at_issue(request: HttpRequest, id: int) -> IssueOut:
    """The engine asks the tracker at once."""
    by = actor_of(request)
    return IssueOut.of(commands.look_again(by, queries.item_for(by, id)))
