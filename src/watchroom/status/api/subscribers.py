"""Subscribers of status pages, for who manages the page. Whole addresses are never read back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema, Status

from ...accounts.roles import Action
from ...api.auth import actor_of
from ...api.lists import Page
from ...api.pages import Cursor, Limit, page
from .. import commands
from ..models import Subscriber
from ..queries import page_by, subscriber_by

router = Router(tags=["Status pages"])


class SubscriberOut(Schema):
    """Somebody who asked to be told."""

    id: int
    kind: str
    hint: str
    language: str
    state: str
    end_reason: str
    components: list[str]
    asked_at: datetime
    confirmed_at: datetime | None

    @classmethod
    def of(cls, row: Subscriber) -> SubscriberOut:
        names = ("kind", "hint", "language", "state", "end_reason", "asked_at", "confirmed_at")
        chosen = [] if row.all_components else [each.name for each in row.components.all()]
        return cls(id=row.pk, components=chosen, **{name: getattr(row, name) for name in names})


@router.get("/status-pages/{slug}/subscribers", response=Page[SubscriberOut], operation_id="list_subscribers")
def list_subscribers(request: HttpRequest, slug: str, cursor: Cursor = None, limit: Limit = 50) -> Any:
    """Who asked to be told."""
    actor = actor_of(request)
    found = page_by(actor, slug)
    actor.require(Action.MANAGE, found.team)
    rows, following = page(found.subscribers.prefetch_related("components"), cursor=cursor, limit=limit)
    return {"items": [SubscriberOut.of(row) for row in rows], "next_cursor": following}


@router.delete("/status-pages/{slug}/subscribers/{id}", response={204: None}, operation_id="remove_subscriber")
def remove_subscriber(request: HttpRequest, slug: str, id: int) -> Any:
    """Take somebody off a page; nothing of the address is kept."""
    actor = actor_of(request)
    commands.remove_subscriber(actor, subscriber_by(actor, slug, id))
    return Status(204, None)
