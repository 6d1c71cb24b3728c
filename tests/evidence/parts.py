"""What tests of evidence are made of."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, quote

import factories as make
from peers.http import Answer, HttpPeer, Request
from watchroom.accounts.actors import Actor
from watchroom.catalog.models import Service
from watchroom.evidence import commands
from watchroom.evidence.models import Connection, Indicator
from watchroom.intake.models import Alert, AlertGroup
from watchroom.kernel import clock

EXPRESSION = 'sum(rate(http_errors_total{service="checkout"}[5m])) > 0.1'


def matrix(request: Request) -> Answer:
    """A Prometheus that knows one curve, which rises."""
    query = {name: values[0] for name, values in parse_qs(request.text).items()}
    start, end = float(query["start"]), float(query["end"])
    values = [[start + n * 15, str(n / 100)] for n in range(int((end - start) / 15))]
    return Answer(body={"status": "success", "data": {"result": [{"metric": {"job": "a"}, "values": values}]}})


def connection(by: Actor, service: Service, peer: HttpPeer, kind: str) -> Connection:
    return commands.save_connection(
        by, None, team=service.team, kind=kind, name=kind.capitalize(), settings={"url": peer.url}
    )


def indicator(
    by: Actor, service: Service, asked_of: Connection, kind: str, expression: str, **fields: Any
) -> Indicator:
    return commands.save_indicator(
        by, None, service=service, connection=asked_of, kind=kind, expression=expression, **fields
    )


def alert_group(service: Service) -> AlertGroup:
    """A group whose alert has a Prometheus link; it began twenty minutes ago."""
    opened = clock.now() - timedelta(minutes=20)
    made = make.group("Errors", service=service, opened_at=opened, last_alert_at=opened)
    Alert.objects.create(
        integration=make.integration(service=service),
        group=made,
        dedup_key="k",
        title="Too many errors",
        severity="critical",
        labels={"alertname": "Errors", "zone": 'eu"1'},
        link=f"http://prom.example.org:9090/graph?g0.expr={quote(EXPRESSION)}&g0.tab=1",
        starts_at=opened,
        first_seen_at=opened,
        last_seen_at=opened,
    )
    return made


def until(ask: Callable[[], Any], there: Callable[[str], bool], seconds: float = 60) -> str:
    """What a fragment says once ``there`` holds, polled as htmx would."""
    end = time.monotonic() + seconds
    while True:
        text: str = ask().content.decode()
        if there(text) or time.monotonic() > end:
            return text
        time.sleep(0.1)
