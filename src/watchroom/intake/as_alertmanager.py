"""An alert group as Alertmanager's webhook says it, version 4: for receivers that read nothing else.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config and
https://github.com/prometheus/alertmanager/blob/main/template/template.go
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ..kernel import settings as conf
from ..kernel.times import rfc3339
from ..sources.alertmanager.fingerprint import fingerprint
from .matchers import quoted
from .models import Alert, AlertGroup, Route

MOST_ALERTS = 500
_PATH = re.compile(r"/alerts/([0-9]{1,18})")
_NEVER = "0001-01-01T00:00:00Z"  # the end of what still fires, as Go writes it
_REASONS = {"page": "first notification", "update": "new alerts added", "resolved": "all alerts resolved"}


def webhook_of(path: str, purpose: str) -> dict[str, Any] | None:
    """The body about the alert group at ``path``, for a message of this purpose; None: that is no alert group's page."""
    found = _PATH.fullmatch(path)
    group = AlertGroup.objects.select_related("policy").filter(pk=int(found[1])).first() if found else None
    if group is None:
        return None
    rows = group.alerts.filter(ended_at__isnull=True) if group.firing and not group.resolved_at else group.alerts
    alerts = list(rows.select_related("integration").order_by("-id")[:MOST_ALERTS])
    labels, annotations = [each.labels for each in alerts], [each.annotations for each in alerts]
    return {
        "version": "4",
        "groupKey": group_key(group),
        "truncatedAlerts": max(0, rows.count() - len(alerts)) if len(alerts) == MOST_ALERTS else 0,
        "receiver": group.policy.slug if group.policy else "watchroom",
        "status": "resolved" if group.resolved_at or not group.firing else "firing",
        "notification_reason": _REASONS.get(purpose, "unknown"),
        "groupLabels": group.group_labels,
        "commonLabels": common(labels),
        "commonAnnotations": common(annotations),
        "routeLabels": {},
        "externalURL": conf.current().url,
        "alerts": [_alert(each) for each in alerts],
    }


def common(said: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """What all of them say alike."""
    if not said:
        return {}
    return {name: value for name, value in said[0].items() if all(each.get(name) == value for each in said[1:])}


def group_key(group: AlertGroup) -> str:
    """``{}/{team="db"}:{alertname="Down"}``: the matchers of the routes on the way, then the group's labels. Alertmanager
    itself puts no space between matchers and one between labels."""
    routes = {route.pk: route for route in Route.objects.only("matchers", "parent")} if group.route_id else {}
    way: list[str] = []
    route = routes.get(group.route_id or 0)
    while route is not None:
        way.insert(0, "{" + ",".join(route.matchers) + "}")
        route = routes.get(route.parent_id or 0)
    shared = ", ".join(f"{name}={quoted(value)}" for name, value in sorted(group.group_labels.items()))
    return "/".join(["{}", *way]) + ":{" + shared + "}"


def _time(at: datetime | None) -> str:
    return rfc3339(at, "milliseconds") if at else _NEVER


def _alert(alert: Alert) -> dict[str, Any]:
    return {
        "status": alert.state,
        "labels": alert.labels,
        "annotations": alert.annotations,
        "startsAt": _time(alert.starts_at),
        "endsAt": _time(alert.ended_at),
        "generatorURL": alert.link,
        "fingerprint": alert.dedup_key
        if alert.integration.source == "alertmanager"
        else fingerprint(dict(alert.labels)),
    }
