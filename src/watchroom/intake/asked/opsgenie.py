"""Opsgenie's questions: an alert, the list of alerts, what became of a request; and its heartbeats."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from typing import Any

import msgspec
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse

from ...accounts.actors import Actor
from ...accounts.models import Team
from ...kernel.errors import NotFound, Refused
from ...kernel.numbers import whole
from ...kernel.plugins import one_of
from ...kernel.times import rfc3339
from ...sources.base import Source
from ...sources.opsgenie.naming import came_at, id_from, request_id, tiny_of
from ...sources.opsgenie.reading import HEARTBEAT, HEARTBEATS, Request
from ..hooks import Beat, heartbeats
from ..models import Alert, Integration, Signal
from ..queries import as_inbound

_MOST = 100
_PRIORITIES = {"critical": "P1", "error": "P2", "warning": "P3", "info": "P5"}
_SEVERITIES = {"P1": "critical", "P2": "error", "P3": "warning", "P4": "info", "P5": "info"}
_UNITS = (("days", 86_400), ("hours", 3_600), ("minutes", 60))
_REQUEST = re.compile(r"/v2/alerts/requests/([^/]+)")
_ONE = re.compile(r"/v2/alerts/(.+)", re.DOTALL)


def answer(request: HttpRequest, integration: Integration, path: str) -> HttpResponse:
    """Answer one of them."""
    if path == HEARTBEATS and request.method == "POST":
        return _made(request, integration)
    if path == HEARTBEATS:
        return _said({"heartbeats": [_beat(each, integration.team) for each in heartbeats().all(integration.team_id)]})
    if found := HEARTBEAT.fullmatch(path):
        return _heartbeat(request, integration, found["name"], found["act"] or "")
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


def _heartbeat(request: HttpRequest, integration: Integration, name: str, act: str) -> HttpResponse:
    """Take a ping of one of the team's heartbeats, show it, change it or delete it.

    https://docs.opsgenie.com/docs/heartbeat-api
    """
    team, by = integration.team_id, Actor(kind="integration", name=integration.name)
    if act == "ping":
        body = request.body[:10_000].decode(errors="replace").replace("\0", "")
        remote = request.META.get("REMOTE_ADDR", "")
        if heartbeats().ping(team, name, method=request.method or "POST", remote=remote, body=body):
            return _done("PONG - Heartbeat received", status=202)
    elif act:
        beat = heartbeats().save(by, team, name, new=False, paused=act == "disable")
        return _done(f"{act.capitalize()}d", _brief(beat))
    elif request.method == "DELETE":
        heartbeats().delete(by, team, name)
        return _done("Deleted", {"name": name, "enabled": False})
    elif request.method == "PATCH":
        there = heartbeats().find(team, name)
        if there is not None:
            beat = heartbeats().save(by, team, name, new=False, **_wanted(request, integration, there))
            return _done("Updated", _brief(beat))
    elif (found := heartbeats().find(team, name)) is not None:
        return _said(_beat(found, integration.team))
    raise NotFound(
        f"The team {integration.team.name} has no heartbeat {name[:100]!r}.",
        field="name",
        value=name[:100],
        fix="Make it under Monitors, or use its name or slug as it stands there.",
    )


def _made(request: HttpRequest, integration: Integration) -> HttpResponse:
    """A new heartbeat of the team."""
    wanted = _wanted(request, integration, None)
    name = _object(request).get("name")
    if not isinstance(name, str) or not name.strip():
        raise Refused("It needs a name.", field="name", value=name, fix="Name what is watched.")
    by = Actor(kind="integration", name=integration.name)
    beat = heartbeats().save(by, integration.team_id, name.strip(), new=True, **wanted)
    return _done("Created", _beat(beat, integration.team), status=201)


def _object(request: HttpRequest) -> dict[str, Any]:
    try:
        said = msgspec.json.decode(request.body[:100_000] or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused("That is no JSON.", field="body", value="", fix=f"Send one object ({error}).") from None
    if not isinstance(said, dict):
        raise Refused("That is no JSON object.", field="body", value="", fix="Send one object.")
    return said


def _wanted(request: HttpRequest, integration: Integration, there: Beat | None) -> dict[str, Any]:
    """What is asked of a heartbeat; what is not said is left as it is. A new one needs an interval.

    :raises Refused: something is not accepted.
    """
    said, found = _object(request), dict[str, Any]()
    owner = said.get("ownerTeam")
    if isinstance(owner, dict) and owner.get("name") not in (None, integration.team.name, integration.team.slug):
        raise Refused(
            "This key belongs to another team.",
            field="ownerTeam",
            value=str(owner.get("name"))[:100],
            fix=f"Leave it out, or name {integration.team.name}.",
        )
    if there is None or "interval" in said or "intervalUnit" in said:
        unit, now = _interval(there.period_seconds) if there else ("minutes", None)
        interval, unit = said.get("interval", now), said.get("intervalUnit", unit)
        seconds = dict(_UNITS).get(unit) if isinstance(unit, str) else None
        if seconds is None:
            raise Refused("There is no such unit.", field="intervalUnit", value=unit, fix="Use minutes, hours or days.")
        if not isinstance(interval, int) or isinstance(interval, bool) or not 1 <= interval <= 366 * 24 * 60:
            raise Refused("That is no such interval.", field="interval", value=interval, fix="Use a number from 1 on.")
        found["period_seconds"] = interval * seconds
    if (priority := said.get("alertPriority")) is not None or there is None:
        if priority is not None and priority not in _SEVERITIES:
            raise Refused("There is no such priority.", field="alertPriority", value=priority, fix="Use P1 to P5.")
        found["severity"] = _SEVERITIES[priority or "P3"]
        found["labels"] = {"priority": priority or "P3"}
    if (enabled := said.get("enabled")) is not None:
        if not isinstance(enabled, bool):
            raise Refused("That is not yes or no.", field="enabled", value=enabled, fix="Use true or false.")
        found["paused"] = not enabled
    for name, ours, most in (("description", "description", 10_000), ("alertMessage", "alert_title", 200)):
        if (text := said.get(name)) is not None:
            if not isinstance(text, str) or len(text) > most:
                raise Refused(
                    "That is no such text.", field=name, value=str(text)[:60], fix=f"Use at most {most} characters."
                )
            found[ours] = text
    if (tags := said.get("alertTags")) is not None:
        if not isinstance(tags, list) or not all(isinstance(tag, str) and "," not in tag for tag in tags):
            raise Refused(
                "Those are no tags.",
                field="alertTags",
                value=str(tags)[:60],
                fix="Send a list of texts without commas.",
            )
        found["labels"] = {**found.get("labels", {}), "tags": ",".join(tags) or None}
    return found


def _brief(beat: Beat) -> dict[str, Any]:
    return {"name": beat.name, "enabled": not beat.paused, "expired": beat.late}


def _interval(seconds: int) -> tuple[str, int]:
    unit, size = next(((unit, size) for unit, size in _UNITS if seconds % size == 0), ("minutes", 60))
    return unit, max(1, seconds // size)


def _beat(beat: Beat, team: Team) -> dict[str, Any]:
    unit, interval = _interval(beat.period_seconds)
    priority = beat.labels.get("priority", "")
    return {
        "name": beat.name,
        "description": beat.description,
        "interval": interval,
        "intervalUnit": unit,
        "enabled": not beat.paused,
        "expired": beat.late,
        "ownerTeam": {"id": str(team.pk), "name": team.name},
        # It tells P4 and P5 apart, which are one severity here; a severity changed under Monitors counts.
        "alertPriority": priority if _SEVERITIES.get(priority) == beat.severity else _PRIORITIES[beat.severity],
        "alertMessage": beat.alert_title,
        "alertTags": [tag for tag in beat.labels.get("tags", "").split(",") if tag],
        "lastPingTime": rfc3339(beat.last_ping_at, "milliseconds") if beat.last_ping_at else None,
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
    if (number := whole(given, 9)) is None or number > most:
        raise Refused("That is no such number.", field=name, value=given, fix=f"Use a whole number up to {most}.")
    return number


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
            "processedAt": rfc3339(signal.received_at, "milliseconds"),
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
        "lastOccurredAt": rfc3339(alert.last_seen_at, "milliseconds"),
        "createdAt": rfc3339(alert.first_seen_at, "milliseconds"),
        "updatedAt": rfc3339(alert.ended_at or alert.last_seen_at, "milliseconds"),
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


def _done(result: str, data: object = None, status: int = 200) -> HttpResponse:
    said = {"result": result, "took": 0.0, "requestId": str(uuid.uuid4())}
    return JsonResponse(said if data is None else {**said, "data": data}, status=status)


def _said(data: object) -> HttpResponse:
    return JsonResponse({"data": data, "took": 0.0, "requestId": ""})
