"""Opsgenie's questions: an alert, the list of alerts, what became of a request; and its heartbeats."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse

from ...kernel.errors import NotFound, Refused
from ...kernel.plugins import one_of
from ...sources.base import Source
from ...sources.opsgenie.naming import came_at, id_from, request_id, tiny_of
from ...sources.opsgenie.reading import HEARTBEAT, HEARTBEATS, Request
from ..hooks import Beat, heartbeats
from ..models import Alert, Integration, Signal
from ..queries import as_inbound

_MOST = 100
_PRIORITIES = {"critical": "P1", "error": "P2", "warning": "P3", "info": "P5"}
_REQUEST = re.compile(r"/v2/alerts/requests/([^/]+)")
_ONE = re.compile(r"/v2/alerts/(.+)", re.DOTALL)


def answer(request: HttpRequest, integration: Integration, path: str) -> HttpResponse:
    """Answer one of them."""
    if path == HEARTBEATS:
        return _said([_beat(each) for each in heartbeats().all(integration.team_id)])
    if found := HEARTBEAT.fullmatch(path):
        return _heartbeat(request, integration, found["name"], ping=bool(found["ping"]))
    if path == "/v2/alerts":
        return _list(request, integration)
    if found := _REQUEST.fullmatch(path):
        return _said(_became_of(integration, found[1]))
    if found := _ONE.fullmatch(path):
        key = id_from(found[1], request.GET.get("identifierType", "id"))
        alert = _alerts(integration).filter(dedup_key=key or "").order_by("-id").first()
        if alert is not None:
            return _said(_shown(alert))
    raise NotFound(
        "There is no such alert.", field="identifier", value=path[:100], fix="Use its id, or ?identifierType=alias."
    )


def _heartbeat(request: HttpRequest, integration: Integration, name: str, *, ping: bool) -> HttpResponse:
    """Take a ping of one of the team's heartbeats, or show it."""
    if ping:
        body = request.body[:10_000].decode(errors="replace").replace("\0", "")
        remote = request.META.get("REMOTE_ADDR", "")
        if heartbeats().ping(integration.team_id, name, method=request.method or "POST", remote=remote, body=body):
            said = {"result": "PONG - Heartbeat received", "took": 0.0, "requestId": str(uuid.uuid4())}
            return JsonResponse(said, status=202)
    else:
        found = next(
            (each for each in heartbeats().all(integration.team_id) if each.name.lower() == name.lower()), None
        )
        if found is not None:
            return _said(_beat(found))
    raise NotFound(
        f"The team {integration.team.name} has no heartbeat {name[:100]!r}.",
        field="name",
        value=name[:100],
        fix="Make it under Monitors, or use its name or slug as it stands there.",
    )


def _beat(beat: Beat) -> dict[str, Any]:
    units = (("days", 86_400), ("hours", 3_600), ("minutes", 60))
    unit, seconds = next(((unit, size) for unit, size in units if beat.period_seconds % size == 0), ("minutes", 60))
    return {
        "name": beat.name,
        "description": "",
        "interval": max(1, beat.period_seconds // seconds),
        "intervalUnit": unit,
        "enabled": not beat.paused,
        "expired": beat.late,
        "alertPriority": _PRIORITIES[beat.severity],
        "lastPingTime": _time(beat.last_ping_at) if beat.last_ping_at else None,
    }


def _alerts(integration: Integration) -> QuerySet[Alert]:
    return Alert.objects.filter(integration=integration).select_related("group")


def _list(request: HttpRequest, integration: Integration) -> HttpResponse:
    alerts = _alerts(integration)
    match request.GET.get("query", "").strip().replace(" ", "").lower():
        case "":
            pass
        case "status:open" | "status=open":
            alerts = alerts.filter(ended_at__isnull=True)
        case "status:closed" | "status=closed":
            alerts = alerts.filter(ended_at__isnull=False)
        case other:
            raise Refused(
                "This query is not understood.", field="query", value=other, fix="Use status:open or status:closed."
            )
    offset, limit = _number(request, "offset", 0, 20_000), _number(request, "limit", 20, _MOST)
    order = "id" if request.GET.get("order", "desc") == "asc" else "-id"
    return _said([_shown(alert) for alert in alerts.order_by(order)[offset : offset + limit]])


def _number(request: HttpRequest, name: str, default: int, most: int) -> int:
    given = request.GET.get(name, str(default))
    if not (given.isascii() and given.isdigit()) or int(given[:9]) > most:
        raise Refused("That is no such number.", field=name, value=given, fix=f"Use a whole number up to {most}.")
    return int(given)


def _became_of(integration: Integration, asked: str) -> dict[str, Any]:
    """What became of the request with this id: it has been read, or it waits."""
    at = came_at(asked)
    signals: Iterable[Signal] = Signal.objects.filter(integration=integration.pk, received_at=at) if at else ()
    source: Source = one_of("watchroom.sources", integration.source)
    for signal in signals:
        came = as_inbound(signal, integration)
        if request_id(came) != asked.lower() or not isinstance(parsed := source.parse(came), Request):
            continue
        if signal.number > integration.read_to and not signal.refused:
            break  # as with Opsgenie: a request that has not been processed is not found yet
        key = parsed.drafts[0].dedup_key if parsed.drafts else ""
        alert = Alert.objects.filter(integration=integration, dedup_key=key).order_by("-id").first() if key else None
        return {
            "success": alert is not None,
            "isSuccess": alert is not None,
            "action": parsed.action,
            "processedAt": _time(signal.received_at),
            "integrationId": str(integration.pk),
            "status": f"{parsed.action} done" if alert else "Alert does not exist" if key else "Refused",
            "alertId": key,
            "alias": alert.annotations.get("alias", "") if alert else "",
        }
    raise NotFound(
        "This request has not been processed, or there was none.",
        field="requestId",
        value=asked[:100],
        fix="Ask again in a moment.",
    )


def _shown(alert: Alert) -> dict[str, Any]:
    is_open = alert.ended_at is None
    return {
        "id": alert.dedup_key,
        "tinyId": tiny_of(alert.dedup_key),
        "alias": alert.annotations.get("alias", ""),
        "message": alert.title,
        "status": "open" if is_open else "closed",
        "acknowledged": alert.group.acknowledged_at is not None,
        "isSeen": alert.group.acknowledged_at is not None,
        "tags": [tag for tag in alert.annotations.get("tags", "").split(", ") if tag],
        "snoozed": False,
        "count": alert.times,
        "lastOccurredAt": _time(alert.last_seen_at),
        "createdAt": _time(alert.first_seen_at),
        "updatedAt": _time(alert.ended_at or alert.last_seen_at),
        "source": alert.labels.get("source", ""),
        "owner": "",
        "priority": alert.labels.get("priority") or _PRIORITIES[alert.severity],
        "description": alert.annotations.get("description", ""),
        "entity": alert.labels.get("entity", ""),
        "details": {
            name: value
            for name, value in alert.labels.items()
            if name not in {"source", "entity", "priority", "severity", "tags"}
        },
    }


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _said(data: object) -> HttpResponse:
    return JsonResponse({"data": data, "took": 0.0, "requestId": ""})
