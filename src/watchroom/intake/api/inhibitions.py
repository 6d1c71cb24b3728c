"""Inhibition rules over the API."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field

from ...accounts.queries import team_by
from ...api.auth import actor_of
from ...api.lists import Page
from ...api.pages import Cursor, Limit, page
from .. import commands
from ..models import InhibitRule
from ..queries import inhibition_for, inhibitions_visible_to

router = Router(tags=["Silences and maintenance"])


class InhibitionBody(Schema):
    """An inhibition rule as it is written."""

    name: str
    source_matchers: list[str] = Field(description="While an alert that all of these accept fires,")
    target_matchers: list[str] = Field(description="those that all of these accept page nobody,")
    equal: list[str] = Field([], description="if both have the same values of these labels.")
    team: str | None = None


class InhibitionOut(InhibitionBody):
    """An inhibition rule as it is read."""

    id: int

    @classmethod
    def of(cls, row: InhibitRule) -> InhibitionOut:
        return cls(
            id=row.pk,
            name=row.name,
            source_matchers=row.source_matchers,
            target_matchers=row.target_matchers,
            equal=row.equal,
            team=row.team.slug if row.team else None,
        )


@router.get("/inhibit-rules", response=Page[InhibitionOut], operation_id="list_inhibit_rules")
def list_inhibitions(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:
    """Inhibition rules."""
    found, following = page(inhibitions_visible_to(actor_of(request)), cursor=cursor, limit=limit)
    return {"items": [InhibitionOut.of(row) for row in found], "next_cursor": following}


def _save_rule(request: HttpRequest, rule: InhibitRule | None, body: InhibitionBody) -> InhibitRule:
    return commands.save_inhibition(
        actor_of(request),
        rule,
        name=body.name,
        source_matchers=body.source_matchers,
        target_matchers=body.target_matchers,
        equal=body.equal,
        team=team_by(body.team) if body.team else None,
    )


@router.post("/inhibit-rules", response={201: InhibitionOut}, operation_id="create_inhibit_rule")
def create_inhibition(request: HttpRequest, body: InhibitionBody) -> Any:
    """Let some alerts hold others back."""
    return Status(201, InhibitionOut.of(_save_rule(request, None, body)))


@router.put("/inhibit-rules/{id}", response=InhibitionOut, operation_id="update_inhibit_rule")
def update_inhibition(request: HttpRequest, id: int, body: InhibitionBody) -> Any:
    """Change a rule."""
    return InhibitionOut.of(_save_rule(request, inhibition_for(actor_of(request), id), body))


@router.delete("/inhibit-rules/{id}", response={204: None}, operation_id="delete_inhibit_rule")
def delete_inhibition(request: HttpRequest, id: int) -> Any:
    """Delete a rule: what it held and still fires pages at once."""
    actor = actor_of(request)
    commands.delete_inhibition(actor, inhibition_for(actor, id))
    return Status(204, None)
