"""The API of monitors: heartbeats and checks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from ..accounts.actors import Actor
from ..accounts.queries import team_by
from ..api.auth import actor_of
from ..api.lists import Page
from ..api.pages import Cursor, Limit, page
from ..catalog.queries import service_by
from ..kernel.plugins import one_of
from . import commands, queries
from .models import Check, CheckResult, Heartbeat, Ping

router = Router(tags=["Monitors"])


class MonitorIn(Schema):
    team: str = Field(description="Slug of the team that owns it.")
    service: str | None = Field(None, description="Slug of the service that it is about.")
    name: str = Field(max_length=100)
    severity: str = Field("critical", description="Of its alert: critical, error, warning or info.")
    description: str = Field(
        "", max_length=10_000, description="What it is about, and what to do; stands with its alert."
    )
    alert_title: str = Field(
        "", max_length=200, description="Title of its alert; without it, its name and what is wrong."
    )
    labels: dict[str, str] = Field({}, description="Further labels of its alert, for routes.")
    drill: bool = Field(False, description="Practise only.")


class HeartbeatIn(MonitorIn):
    kind: str = Field("period", description="period, cron or oncalendar.")
    period_seconds: int = Field(86_400, description="For period: 20 or more.")
    expression: str = Field("", max_length=200, description="For cron and oncalendar.")
    timezone: str = Field("UTC", max_length=64, description="IANA zone of the expression.")
    grace_seconds: int = Field(3600, description="How much later is still fine; also how long a run may take.")


class NewHeartbeatIn(HeartbeatIn):
    slug: str = Field("", max_length=64, pattern=r"^[-a-zA-Z0-9_]*$", description="Without it, made of the name.")


class HeartbeatOut(HeartbeatIn):
    slug: str
    state: str = Field(description="new, up, down or paused.")
    reason: str
    due_at: datetime | None = Field(description="When silence becomes an alert.")
    last_ping_at: datetime | None
    last_success_at: datetime | None
    ping_url: str | None = Field(None, description="For managers only: it is a secret.")

    @staticmethod
    def of(row: Heartbeat, by: Actor) -> HeartbeatOut:
        return HeartbeatOut(
            **_common(row),
            kind=row.kind,
            period_seconds=row.period_seconds,
            expression=row.expression,
            timezone=row.timezone,
            grace_seconds=row.grace_seconds,
            reason=row.reason,
            last_ping_at=row.last_ping_at,
            last_success_at=row.last_success_at,
            ping_url=queries.ping_url(by, row),
        )


class PingOut(Schema):
    number: int
    at: datetime
    kind: str
    exit_code: int | None
    run: str
    duration_ms: int | None
    remote: str
    body: str


class CheckIn(MonitorIn):
    kind: str = Field(description="http, tcp, dns, icmp, promql or slo.")
    settings: dict[str, Any] = Field(description="What is tried; each kind has its own.")
    interval_seconds: int = Field(60, description="10 or more.")
    timeout_seconds: int = Field(10, description="1 to 60.")
    for_seconds: int = Field(0, description="How long it must fail; 0: a second failure is enough.")


class NewCheckIn(CheckIn):
    slug: str = Field("", max_length=64, pattern=r"^[-a-zA-Z0-9_]*$", description="Without it, made of the name.")


class CheckOut(CheckIn):
    slug: str
    state: str = Field(description="new, up, confirming, down or paused.")
    message: str
    due_at: datetime | None = Field(description="When it is tried next.")
    checked_at: datetime | None
    latency_ms: int | None

    @staticmethod
    def of(row: Check) -> CheckOut:
        fields = one_of("watchroom.monitor_kinds", row.kind).fields
        shown = {each.name for each in fields if not each.secret}
        return CheckOut(
            **_common(row),
            kind=row.kind,
            settings={name: value for name, value in row.settings.items() if name in shown},
            interval_seconds=row.interval_seconds,
            timeout_seconds=row.timeout_seconds,
            for_seconds=row.for_seconds,
            message=row.message,
            checked_at=row.checked_at,
            latency_ms=row.latency_ms,
        )


class CheckResultOut(Schema):
    at: datetime
    ok: bool
    latency_ms: int | None
    message: str


def _common(row: Heartbeat | Check) -> dict[str, Any]:
    return {
        "slug": row.slug,
        "team": row.team.slug,
        "service": row.service.slug if row.service else None,
        "name": row.name,
        "severity": row.severity,
        "description": row.description,
        "alert_title": row.alert_title,
        "labels": row.labels,
        "drill": row.drill,
        "state": row.shown_state,
        "due_at": row.due_at,
    }


def _fields(by: Actor, body: MonitorIn) -> dict[str, Any]:
    service = service_by(by, body.service) if body.service else None
    return body.model_dump() | {"team": team_by(body.team), "service": service}


@router.get("/heartbeats", response=Page[HeartbeatOut], summary="Heartbeats")
def list_heartbeats(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Page[HeartbeatOut]:
    """Jobs that must report."""
    by = actor_of(request)
    items, following = page(queries.heartbeats_visible_to(by), cursor=cursor, limit=limit)
    return Page[HeartbeatOut](items=[HeartbeatOut.of(row, by) for row in items], next_cursor=following)


@router.post("/heartbeats", response={201: HeartbeatOut}, summary="Add a heartbeat")
def create_heartbeat(request: HttpRequest, body: NewHeartbeatIn) -> Status[HeartbeatOut]:
    """Needs a manager of the team."""
    by = actor_of(request)
    return Status(201, HeartbeatOut.of(commands.save_heartbeat(by, None, **_fields(by, body)), by))


@router.get("/heartbeats/{slug}", response=HeartbeatOut, summary="One heartbeat")
def get_heartbeat(request: HttpRequest, slug: str) -> HeartbeatOut:
    """With its address, for managers."""
    by = actor_of(request)
    return HeartbeatOut.of(queries.heartbeat_by(by, slug), by)


@router.put("/heartbeats/{slug}", response=HeartbeatOut, summary="Change a heartbeat")
def change_heartbeat(request: HttpRequest, slug: str, body: HeartbeatIn) -> HeartbeatOut:
    """Needs a manager of the team."""
    by = actor_of(request)
    found = queries.heartbeat_by(by, slug)
    return HeartbeatOut.of(commands.save_heartbeat(by, found, **_fields(by, body)), by)


@router.delete("/heartbeats/{slug}", response={204: None}, summary="Delete a heartbeat")
def delete_heartbeat(request: HttpRequest, slug: str) -> Status[None]:
    """With its history."""
    by = actor_of(request)
    commands.delete_heartbeat(by, queries.heartbeat_by(by, slug))
    return Status(204, None)


@router.post("/heartbeats/{slug}/pause", response=HeartbeatOut, summary="Pause a heartbeat")
def pause_heartbeat(request: HttpRequest, slug: str) -> HeartbeatOut:
    """Silence is no alarm until it is resumed."""
    by = actor_of(request)
    return HeartbeatOut.of(commands.pause_heartbeat(by, queries.heartbeat_by(by, slug), True), by)


@router.post("/heartbeats/{slug}/resume", response=HeartbeatOut, summary="Resume a heartbeat")
def resume_heartbeat(request: HttpRequest, slug: str) -> HeartbeatOut:
    """It is watched again from its next ping on."""
    by = actor_of(request)
    return HeartbeatOut.of(commands.pause_heartbeat(by, queries.heartbeat_by(by, slug), False), by)


@router.post("/heartbeats/{slug}/rotate-key", response=HeartbeatOut, summary="Give it a new address")
def renew_heartbeat_key(request: HttpRequest, slug: str) -> HeartbeatOut:
    """The old address stops working at once."""
    by = actor_of(request)
    found = queries.heartbeat_by(by, slug)
    commands.rotate_heartbeat_key(by, found)
    return HeartbeatOut.of(found, by)


@router.get("/heartbeats/{slug}/pings", response=Page[PingOut], summary="Its latest pings")
def list_heartbeat_pings(request: HttpRequest, slug: str, cursor: Cursor = None, limit: Limit = 50) -> Page[PingOut]:
    """The newest first."""
    rows = Ping.objects.filter(heartbeat=queries.heartbeat_by(actor_of(request), slug))
    items, following = page(rows, cursor=cursor, limit=limit)
    return Page[PingOut](items=[PingOut.from_orm(row) for row in items], next_cursor=following)


@router.get("/checks", response=Page[CheckOut], summary="Checks")
def list_checks(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Page[CheckOut]:
    """What Watchroom tries itself."""
    items, following = page(queries.checks_visible_to(actor_of(request)), cursor=cursor, limit=limit)
    return Page[CheckOut](items=[CheckOut.of(row) for row in items], next_cursor=following)


@router.post("/checks", response={201: CheckOut}, summary="Add a check")
def create_check(request: HttpRequest, body: NewCheckIn) -> Status[CheckOut]:
    """Needs a manager of the team."""
    by = actor_of(request)
    return Status(201, CheckOut.of(commands.save_check(by, None, **_fields(by, body))))


@router.get("/checks/{slug}", response=CheckOut, summary="One check")
def get_check(request: HttpRequest, slug: str) -> CheckOut:
    """Without its secret settings."""
    return CheckOut.of(queries.check_by(actor_of(request), slug))


@router.put("/checks/{slug}", response=CheckOut, summary="Change a check")
def change_check(request: HttpRequest, slug: str, body: CheckIn) -> CheckOut:
    """Needs a manager of the team."""
    by = actor_of(request)
    return CheckOut.of(commands.save_check(by, queries.check_by(by, slug), **_fields(by, body)))


@router.delete("/checks/{slug}", response={204: None}, summary="Delete a check")
def delete_check(request: HttpRequest, slug: str) -> Status[None]:
    """With its history."""
    by = actor_of(request)
    commands.delete_check(by, queries.check_by(by, slug))
    return Status(204, None)


@router.post("/checks/{slug}/pause", response=CheckOut, summary="Pause a check")
def pause_check(request: HttpRequest, slug: str) -> CheckOut:
    """It is not tried until it is resumed."""
    by = actor_of(request)
    return CheckOut.of(commands.pause_check(by, queries.check_by(by, slug), True))


@router.post("/checks/{slug}/resume", response=CheckOut, summary="Resume a check")
def resume_check(request: HttpRequest, slug: str) -> CheckOut:
    """It is tried at once."""
    by = actor_of(request)
    return CheckOut.of(commands.pause_check(by, queries.check_by(by, slug), False))


@router.post("/checks/{slug}/run", response={202: CheckOut}, summary="Check now")
def run_check(request: HttpRequest, slug: str) -> Status[CheckOut]:
    """As soon as an engine is free; see its results."""
    by = actor_of(request)
    return Status(202, CheckOut.of(commands.check_now(by, queries.check_by(by, slug))))


@router.get("/checks/{slug}/results", response=Page[CheckResultOut], summary="Its latest results")
def list_check_results(
    request: HttpRequest, slug: str, cursor: Cursor = None, limit: Limit = 50
) -> Page[CheckResultOut]:
    """The newest first; kept for a week."""
    rows = CheckResult.objects.filter(monitor=queries.check_by(actor_of(request), slug))
    items, following = page(rows, cursor=cursor, limit=limit)
    return Page[CheckResultOut](items=[CheckResultOut.from_orm(row) for row in items], next_cursor=following)
