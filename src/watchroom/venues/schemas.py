"""What the API of venues takes and gives."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Field, Schema

from ..bridges.base import Bridge as Plugin
from ..kernel.plugins import all_of
from .commands import GROUP
from .models import Bridge, Venue, VenuePlan


class BridgeIn(Schema):
    """What opens calls. A secret that is left out stays what it is while the addresses stay the same."""

    name: str
    slug: str = Field("", description="Left out, it is made of the name.")
    team: str | None = Field(None, description="Slug; null: everybody's, which takes an administrator.")
    kind: str = Field(description="jitsi, zoom, meet, or an installed one.")
    settings: dict[str, str] = Field(description="What its kind asks for: url, account_id, key, …")


class BridgeOut(Schema):
    slug: str
    name: str
    team: str | None
    kind: str
    settings: dict[str, Any] = Field(description="Without secrets.")
    secrets_set: list[str]

    @staticmethod
    def of(row: Bridge) -> BridgeOut:
        plugin: Plugin | None = all_of(GROUP).get(row.kind)
        secret = {each.name for each in plugin.fields if each.secret} if plugin else set(row.settings)
        return BridgeOut(
            slug=row.slug,
            name=row.name,
            team=row.team.slug if row.team else None,
            kind=row.kind,
            settings={name: value for name, value in row.settings.items() if name not in secret},
            secrets_set=sorted(name for name in secret if row.settings.get(name)),
        )


class VenuePlanIn(Schema):
    """Where people of an incident meet, and for which incidents that is made by itself."""

    name: str
    slug: str = Field("", description="Left out, it is made of the name.")
    team: str | None = Field(None, description="Slug; null: for everybody's incidents.")
    workspace: str | None = Field(None, description="Slug of a chat workspace in which a channel is made.")
    bridge: str | None = Field(None, description="Slug of a bridge by which a call is opened.")
    least_severity: int = Field(2, ge=0, le=5, description="By itself from SEV1 up to this one; 0: when asked for.")
    types: list[str] = Field([], description="Slugs of incident types; empty: all.")
    private: bool = Field(False, description="By itself also for private incidents.")
    drills: bool = Field(False, description="By itself also for drills.")


class VenuePlanOut(VenuePlanIn):
    @staticmethod
    def of(row: VenuePlan) -> VenuePlanOut:
        return VenuePlanOut(
            slug=row.slug,
            name=row.name,
            team=row.team.slug if row.team else None,
            workspace=row.workspace.slug if row.workspace else None,
            bridge=row.bridge.slug if row.bridge else None,
            least_severity=row.least_severity,
            types=row.types,
            private=row.private,
            drills=row.drills,
        )


class VenueIn(Schema):
    kind: str = Field(description="chat: a channel; call: a call.")


class VenueOut(Schema):
    """A channel or a call of an incident."""

    id: int
    kind: str
    state: str = Field(description="asked, open, failed or closed.")
    name: str
    url: str
    error: str
    asked_at: datetime
    opened_at: datetime | None
    tried_again_at: datetime | None

    @staticmethod
    def of(row: Venue) -> VenueOut:
        same = ("kind", "state", "name", "url", "error", "asked_at", "opened_at")
        again = row.due_at if row.error else None
        return VenueOut(id=row.pk, tried_again_at=again, **{name: getattr(row, name) for name in same})


class BridgeTriedOut(Schema):
    ok: bool
    text: str = Field(description="What was answered, or why it does not work.")
