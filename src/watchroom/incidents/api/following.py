"""Following."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from ...accounts.queries import person_by, team_by
from ...api.auth import actor_of
from ...api.lists import Page
from ...api.pages import Cursor, Limit, page
from ...catalog.queries import service_by
from .. import commands, following, queries
from ..models import FollowRule, Incident
from .schemas import NamedPersonOut

router = Router(tags=["Incidents"])


class FollowerOut(Schema):
    """Somebody who follows."""

    person: NamedPersonOut
    at: datetime
    by_rule: bool
    level: str = Field(description="How much they are told: updates, important or everything.")


class FollowIn(Schema):
    """How much you want to be told."""

    level: str = Field(
        "",
        description="updates (and states), important (decisions and pinned lines, too), everything (every line); as before.",
    )


class FollowRuleBody(Schema):
    """Who follows which incidents by itself: exactly one of a person and a group."""

    person: int | str | None = Field(None, description="Id or e-mail address.")
    group: str | None = Field(None, description="Slug of a team: everybody in it.")
    least_severity: int = Field(2, ge=1, le=5, description="SEV1 up to this one.")
    team: str | None = Field(None, description="Slug: only incidents of this team.")
    service: str | None = Field(None, description="Slug: only incidents about this service.")
    type: str | None = Field(None, description="Slug: only incidents of this type.")
    level: str | None = Field(
        None,
        description="How much they are told until they say otherwise: updates, important or everything. Without it, as "
        "before; at first updates.",
    )


class FollowRuleIn(FollowRuleBody):
    """A new rule."""

    slug: str | None = Field(None, max_length=64)


class FollowRuleOut(Schema):
    """A rule as it is read."""

    slug: str
    person: NamedPersonOut | None
    group: str | None
    least_severity: int
    team: str | None
    service: str | None
    type: str | None
    level: str

    @staticmethod
    def of(row: FollowRule) -> FollowRuleOut:
        slugs = {name: getattr(getattr(row, name), "slug", None) for name in ("group", "team", "service", "type")}
        return FollowRuleOut(
            slug=row.slug,
            person=NamedPersonOut.of(row.person),
            least_severity=row.least_severity,
            level=row.level,
            **slugs,
        )


def _followers(incident: Incident) -> list[FollowerOut]:
    return [
        FollowerOut(
            person=NamedPersonOut(id=row.person_id, name=str(row.person)),
            at=row.at,
            by_rule=row.by_rule,
            level=row.level,
        )
        for row in following.followers_of(incident)
    ]


@router.get("/incidents/{int:id}/followers", response=list[FollowerOut], operation_id="list_followers")
def list_followers(request: HttpRequest, id: int) -> list[FollowerOut]:
    """Who is told its updates and states."""
    return _followers(queries.incident_for(actor_of(request), id))


@router.put("/incidents/{int:id}/follow", response=list[FollowerOut], operation_id="follow_incident")
def follow(request: HttpRequest, id: int, body: FollowIn | None = None) -> list[FollowerOut]:
    """Be told its updates and states, and more if you like, by your ways for what is not urgent. Returns who follows."""
    by = actor_of(request)
    incident = queries.incident_for(by, id)
    commands.follow_incident(by, incident, level=body.level if body else "")
    return _followers(incident)


@router.delete("/incidents/{int:id}/follow", response=list[FollowerOut], operation_id="unfollow_incident")
def unfollow(request: HttpRequest, id: int) -> list[FollowerOut]:
    """Not any more, whatever a rule says. Returns who follows."""
    by = actor_of(request)
    incident = queries.incident_for(by, id)
    commands.follow_incident(by, incident, yes=False)
    return _followers(incident)


@router.get("/follow-rules", response=Page[FollowRuleOut], operation_id="list_follow_rules")
def list_rules(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:
    """Who follows what by itself."""
    rows, after = page(following.rules_visible_to(actor_of(request)), cursor=cursor, limit=limit)
    return {"items": [FollowRuleOut.of(row) for row in rows], "next_cursor": after}


def _save(request: HttpRequest, slug: str | None, body: FollowRuleBody) -> FollowRuleOut:
    by = actor_of(request)
    row = following.rule_by(by, slug) if slug else None
    said = body.model_dump() | {
        "person": person_by(body.person) if body.person else None,
        "group": team_by(body.group) if body.group else None,
        "team": team_by(body.team) if body.team else None,
        "service": service_by(by, body.service) if body.service else None,
        "type": queries.type_by(by, body.type) if body.type else None,
    }
    return FollowRuleOut.of(commands.save_follow_rule(by, row, **said))


@router.post("/follow-rules", response={201: FollowRuleOut}, operation_id="create_follow_rule")
def create_rule(request: HttpRequest, body: FollowRuleIn) -> Any:
    """Have somebody follow by itself. For yourself anybody may."""
    return Status(201, _save(request, None, body))


@router.put("/follow-rules/{slug}", response=FollowRuleOut, operation_id="change_follow_rule")
def change_rule(request: HttpRequest, slug: str, body: FollowRuleBody) -> FollowRuleOut:
    """Change a rule."""
    return _save(request, slug, body)


@router.delete("/follow-rules/{slug}", response={204: None}, operation_id="delete_follow_rule")
def delete_rule(request: HttpRequest, slug: str) -> Status[None]:
    """Delete a rule; who follows an incident by now goes on."""
    by = actor_of(request)
    commands.delete_follow_rule(by, following.rule_by(by, slug))
    return Status(204, None)
