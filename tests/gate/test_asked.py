"""Questions of senders: from the gate to the web process, and answered there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

import factories
from gate.answering import answering_gate
from gate.running import Running, running_gate
from peers.programs import wait_until
from watchroom.accounts.actors import SYSTEM
from watchroom.intake.commands import pause_integration
from watchroom.intake.commands.receive import read_signals
from watchroom.intake.models import Alert, Integration, Signal
from watchroom.monitors.models import Heartbeat

Make = Callable[..., tuple[Integration, str]]
JSON = "application/json"


@pytest.fixture
def answering(transactional_db: None) -> Iterator[Running]:
    factories.person()  # an installation without people leads everybody to its first run
    with answering_gate() as running:
        yield running


def create(gate: Running, key: str, **said: object) -> str:
    answer = gate.ask("POST", f"/in/{key}/v2/alerts", json.dumps({"message": "Disk full", **said}).encode())
    assert answer.status == 202
    return str(answer.json["requestId"])


def test_a_question_is_answered_by_the_web_process(answering: Running, integration: Make) -> None:
    _, key = integration(source="opsgenie")
    request = create(answering, key, alias="disk/1 ä", priority="P1", tags=["b", "a"], details={"host": "db1"})
    assert answering.ask("GET", f"/in/{key}/v2/alerts/requests/{request}").status == 404  # not yet processed
    read_signals(10)
    became = answering.ask("GET", f"/in/{key}/v2/alerts/requests/{request}").json["data"]
    assert (became["isSuccess"], became["action"], became["alias"]) == (True, "Create", "disk/1 ä")
    for path in (f"{became['alertId']}", "disk%2F1%20%C3%A4?identifierType=alias"):
        answer = answering.ask("GET", f"/in/{key}/v2/alerts/{path}")
        assert answer.headers["Cache-Control"] == "no-store"
        shown = answer.json["data"]
        assert (shown["message"], shown["priority"], shown["status"]) == ("Disk full", "P1", "open")
        assert (shown["tags"], shown["details"]) == (["a", "b"], {"host": "db1"})
    tiny = answering.ask("GET", f"/in/{key}/v2/alerts/{shown['tinyId']}?identifierType=tiny")
    assert tiny.json["data"] == shown


def test_the_key_may_be_in_a_header_and_the_host_any(answering: Running, integration: Make) -> None:
    _, key = integration(source="opsgenie")
    create(answering, key, alias="a")
    read_signals(10)
    for scheme in ("GenieKey", "Bearer"):
        answer = answering.ask("GET", "/v2/alerts?limit=5", Authorization=f"{scheme} {key}", Host="watch.internal:80")
        assert [alert["alias"] for alert in answer.json["data"]] == ["a"]


def test_an_integration_sees_its_own_alerts_only(answering: Running, integration: Make) -> None:
    (_, key), (_, other) = integration(source="opsgenie"), integration(source="opsgenie")
    request = create(answering, key, alias="mine")
    read_signals(10)
    assert Alert.objects.count() == 1
    assert answering.ask("GET", f"/in/{other}/v2/alerts").json["data"] == []
    assert answering.ask("GET", f"/in/{other}/v2/alerts/mine?identifierType=alias").status == 404
    assert answering.ask("GET", f"/in/{other}/v2/alerts/requests/{request}").status == 404


def test_what_is_asked_wrongly_is_told_as_a_problem(answering: Running, integration: Make) -> None:
    made, key = integration(source="opsgenie")
    refused = answering.ask("GET", f"/in/{key}/v2/alerts?query=message:x")
    assert (refused.status, refused.json["field"]) == (422, "query")
    assert answering.ask("GET", f"/in/{key}/v2/alerts?limit=101").json["field"] == "limit"
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert answering.ask("GET", "/in/wri_nobody/v2/alerts").status == 401
    pause_integration(SYSTEM, made, True)
    wait_until(lambda: answering.ask("GET", f"/in/{key}/v2/alerts").status == 403, 60, "the gate knows of it")


def test_the_web_process_looks_at_the_key_itself(transactional_db: None, client: object, integration: Make) -> None:
    made, key = integration(source="opsgenie")
    factories.person()
    assert client.get(f"/in/{key}/v2/alerts").status_code == 200  # type: ignore[attr-defined]
    nobody = client.get("/in/wri_nobody/v2/alerts")  # type: ignore[attr-defined]
    assert (nobody.status_code, nobody["WWW-Authenticate"]) == (401, "Bearer")
    pause_integration(SYSTEM, made, True)
    assert client.get(f"/in/{key}/v2/alerts").status_code == 403  # type: ignore[attr-defined]
    _, other = integration(source="pagerduty")
    assert client.get(f"/in/{other}/v2/alerts").status_code == 404  # type: ignore[attr-defined]


def test_a_gate_alone_names_the_fix(transactional_db: None, integration: Make) -> None:
    _, key = integration(source="opsgenie")
    with running_gate() as gate:
        answer = gate.ask("GET", f"/in/{key}/v2/alerts")
        assert answer.status == 503
        assert "watchroom serve" in answer.json["fix"]
        assert create(gate, key)  # signals are taken all the same
    assert Signal.objects.count() == 1


def test_opsgenies_heartbeats_are_those_of_the_team(answering: Running, integration: Make) -> None:
    made, key = integration(source="opsgenie")
    beat = Heartbeat.objects.create(
        team=made.team, name="Nightly backup", slug="nightly", period_seconds=7200, key="k", key_hash="k", key_hint="k"
    )
    Heartbeat.objects.create(team=factories.team(), name="Theirs", slug="theirs", key="t", key_hash="t", key_hint="t")
    for method, name in (("POST", "nightly"), ("GET", "Nightly%20backup"), ("PUT", "nightly"), ("PATCH", "nightly")):
        answer = answering.ask(
            method, f"/v2/heartbeats/{name}/ping", b"" if method != "GET" else None, Authorization=f"GenieKey {key}"
        )
        assert (answer.status, answer.json["result"]) == (202, "PONG - Heartbeat received")
    beat.refresh_from_db()
    assert (beat.state, beat.pings_count) == ("up", 4)
    shown = answering.ask("GET", f"/in/{key}/v2/heartbeats/Nightly%20backup").json["data"]
    assert (shown["interval"], shown["intervalUnit"], shown["expired"], shown["enabled"]) == (2, "hours", False, True)
    listed = answering.ask("GET", f"/in/{key}/v2/heartbeats").json["data"]["heartbeats"]
    assert [each["name"] for each in listed] == ["Nightly backup"]
    for path in ("theirs/ping", "none/ping", "theirs"):
        assert answering.ask("GET", f"/in/{key}/v2/heartbeats/{path}").status == 404
    assert answering.ask("POST", "/in/wri_nobody/v2/heartbeats/nightly/ping", b"").status == 401
