"""Silences over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field

from ...accounts.queries import team_by
from ...api.auth import actor_of
from ...api.lists import Page
from ...api.pages import Cursor, Limit, page
from ...kernel import clock
from ...kernel.times import Instant
from .. import commands
from ..commands.repeating import read_series
from ..models import Silence
from ..queries import groups_visible_to, silence_for, silences_in_state, silences_visible_to
from ..schemas.repeating import (
    Clocks,
    ExtendBody,
    OccurrenceOut,
    PatternBody,
    RepeatingOut,
    Rule,
    SkipBody,
    occurrences_of,
)

router = Router(tags=["Silences and maintenance"])


class SilenceBody(Schema):
    """A silence as it is written."""

    matchers: list[str] = Field(description='All must accept an alert\'s labels, such as `alertname="DiskFull"`.')
    ends_at: Instant
    starts_at: Instant | None = Field(None, description="Now, if not given.")
    comment: str = Field(description="Why, and when it can be ended.")
    repeats: Rule = ""
    timezone: Clocks = ""
    team: str | None = Field(None, description="Whose alerts it is about; everybody's, if not given.")
    confirm: bool = Field(False, description="Yes, it may hold that much.")


class SilenceOut(Schema):
    """A silence as it is read."""

    id: int
    uuid: str
    state: str
    team: str | None
    matchers: list[str]
    comment: str
    author: str
    starts_at: datetime
    ends_at: datetime
    repeats: RepeatingOut | None

    @classmethod
    def of(cls, row: Silence) -> SilenceOut:
        return cls(
            id=row.pk,
            uuid=str(row.uuid),
            state=row.state,
            team=row.team.slug if row.team else None,
            matchers=row.matchers,
            comment=row.comment,
            author=row.author_name,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            repeats=RepeatingOut.of(row),
        )


class PreviewBody(Schema):
    """A silence that one thinks about."""

    matchers: list[str]
    team: str | None = None


class HitOut(Schema):
    """An open alert group that a silence would touch."""

    id: int
    title: str
    severity: str
    service: str | None


@router.get("/silences", response=Page[SilenceOut], operation_id="list_silences")
def list_silences(request: HttpRequest, state: str = "", cursor: Cursor = None, limit: Limit = 50) -> Any:
    """Silences, newest first; ``state`` is pending, active or expired."""
    rows = silences_in_state(silences_visible_to(actor_of(request)), state)
    found, following = page(rows, cursor=cursor, limit=limit)
    return {"items": [SilenceOut.of(row) for row in found], "next_cursor": following}


@router.post("/silences", response={201: SilenceOut}, operation_id="create_silence")
def create_silence(request: HttpRequest, body: SilenceBody) -> Any:
    """Hold alerts with certain labels back for a while."""
    return Status(201, SilenceOut.of(_save_silence(request, None, body)))


def _save_silence(request: HttpRequest, silence: Silence | None, body: SilenceBody) -> Silence:
    return commands.save_silence(
        actor_of(request),
        silence,
        matchers=body.matchers,
        starts_at=body.starts_at,
        ends_at=body.ends_at,
        repeats=body.repeats,
        timezone=body.timezone,
        comment=body.comment,
        team=team_by(body.team) if body.team else None,
        confirm=body.confirm,
    )


@router.post("/silences/preview", response=list[HitOut], operation_id="preview_silence")
def preview_silence(request: HttpRequest, body: PreviewBody) -> Any:
    """The open alert groups that such a silence would touch; 100 at most."""
    hit = commands.groups_hit(commands.read_matchers(body.matchers), team_by(body.team) if body.team else None)
    seen = groups_visible_to(actor_of(request)).filter(pk__in=[group.pk for group in hit])[:100]
    return [
        HitOut(id=row.pk, title=row.title, severity=row.severity, service=row.service.slug if row.service else None)
        for row in seen
    ]


@router.get("/silences/{id}", response=SilenceOut, operation_id="get_silence")
def get_silence(request: HttpRequest, id: int) -> Any:
    """One silence."""
    return SilenceOut.of(silence_for(actor_of(request), id))


@router.put("/silences/{id}", response=SilenceOut, operation_id="update_silence")
def update_silence(request: HttpRequest, id: int, body: SilenceBody) -> Any:
    """Change a silence that has not ended."""
    return SilenceOut.of(_save_silence(request, silence_for(actor_of(request), id), body))


@router.post("/silences/{id}/extend", response=SilenceOut, operation_id="extend_silence")
def extend_silence(request: HttpRequest, id: int, body: ExtendBody) -> Any:
    """Let it end at another time. Of one that repeats only the occurrence that runs, or comes next, is changed."""
    actor = actor_of(request)
    return SilenceOut.of(commands.extend_silence(actor, silence_for(actor, id), body.ends_at))


@router.post("/silences/{id}/skip", response=SilenceOut, operation_id="skip_silence")
def skip_silence(request: HttpRequest, id: int, body: SkipBody) -> Any:
    """End the occurrence that runs, or leave out the next; the one after it comes as planned."""
    actor = actor_of(request)
    return SilenceOut.of(commands.skip_silence(actor, silence_for(actor, id), body.starts_at))


@router.post("/occurrences", response=list[OccurrenceOut], operation_id="preview_occurrences")
def preview_occurrences(request: HttpRequest, body: PatternBody) -> Any:
    """The next five times of something that would repeat so, silence or maintenance; nothing is saved."""
    actor_of(request)
    now = clock.now()
    found = read_series(body.repeats, body.timezone, body.starts_at, body.ends_at, now)
    return occurrences_of(found.preview(now) if found else [(body.starts_at, body.ends_at)])


@router.post("/silences/{id}/expire", response=SilenceOut, operation_id="expire_silence")
def expire_silence(request: HttpRequest, id: int) -> Any:
    """End it now, for good if it repeats: what still fires pages at once."""
    actor = actor_of(request)
    return SilenceOut.of(commands.expire_silence(actor, silence_for(actor, id)))
