"""What the API of webhooks takes and gives."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Field, Schema

from ..kernel.times import Instant
from .models import Dispatch, Webhook
from .sending import payload


class WebhookIn(Schema):
    """An address that is told of events. Without a secret one is made; another address gets a new one."""

    name: str
    slug: str = Field("", description="Left out, it is made of the name.")
    team: str | None = Field(None, description="Slug; null: it hears of everybody's, which takes an administrator.")
    url: str
    events: list[str] = Field(description="Names, beginnings such as incident.*, or * for everything.")
    private: bool = Field(False, description="Also told of private incidents.")
    drills: bool = Field(False, description="Also told of drills and tests, which are marked.")
    enabled: bool = True
    secret: str | None = Field(
        None, description="At least 16 characters; left out or null, one is made, or the old one kept."
    )


class WebhookOut(Schema):
    slug: str
    name: str
    team: str | None
    url: str
    events: list[str]
    private: bool
    drills: bool
    enabled: bool
    disabled_why: str
    owner: str | None = Field(description="E-mail address of who is told when it does not work.")
    failing_since: datetime | None
    worked_at: datetime | None
    old_secret_until: datetime | None = Field(description="Until then the secret before signs, too.")
    secret: str | None = Field(None, description="A new one, this once; null: it keeps the one that it has.")

    @staticmethod
    def of(row: Webhook, secret: str = "") -> WebhookOut:
        same = (
            "slug",
            "name",
            "events",
            "private",
            "drills",
            "enabled",
            "disabled_why",
            "failing_since",
            "worked_at",
            "old_secret_until",
        )
        return WebhookOut(
            team=row.team.slug if row.team else None,
            url=str(row.url),
            owner=row.owner.email if row.owner else None,
            secret=secret or None,
            **{name: getattr(row, name) for name in same},
        )


class WebhookDeliveryOut(Schema):
    """One event for one webhook."""

    id: int
    webhook: str
    event: str
    type: str
    about: str
    at: datetime
    state: str = Field(description="waiting, sending, sent, failed or dropped.")
    tried: int
    due_at: datetime | None
    ended_at: datetime | None
    note: str

    @staticmethod
    def facts(row: Dispatch) -> dict[str, Any]:
        same = ("state", "tried", "due_at", "ended_at", "note")
        return {
            "id": row.pk,
            "webhook": row.webhook.slug,
            "event": str(row.event.key),
            "type": row.event.type,
            "about": row.event.subject_name,
            "at": row.event.at,
            **{name: getattr(row, name) for name in same},
        }

    @staticmethod
    def of(row: Dispatch) -> WebhookDeliveryOut:
        return WebhookDeliveryOut(**WebhookDeliveryOut.facts(row))


class WebhookTryOut(Schema):
    """One try. ``ok`` null: it is under way, or was cut off."""

    number: int
    at: datetime
    ended_at: datetime | None
    ok: bool | None
    status: int | None
    detail: str


class DeliveryInFullOut(WebhookDeliveryOut):
    """With what is posted, and every try."""

    payload: dict[str, Any]
    tries: list[WebhookTryOut]

    @staticmethod
    def whole(row: Dispatch) -> DeliveryInFullOut:
        names = ("number", "at", "ended_at", "ok", "status", "detail")
        return DeliveryInFullOut(
            payload=payload(row.event),
            tries=[WebhookTryOut(**{name: getattr(each, name) for name in names}) for each in row.attempts.all()],
            **WebhookDeliveryOut.facts(row),
        )


class ReplayIn(Schema):
    """What is sent once more."""

    since: Instant = Field(description="At most 30 days ago.")
    only_failed: bool = Field(True, description="Only what did not get through.")


class WebhookReplayedOut(Schema):
    replayed: int


class SecretIn(Schema):
    overlap_hours: int = Field(
        0, ge=0, le=168, description="So long the secret before signs, too: each delivery carries both signatures."
    )


class SecretOut(Schema):
    secret: str = Field(description="Shown this once.")


class EventTypeOut(Schema):
    """A kind of event."""

    type: str
    text: str
    event_schema: dict[str, Any]
