"""What the gate does for SNS before it accepts anything: fetch the certificate, pay the visit that confirms."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gate.running import Running
from peers.amazon import ALARM, CERTIFICATE, VISIT, Amazon
from watchroom.intake.commands.receive import read_signals
from watchroom.intake.models import Alert, Integration, Signal
from watchroom.kernel import http

Make = Callable[..., tuple[Integration, str]]


class Visited:
    """Stands in for the internet: what was fetched, and what it answers."""

    def __init__(self, pem: str) -> None:
        self.pem, self.status = pem, 200
        self.addresses: list[str] = []

    def fetch(self, method: str, url: str, **named: Any) -> http.Answer:
        self.addresses.append(url)
        return http.Answer(self.status, {}, self.pem.encode() if url == CERTIFICATE else b"<ok/>")


@pytest.fixture
def amazon() -> Amazon:
    return Amazon()


@pytest.fixture
def visited(amazon: Amazon, monkeypatch: pytest.MonkeyPatch) -> Iterator[Visited]:
    visited = Visited(amazon.pem)
    monkeypatch.setattr(http, "fetch", visited.fetch)
    yield visited


def send(gate: Running, key: str, said: dict[str, Any], **headers: str) -> int:
    body = json.dumps(said).encode()
    return gate.ask("POST", f"/in/{key}", body, Content_Type="text/plain; charset=UTF-8", **headers).status


def test_a_subscription_is_confirmed_and_its_alarms_are_taken(
    gate: Running, integration: Make, amazon: Amazon, visited: Visited
) -> None:
    _, key = integration(source="sns")
    assert send(gate, key, amazon.confirmation()) == 200
    assert visited.addresses == [CERTIFICATE, VISIT]
    assert send(gate, key, amazon.notification(ALARM)) == 200
    assert send(gate, key, amazon.notification(ALARM | {"NewStateValue": "OK"})) == 200
    assert visited.addresses == [CERTIFICATE, VISIT]  # the certificate is remembered
    read_signals(10)
    alert = Alert.objects.get()
    assert alert.title == "The web servers are too hot" and alert.ended_at is not None


def test_what_is_forged_visits_nothing_and_is_kept_in_the_tray(
    gate: Running, integration: Make, amazon: Amazon, visited: Visited
) -> None:
    _, key = integration(source="sns")
    forged = amazon.confirmation() | {"Message": "other"}
    assert send(gate, key, forged) == 401
    assert visited.addresses == [CERTIFICATE]
    other = Amazon()
    elsewhere = other.notification(ALARM) | {"SigningCertURL": "https://evil.example/a.pem"}
    assert send(gate, key, elsewhere, Signing_Certificate=other.pem.replace("\n", " ")) == 401
    assert visited.addresses == [CERTIFICATE]
    assert Signal.objects.filter(refused=True).count() == 2
    read_signals(10)
    assert not Alert.objects.exists()


def test_without_the_certificate_nothing_is_accepted_and_sns_shall_come_back(
    gate: Running, integration: Make, amazon: Amazon, visited: Visited
) -> None:
    _, key = integration(source="sns")
    visited.status = 503
    assert send(gate, key, amazon.notification(ALARM)) == 503
    assert not Signal.objects.exists()
    visited.status = 200
    assert send(gate, key, amazon.notification(ALARM)) == 200


def test_an_opentelemetry_export_is_answered_in_its_own_form(gate: Running, integration: Make) -> None:
    _, key = integration(source="otel")
    answer = gate.ask("POST", f"/in/{key}/v1/logs", b"", Content_Type="application/x-protobuf")
    assert (answer.status, answer.body) == (200, b"")
    assert gate.ask("POST", f"/in/{key}/v1/logs", b"\xff", Content_Type="application/x-protobuf").status == 400


def test_who_sends_cloudevents_may_ask_first(gate: Running, integration: Make) -> None:
    _, key = integration(source="cloudevents")
    answer = gate.ask("OPTIONS", f"/in/{key}", WebHook_Request_Origin="eventgrid.example")
    assert (answer.status, answer.headers["WebHook-Allowed-Origin"]) == (200, "*")
    said = {"ce_id": "1", "ce_source": "/backup", "ce_type": "com.example.failed", "ce_specversion": "1.0"}
    body = b'{"message": "No space left"}'
    assert gate.ask("POST", f"/in/{key}", body, Content_Type="application/json", **said).status == 200
    read_signals(10)
    assert Alert.objects.get().title == "No space left"
