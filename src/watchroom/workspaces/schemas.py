"""What the API of chat workspaces takes and gives."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Field, Schema

from ..kernel.plugins import all_of
from .base import Product
from .models import Workspace
from .queries import GROUP, hook_url


class WorkspaceOut(Schema):
    """A connected chat. Secrets are never given out."""

    id: int = Field(description="What a policy's step names it by.")
    slug: str
    name: str
    team: str | None = Field(description="Slug; null: everybody's.")
    kind: str
    settings: dict[str, Any] = Field(description="Without secrets.")
    secrets_set: list[str] = Field(description="Names of the secrets that are set.")
    hook_url: str = Field(description="Where the product sends what people press and write.")
    tried_at: datetime | None
    error: str = Field(description="What went wrong the last time; empty: it answered, or was not tried.")

    @classmethod
    def of(cls, row: Workspace) -> WorkspaceOut:
        product: Product | None = all_of(GROUP).get(row.kind)
        secret = {each.name for each in product.fields if each.secret} if product else set(row.settings)
        return cls(
            id=row.pk,
            slug=row.slug,
            name=row.name,
            team=row.team.slug if row.team else None,
            kind=row.kind,
            settings={name: value for name, value in row.settings.items() if name not in secret},
            secrets_set=sorted(name for name in secret if row.settings.get(name)),
            hook_url=hook_url(row),
            tried_at=row.tried_at,
            error=row.error,
        )


class WorkspaceIn(Schema):
    """A chat to connect. A secret that is left out stays what it is while the address stays the same."""

    name: str
    team: str | None = Field(None, description="Slug; null: everybody's, which takes an administrator.")
    kind: str = Field(description="slack, mattermost, matrix, telegram, teams, or an installed one.")
    slug: str = Field("", description="Left out, it is made of the name.")
    settings: dict[str, str] = Field(description="What the product asks for: token, signing_secret, url, …")


class WorkspaceTriedOut(Schema):
    """What came of trying a workspace."""

    ok: bool
    text: str = Field(description="What the product answered, or why it could not be asked.")
