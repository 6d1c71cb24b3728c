"""The API of what holds alerts back: silences, maintenance windows, inhibition rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field

from ...accounts.actors import Actor
from ...accounts.models import Team
from ...accounts.queries import team_by
from ...api.auth import actor_of
from ...api.lists import Page
from ...api.pages import page
from ...catalog.queries import service_by
from ...kernel import clock
from ...kernel.errors import NotFound, Refused
from ...kernel.times import Instant
from .. import commands
from ..commands.repeating import read_series
from ..models import InhibitRule, MaintenanceWindow, Silence
from ..models.holds import Repeating
from ..queries import (
    groups_visible_to,
    inhibitions_visible_to,
    maintenance_visible_to,
    silences_in_state,
    silences_visible_to,
)
from ..rules.repeats import Span

router = Router(tags=["silences"])
LARGEST = 2**63 - 1


class OccurrenceOut(Schema):
    """One time of something that repeats."""

    starts_at: datetime
    ends_at: datetime


class RepeatingOut(Schema):
    """How something repeats. Its ``starts_at`` and ``ends_at`` are those of the occurrence that runs, or comes next."""

    rule: str
    timezone: str
    in_words: str
    first_starts_at: datetime
    first_ends_at: datetime
    following: list[OccurrenceOut] = Field(description="The occurrences after the present one, four at most.")

    @classmethod
    def of(cls, row: Repeating) -> RepeatingOut | None:
        """None: it comes once."""
        if not row.repeats or row.first_at is None or row.first_end_at is None:
            return None
        return cls(
            rule=row.repeats,
            timezone=row.timezone,
            in_words=row.in_words,
            first_starts_at=row.first_at,
            first_ends_at=row.first_end_at,
            following=_spans(row.following),
        )


def _spans(spans: Sequence[Span]) -> list[OccurrenceOut]:
    return [OccurrenceOut(starts_at=start, ends_at=end) for start, end in spans]


class PatternBody(Schema):
    """A repetition that one thinks about."""

    repeats: str
    timezone: str = ""
    starts_at: Instant
    ends_at: Instant


class ExtendBody(Schema):
    """When it ends instead."""

    ends_at: Instant


class SkipBody(Schema):
    """Which occurrence is left out."""

    starts_at: Instant | None = Field(
        None, description="Only if it is still this one, known by its beginning; the present or next one, if not given."
    )


class SilenceBody(Schema):
    """A silence as it is written."""

    matchers: list[str] = Field(description='All must accept an alert\'s labels, such as `alertname="DiskFull"`.')
    ends_at: Instant
    starts_at: Instant | None = Field(None, description="Now, if not given.")
    comment: str = Field(description="Why, and when it can be ended.")
    repeats: str = Field(
        "",
        description="A rule as in RFC 5545 of FREQ, INTERVAL, BYDAY, BYMONTHDAY, BYMONTH and UNTIL, such as "
        "`FREQ=WEEKLY;BYDAY=TU`; the times are then those of the first occurrence. Empty: it comes once.",
    )
    timezone: str = Field("", description="By whose clocks it repeats, such as `Europe/Berlin`; UTC, if not given.")
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


class MaintenanceBody(Schema):
    """A maintenance window as it is written."""

    team: str
    title: str
    services: list[str]
    starts_at: Instant
    ends_at: Instant
    repeats: str = Field(
        "",
        description="A rule as in RFC 5545 of FREQ, INTERVAL, BYDAY, BYMONTHDAY, BYMONTH and UNTIL, such as "
        "`FREQ=WEEKLY;BYDAY=TU`; the times are then those of the first occurrence. Empty: it comes once.",
    )
    timezone: str = Field("", description="By whose clocks it repeats, such as `Europe/Berlin`; UTC, if not given.")


class MaintenanceOut(Schema):
    """A maintenance window as it is read."""

    id: int
    state: str
    team: str
    title: str
    services: list[str]
    starts_at: datetime
    ends_at: datetime
    repeats: RepeatingOut | None

    @classmethod
    def of(cls, row: MaintenanceWindow) -> MaintenanceOut:
        return cls(
            id=row.pk,
            state=row.state,
            team=row.team.slug,
            title=row.title,
            services=[service.slug for service in row.services.all()],
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            repeats=RepeatingOut.of(row),
        )


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


def _team(slug: str | None) -> Team | None:
    return team_by(slug) if slug else None


def silence_for(actor: Actor, pk: int) -> Silence:
    """One silence. Raises ``NotFound`` when there is none that ``actor`` may see."""
    found = silences_visible_to(actor).filter(pk=pk).first() if pk <= LARGEST else None
    if found is None:
        raise NotFound(f"There is no silence {pk}.", field="id", value=pk, fix="See GET /silences.")
    return found


def window_for(actor: Actor, pk: int) -> MaintenanceWindow:
    """One maintenance window. Raises ``NotFound`` when there is none that ``actor`` may see."""
    found = maintenance_visible_to(actor).filter(pk=pk).first() if pk <= LARGEST else None
    if found is None:
        raise NotFound(
            f"There is no maintenance window {pk}.", field="id", value=pk, fix="See GET /maintenance-windows."
        )
    return found


def rule_for(actor: Actor, pk: int) -> InhibitRule:
    found = inhibitions_visible_to(actor).filter(pk=pk).first() if pk <= LARGEST else None
    if found is None:
        raise NotFound(f"There is no inhibition rule {pk}.", field="id", value=pk, fix="See GET /inhibit-rules.")
    return found


@router.get("/silences", response=Page[SilenceOut], operation_id="list_silences")
def list_silences(request: HttpRequest, state: str = "", cursor: str | None = None, limit: int = 50) -> Any:
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
        team=_team(body.team),
        confirm=body.confirm,
    )


@router.post("/silences/preview", response=list[HitOut], operation_id="preview_silence")
def preview_silence(request: HttpRequest, body: PreviewBody) -> Any:
    """The open alert groups that such a silence would touch; 100 at most."""
    hit = commands.groups_hit(commands.read_matchers(body.matchers), _team(body.team))
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
    return _spans(found.preview(now) if found else [(body.starts_at, body.ends_at)])


@router.post("/silences/{id}/expire", response=SilenceOut, operation_id="expire_silence")
def expire_silence(request: HttpRequest, id: int) -> Any:
    """End it now, for good if it repeats: what still fires pages at once."""
    actor = actor_of(request)
    return SilenceOut.of(commands.expire_silence(actor, silence_for(actor, id)))


@router.get("/maintenance-windows", response=Page[MaintenanceOut], operation_id="list_maintenance_windows")
def list_maintenance(request: HttpRequest, cursor: str | None = None, limit: int = 50) -> Any:
    """Planned work, newest first."""
    found, following = page(maintenance_visible_to(actor_of(request)), cursor=cursor, limit=limit)
    return {"items": [MaintenanceOut.of(row) for row in found], "next_cursor": following}


def _save_window(request: HttpRequest, window: MaintenanceWindow | None, body: MaintenanceBody) -> MaintenanceWindow:
    actor = actor_of(request)
    if len(body.services) > 200:
        raise Refused("Too many services.", field="services", value=len(body.services), fix="Name 200 at most.")
    return commands.save_maintenance(
        actor,
        window,
        team=team_by(body.team),
        title=body.title,
        services=[service_by(actor, slug) for slug in dict.fromkeys(body.services)],
        starts_at=body.starts_at,
        ends_at=body.ends_at,
        repeats=body.repeats,
        timezone=body.timezone,
    )


@router.post("/maintenance-windows", response={201: MaintenanceOut}, operation_id="create_maintenance_window")
def create_maintenance(request: HttpRequest, body: MaintenanceBody) -> Any:
    """Plan work on services: their alerts page nobody meanwhile."""
    return Status(201, MaintenanceOut.of(_save_window(request, None, body)))


@router.get("/maintenance-windows/{id}", response=MaintenanceOut, operation_id="get_maintenance_window")
def get_maintenance(request: HttpRequest, id: int) -> Any:
    """One maintenance window."""
    return MaintenanceOut.of(window_for(actor_of(request), id))


@router.put("/maintenance-windows/{id}", response=MaintenanceOut, operation_id="update_maintenance_window")
def update_maintenance(request: HttpRequest, id: int, body: MaintenanceBody) -> Any:
    """Change a plan."""
    return MaintenanceOut.of(_save_window(request, window_for(actor_of(request), id), body))


@router.post("/maintenance-windows/{id}/extend", response=MaintenanceOut, operation_id="extend_maintenance_window")
def extend_maintenance(request: HttpRequest, id: int, body: ExtendBody) -> Any:
    """Let it end at another time. Of one that repeats only the occurrence that runs, or comes next, is changed."""
    actor = actor_of(request)
    return MaintenanceOut.of(commands.extend_maintenance(actor, window_for(actor, id), body.ends_at))


@router.post("/maintenance-windows/{id}/skip", response=MaintenanceOut, operation_id="skip_maintenance_window")
def skip_maintenance(request: HttpRequest, id: int, body: SkipBody) -> Any:
    """End the occurrence that runs, or leave out the next; the one after it comes as planned."""
    actor = actor_of(request)
    return MaintenanceOut.of(commands.skip_maintenance(actor, window_for(actor, id), body.starts_at))


@router.post("/maintenance-windows/{id}/end", response=MaintenanceOut, operation_id="end_maintenance_window")
def end_maintenance(request: HttpRequest, id: int) -> Any:
    """End it now, or call it off; for good if it repeats."""
    actor = actor_of(request)
    return MaintenanceOut.of(commands.end_maintenance(actor, window_for(actor, id)))


@router.get("/inhibit-rules", response=Page[InhibitionOut], operation_id="list_inhibit_rules")
def list_inhibitions(request: HttpRequest, cursor: str | None = None, limit: int = 50) -> Any:
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
        team=_team(body.team),
    )


@router.post("/inhibit-rules", response={201: InhibitionOut}, operation_id="create_inhibit_rule")
def create_inhibition(request: HttpRequest, body: InhibitionBody) -> Any:
    """Let some alerts hold others back."""
    return Status(201, InhibitionOut.of(_save_rule(request, None, body)))


@router.put("/inhibit-rules/{id}", response=InhibitionOut, operation_id="update_inhibit_rule")
def update_inhibition(request: HttpRequest, id: int, body: InhibitionBody) -> Any:
    """Change a rule."""
    return InhibitionOut.of(_save_rule(request, rule_for(actor_of(request), id), body))


@router.delete("/inhibit-rules/{id}", response={204: None}, operation_id="delete_inhibit_rule")
def delete_inhibition(request: HttpRequest, id: int) -> Any:
    """Delete a rule: what it held and still fires pages at once."""
    actor = actor_of(request)
    commands.delete_inhibition(actor, rule_for(actor, id))
    return Status(204, None)
