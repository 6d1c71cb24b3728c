"""Integrations and their signals in the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Schema
from pydantic import Field

from ..models import Integration, Signal
from ..queries import shown_settings


class IntegrationBody(Schema):
    """An integration as it is written."""

    team: str
    name: str
    source: str = "alertmanager"
    service: str | None = None
    drill: bool = False
    rate_per_minute: int | None = None
    settings: dict[str, Any] | None = None


class SetupOut(Schema):
    """How a sender is pointed at an integration. ``YOUR-KEY`` stands for the key, which is shown only when it is made."""

    address: str
    text: str = Field(description="Markdown.")


class IntegrationOut(IntegrationBody):
    """An integration as it is read. ``key`` is there only in the answer to its creation or to a new key."""

    slug: str
    paused: bool
    last_signal_at: datetime | None
    mapping_rests: bool = Field(
        description="Its mapping took too long on several payloads in a row: what comes is kept, and read when it works."
    )
    mapping_tried_at: datetime | None = Field(description="When a mapping that rests is tried again.")
    key: str | None = None

    @classmethod
    def of(cls, row: Integration, key: str | None = None) -> IntegrationOut:
        return cls(
            slug=row.slug,
            team=row.team.slug,
            name=row.name,
            source=row.source,
            service=row.service.slug if row.service else None,
            drill=row.drill,
            rate_per_minute=row.rate_per_minute,
            settings=shown_settings(row),
            paused=row.paused,
            last_signal_at=row.last_signal_at,
            mapping_rests=row.mapping_rests,
            mapping_tried_at=row.rests_until if row.mapping_rests else None,
            key=key,
        )


class SignalOut(Schema):
    """One inbound message; its body only for those who manage the integration."""

    id: int
    received_at: datetime
    path: str
    state: str
    problems: list[dict[str, str]]
    body: str | None

    @classmethod
    def of(cls, row: Signal, with_body: bool) -> SignalOut:
        body = bytes(row.body).decode(errors="replace") if with_body else None
        return cls(
            id=row.pk, received_at=row.received_at, path=row.path, state=row.state, problems=row.problems, body=body
        )
