"""A state that changed, told to the normal pipeline of alerts."""

from __future__ import annotations

import json
from datetime import datetime

from ...intake.journal import open_inbox, store
from ...intake.models import Integration
from ...kernel import settings as conf
from ...kernel.signing import fingerprint, new_key
from ..models import Heartbeat, Monitor


def integration_of(monitor: Monitor) -> Integration:
    """The integration through which a team's monitors (of one service, if they name one) speak; made on demand."""
    team, service, drill = monitor.team, monitor.service, monitor.drill
    found = Integration.objects.filter(team=team, service=service, source="monitors", drill=drill).first()
    if found is None:
        key = new_key("wri")  # nobody is told: nothing from outside is taken
        of = service.name if service else team.name
        found = Integration.objects.get_or_create(
            slug=f"monitors-{team.pk}-{service.pk if service else 0}{'-drill' if drill else ''}",
            defaults={
                "team": team,
                "service": service,
                "source": "monitors",
                "drill": drill,
                "name": f"Monitors{' (drill)' if drill else ''} of {of}"[:100],
                "key_hash": fingerprint(key),
                "key_hint": key[:8],
            },
        )[0]
    open_inbox(found.pk)
    return found


def tell(monitor: Monitor, *, down: bool, text: str, at: datetime) -> None:
    """Write the signal, inside the caller's transaction. Told twice it is the same alert, by its key."""
    noun = "heartbeat" if isinstance(monitor, Heartbeat) else "check"
    labels = {
        **monitor.labels,
        "alertname": monitor.name,
        noun: monitor.slug,
        "team": monitor.team.slug,
        "severity": monitor.severity,
    }
    if monitor.service is not None:
        labels["service"] = monitor.service.slug
    said = {
        "key": f"{noun}:{monitor.pk}",
        "down": down,
        "title": (monitor.alert_title or f"{monitor.name}: {text}"[:200]) if down else monitor.name,
        "text": text,
        "about": monitor.description,
        "severity": monitor.severity,
        "labels": labels,
        "link": f"{conf.current().url.rstrip('/')}/monitors/{noun}s/{monitor.slug}",
    }
    store(
        integration_of(monitor).pk,
        received_at=at,
        body=json.dumps(said).encode(),
        content_type="application/json",
        remote=f"{noun} {monitor.slug}",
    )
