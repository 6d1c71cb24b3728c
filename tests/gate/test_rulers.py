"""Rulers that are no Prometheus send to Watchroom as to an Alertmanager, unchanged."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from gate.running import Running
from peers.http import Answer, HttpPeer, Request
from peers.programs import wait_until
from peers.vmalert import Vmalert
from watchroom.intake.commands.receive import read_signals
from watchroom.intake.models import Alert, Integration, Signal

RULE = {
    "alert": "ValueTooHigh",
    "expr": "value > 0",
    "labels": {"severity": "critical"},
    "annotations": {"summary": "The value of {{ $labels.service }} is {{ $value }}"},
}


@pytest.mark.peer
def test_vmalert_fires_and_resolves(
    gate: Running, integration: Callable[..., tuple[Integration, str]], http_peer: HttpPeer
) -> None:
    found: list[dict[str, Any]] = [{"metric": {"__name__": "value", "service": "shop"}, "value": [0, "3"]}]

    def datasource(request: Request) -> Answer:
        said = {"status": "success", "data": {"resultType": "vector", "result": found}}
        return Answer(200, json.dumps(said), {"Content-Type": "application/json"})

    http_peer.otherwise = datasource
    _, key = integration()
    vmalert = Vmalert(f"http://127.0.0.1:{gate.port}/in/{key}", http_peer.url, [RULE]).start()
    try:
        wait_until(Signal.objects.exists, 60, f"vmalert sends an alert\n{vmalert.log}")
        read_signals(10)
        alert = Alert.objects.get()
        assert (alert.title, alert.severity, alert.state) == ("The value of shop is 3", "critical", "firing")
        assert alert.labels["service"] == "shop" and "/api/v1/alert" in alert.link
        found.clear()

        def over() -> bool:
            read_signals(10)
            return Alert.objects.get().state == "resolved"

        wait_until(over, 60, f"vmalert says that it is over\n{vmalert.log}")
    finally:
        vmalert.stop()
