"""The delivery log over the API, and why a phone did not ring."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from ninja import Router

from ...accounts.queries import person_by
from ...api.auth import actor_of
from ...api.lists import Page
from ...api.pages import Cursor, Limit, page
from ...kernel import clock
from ...kernel.times import Instant
from ..queries import delivery_log
from ..schemas.deliveries import NotificationOut, QuietReasonOut
from ..silence import why_quiet
from ._own import own

router = Router(tags=["Paging"])


@router.get("/notifications/why", response=list[QuietReasonOut], operation_id="why_quiet")
def get_why_quiet(
    request: HttpRequest,
    person: str = "",
    start: Instant | None = None,
    end: Instant | None = None,
) -> Any:
    """Why did my phone not ring? Of oneself or somebody whom one may ask about, in a time (by default the last day)."""
    until = end or clock.now()
    whom = person_by(person) if person else own(request)
    return why_quiet(actor_of(request), whom, start or until - timedelta(days=1), until)


@router.get("/notifications", response=Page[NotificationOut], operation_id="list_notifications")
def list_notifications(
    request: HttpRequest,
    state: str = "",
    person: str = "",
    channel: str = "",
    escalation: int | None = None,
    text: str = "",
    start: Instant | None = None,
    end: Instant | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Any:
    """The delivery log, with every attempt. ``person``: an id or an e-mail address; ``start`` and ``end``: when a message was
    made; ``text``: in its subject."""
    rows = delivery_log(
        actor_of(request),
        state=state,
        channel=channel,
        person=person_by(person).pk if person else None,
        escalation=escalation,
        text=text,
        start=start,
        end=end,
    )
    found, following = page(rows, cursor=cursor, limit=limit)
    return {"items": [NotificationOut.of(row) for row in found], "next_cursor": following}
