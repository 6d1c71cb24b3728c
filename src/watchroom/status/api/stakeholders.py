"""Lists of stakeholders, and what came of each message."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from ...accounts.actors import Actor
from ...accounts.queries import team_by
from ...accounts.roles import Action
from ...api.auth import actor_of
from ...api.lists import Page
from ...api.pages import Cursor, Limit, page
from ...incidents.queries import incident_for
from .. import commands
from ..models import Delivery, StakeholderList
from ..queries import list_by, lists_visible_to

router = Router(tags=["Stakeholders"])


class RecipientBody(Schema):
    """One address: either a new one, or the id of one that stays."""

    id: int | None = None
    channel: str = Field("", description="email, webhook, or another channel.")
    settings: dict[str, str] = Field({}, description="What the channel asks for; never read back.")


class RecipientOut(Schema):
    id: int
    channel: str
    description: str


class ListBody(Schema):
    """People and channels that hear every update."""

    name: str = Field(max_length=100)
    team: str = Field(description="Slug.")
    audience: str = Field("internal", description="internal, customers or executives.")
    least_severity: int = Field(3, ge=1, le=5, description="Told of SEV1 up to this one.")
    every_team: bool = Field(False, description="Of every team's incidents.")
    recipients: list[RecipientBody] | None = Field(None, description="All of them; without it all stay.")


class ListIn(ListBody):
    """A new list."""

    slug: str | None = Field(None, max_length=64)


class ListOut(Schema):
    """A list as it is read; its addresses only by who manages it."""

    slug: str
    name: str
    team: str
    audience: str
    least_severity: int
    every_team: bool
    recipients: list[RecipientOut] | None

    @classmethod
    def of(cls, row: StakeholderList, actor: Actor) -> ListOut:
        names = ("slug", "name", "audience", "least_severity", "every_team")
        rows = row.recipients.all() if actor.may(Action.MANAGE, row.team) else None
        return cls(
            team=row.team.slug,
            recipients=None
            if rows is None
            else [RecipientOut(id=each.pk, channel=each.channel, description=each.description) for each in rows],
            **{name: getattr(row, name) for name in names},
        )


class DeliveryAttemptOut(Schema):
    at: datetime
    outcome: str
    detail: str


class UpdateDeliveryOut(Schema):
    """One message to one address of a list, or to one subscriber."""

    id: int
    update: int | None
    to: str = Field(description="The list, or the page.")
    address: str = Field(description="Without what is secret of it.")
    state: str
    due_at: datetime | None
    attempts: list[DeliveryAttemptOut]

    @classmethod
    def of(cls, row: Delivery) -> UpdateDeliveryOut:
        announcement = row.announcement
        assert announcement is not None
        return cls(
            id=row.pk,
            update=announcement.update_id,
            to=str(announcement.list or announcement.page),
            address=row.recipient.description if row.recipient else row.subscriber.hint if row.subscriber else "",
            state=row.state,
            due_at=row.due_at,
            attempts=[
                DeliveryAttemptOut(at=each.at, outcome=each.outcome, detail=each.detail) for each in row.attempts.all()
            ],
        )


@router.get("/stakeholder-lists", response=Page[ListOut], operation_id="list_stakeholder_lists")
def list_lists(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:
    """Lists of stakeholders."""
    actor = actor_of(request)
    rows, following = page(lists_visible_to(actor).prefetch_related("recipients"), cursor=cursor, limit=limit)
    return {"items": [ListOut.of(row, actor) for row in rows], "next_cursor": following}


def _save(request: HttpRequest, slug: str | None, body: ListBody) -> ListOut:
    actor = actor_of(request)
    row = list_by(actor, slug) if slug else None
    said = body.model_dump() | {"team": team_by(body.team)}
    return ListOut.of(commands.save_list(actor, row, **said), actor)


@router.post("/stakeholder-lists", response={201: ListOut}, operation_id="create_stakeholder_list")
def create_list(request: HttpRequest, body: ListIn) -> Any:
    """Make a list."""
    return Status(201, _save(request, None, body))


@router.get("/stakeholder-lists/{slug}", response=ListOut, operation_id="get_stakeholder_list")
def get_list(request: HttpRequest, slug: str) -> Any:
    """One list."""
    actor = actor_of(request)
    return ListOut.of(list_by(actor, slug), actor)


@router.put("/stakeholder-lists/{slug}", response=ListOut, operation_id="change_stakeholder_list")
def change_list(request: HttpRequest, slug: str, body: ListBody) -> Any:
    """Change a list."""
    return _save(request, slug, body)


@router.delete("/stakeholder-lists/{slug}", response={204: None}, operation_id="delete_stakeholder_list")
def delete_list(request: HttpRequest, slug: str) -> Any:
    """Delete a list."""
    actor = actor_of(request)
    commands.delete_list(actor, list_by(actor, slug))
    return Status(204, None)


@router.get("/incidents/{int:id}/deliveries", response=Page[UpdateDeliveryOut], operation_id="list_update_deliveries")
def list_deliveries(request: HttpRequest, id: int, cursor: Cursor = None, limit: Limit = 50) -> Any:
    """What came of each message about an incident."""
    incident = incident_for(actor_of(request), id)
    rows = Delivery.objects.filter(announcement__update__incident=incident).select_related(
        "announcement__list", "announcement__page", "recipient", "subscriber"
    )
    found, following = page(rows.prefetch_related("attempts"), cursor=cursor, limit=limit)
    return {"items": [UpdateDeliveryOut.of(row) for row in found], "next_cursor": following}
