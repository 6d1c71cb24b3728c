"""PagerDuty's Events API: what its events become, and its official client against a real gate."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchroom.sources.base import Inbound, Keyed, Parsed
from watchroom.sources.pagerduty import source

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PAYLOAD = {"summary": "Disk full", "source": "db1", "severity": "error"}


def read(said: Any, path: str = "/v2/enqueue") -> Parsed:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    return source.parse(Inbound(path=path, body=body, content_type="application/json", received_at=NOW))


def test_a_trigger_fires() -> None:
    parsed = read(
        {
            "routing_key": "k",
            "event_action": "trigger",
            "dedup_key": "disk",
            "client": "Grafana",
            "client_url": "https://grafana.example/d/1",
            "links": [{"href": "https://runbook.example", "text": "Runbook"}, {"href": "javascript:alert(1)"}],
            "images": [{"src": "https://img.example/1.png"}],
            "payload": PAYLOAD
            | {"group": "prod", "class": "disk", "component": "pg", "timestamp": "2026-03-02T08:59:00+00:00Z"}
            | {"custom_details": {"free": 0, "log": "x" * 500}},
        }
    )
    (draft,) = parsed.drafts
    assert (draft.dedup_key, draft.title, draft.severity, draft.act) == ("disk", "Disk full", "error", "fire")
    assert draft.labels == {
        "source": "db1", "group": "prod", "class": "disk", "component": "pg", "client": "Grafana", "severity": "error",
        "free": "0",
    }  # fmt: skip
    assert draft.starts_at == datetime(2026, 3, 2, 8, 59, tzinfo=UTC)
    assert (draft.link, draft.ends_at) == ("https://grafana.example/d/1", None)
    assert draft.annotations["links"] == "Runbook https://runbook.example"
    assert draft.annotations["images"] == "https://img.example/1.png"
    assert draft.annotations["log"] == "x" * 500
    reply = source.reply(parsed)
    assert (reply.status, json.loads(reply.body)) == (
        202,
        {"status": "success", "message": "Event processed", "dedup_key": "disk"},
    )


def test_acknowledge_and_resolve() -> None:
    (acknowledge,) = read({"event_action": "acknowledge", "dedup_key": "disk", "client": "Ada"}).drafts
    assert (acknowledge.act, acknowledge.dedup_key, acknowledge.note) == ("acknowledge", "disk", "by Ada")
    (resolve,) = read({"event_action": "resolve", "dedup_key": "disk"}).drafts
    assert (resolve.act, resolve.ends_at, resolve.stated_end) == ("end", NOW, True)


def test_a_key_that_is_not_given_is_made_and_told() -> None:
    said = {"event_action": "trigger", "payload": PAYLOAD}
    first, again = read(said), read(said)
    assert first == again
    assert json.loads(source.reply(first).body)["dedup_key"] == first.drafts[0].dedup_key
    later = Inbound("/v2/enqueue", json.dumps(said).encode(), "", NOW.replace(microsecond=1))
    assert source.parse(later).drafts[0].dedup_key != first.drafts[0].dedup_key


def test_a_change_opens_nothing() -> None:
    parsed = read({"payload": {"summary": "Deployed 1.2"}}, "/v2/change/enqueue")
    assert (parsed.drafts, parsed.problems, source.reply(parsed).status) == ((), (), 202)
    assert read({"payload": {}}, "/v2/change/enqueue").problems[0].field == "payload.summary"
    assert parsed.changes[0].title == "Deployed 1.2" and parsed.changes[0].at == NOW


def test_a_change_says_what_was_changed() -> None:
    details = {"Service": "Checkout", "version": 418, "author": "kim", "kind": "config", "log": {"a": 1}}
    payload = {
        "summary": "checkout  4.18",
        "source": "ci",
        "timestamp": "2026-03-02T08:59:00Z",
        "custom_details": details,
    }
    links = [{"href": "javascript:alert(1)"}, {"href": "https://ci.example/1", "text": "Build"}]
    (change,) = read({"routing_key": "k", "payload": payload, "links": links}, "/v2/change/enqueue").changes
    assert (change.title, change.kind, change.version, change.author) == ("checkout 4.18", "config", "418", "kim")
    assert (change.service, change.source, change.link) == ("checkout", "ci", "https://ci.example/1")
    assert change.at.minute == 59
    again = read({"routing_key": "other", "payload": payload, "links": links}, "/v2/change/enqueue").changes[0]
    assert again.key == change.key
    for odd in ({"timestamp": "2999-01-01T00:00:00Z"}, {"custom_details": [1]}, {"custom_details": {"kind": "party"}}):
        (found,) = read({"payload": {**payload, **odd}}, "/v2/change/enqueue").changes
        assert found.at <= NOW and found.kind in {"deploy", "config"}


def test_the_first_version_of_the_api() -> None:
    said = {
        "service_key": "k",
        "event_type": "trigger",
        "description": "Down",
        "incident_key": "a",
        "details": {"n": 1},
    }
    parsed = read(said, "/generic/2010-04-15/create_event.json")
    (draft,) = parsed.drafts
    assert (draft.dedup_key, draft.title, draft.severity, draft.labels["n"]) == ("a", "Down", "critical", "1")
    assert (source.reply(parsed).status, json.loads(source.reply(parsed).body)["incident_key"]) == (200, "a")


@pytest.mark.parametrize(
    ("said", "field"),
    [
        (b"{", "body"),
        (b"\xff", "body"),
        (b"[" * 100_000, "body"),
        ([], "body"),
        ({}, "event_action"),
        ({"event_action": "fire"}, "event_action"),
        ({"event_action": "resolve"}, "dedup_key"),
        ({"event_action": "resolve", "dedup_key": "x" * 256}, "dedup_key"),
        ({"event_action": "trigger"}, "payload"),
        ({"event_action": "trigger", "payload": PAYLOAD | {"summary": " "}}, "payload.summary"),
        ({"event_action": "trigger", "payload": PAYLOAD | {"source": None}}, "payload.source"),
        ({"event_action": "trigger", "payload": PAYLOAD | {"severity": "bad"}}, "payload.severity"),
    ],
    ids=str,
)
def test_what_is_refused_names_the_field(said: Any, field: str) -> None:
    parsed = read(said)
    assert [problem.field for problem in parsed.problems] == [field]
    reply = source.reply(parsed)
    told = json.loads(reply.body)
    assert (reply.status, told["status"]) == (400, "invalid event")
    assert field in told["errors"][0]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from(["trigger", "resolve", "error"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
fields = st.sampled_from(["event_action", "dedup_key", "payload", "links", "images", "client", "client_url"])
parts = st.sampled_from(["summary", "source", "severity", "timestamp", "custom_details", "class"])


@given(st.dictionaries(fields, values | st.dictionaries(parts, values)) | values, st.sampled_from(list("abc")))
def test_whatever_comes_is_drafts_or_problems(said: Any, kind: str) -> None:
    path = {"a": "/v2/enqueue", "b": "/v2/change/enqueue", "c": "/generic/2010-04-15/create_event.json"}[kind]
    if isinstance(said, dict) and kind == "a" and "payload" in said:
        said = {**said, "event_action": "trigger"}
    parsed = read(said, path)
    assert parsed == read(said, path)
    assert not (parsed.drafts and parsed.problems)
    assert parsed.drafts or parsed.problems or kind == "b"
    assert "\0" not in "".join(t for d in parsed.drafts for t in (d.title, *d.labels.values(), *d.annotations.values()))
    source.reply(parsed)


# --- Through a real gate ---


@pytest.fixture
def gate(transactional_db: None) -> Iterator[Any]:
    from gate.running import running_gate

    with running_gate() as running:
        yield running


@pytest.fixture
def made() -> Callable[..., Any]:
    import factories

    return lambda **fields: factories.integration(source="pagerduty", **fields)


def test_its_official_client(gate: Any, made: Callable[..., Any]) -> None:
    import pagerduty

    from watchroom.intake.commands.receive import read_signals
    from watchroom.intake.models import Alert, Signal

    integration = made()
    client = pagerduty.EventsApiV2Client(integration.key)
    client._url = f"http://127.0.0.1:{gate.port}"  # its setter insists on https, which the gate leaves to a proxy
    key = client.trigger("Disk full", "db1", severity="warning", custom_details={"free": "0 %"})
    client.send_change_event({"summary": "Deployed 1.2", "source": "ci"})  # its submit() fails by itself in 7.2
    read_signals(10)
    alert = Alert.objects.get()
    assert (alert.title, alert.severity, alert.dedup_key) == ("Disk full", "warning", key)
    client.acknowledge(key)
    read_signals(10)
    alert.group.refresh_from_db()
    assert alert.group.state == "acknowledged"
    client.resolve(key)
    read_signals(10)
    alert.refresh_from_db()
    assert alert.state == "resolved"
    assert Signal.objects.filter(integration=integration).count() == 4
    with pytest.raises(pagerduty.HttpError):
        stranger = pagerduty.EventsApiV2Client("nobody" * 5)
        stranger._url = client.url
        stranger.trigger("x", "y")


def test_the_key_may_be_in_the_body_a_header_or_the_path(gate: Any, made: Callable[..., Any]) -> None:
    assert isinstance(source, Keyed)
    key = made().key
    said = {"event_action": "trigger", "payload": PAYLOAD}
    in_body = json.dumps(said | {"routing_key": key}).encode()
    assert gate.ask("POST", "/v2/enqueue", in_body).status == 202
    body = json.dumps(said).encode()
    assert gate.ask("POST", "/v2/enqueue", body, X_Routing_Key=key).status == 202
    assert gate.ask("POST", f"/in/{key}/v2/enqueue", body).status == 202
    told = gate.ask("POST", "/v2/enqueue", body)
    assert (told.status, told.json["status"]) == (400, "invalid event")
    assert gate.ask("POST", "/v2/enqueue", json.dumps(said | {"routing_key": "no"}).encode()).status == 401


def test_too_large(gate: Any, made: Callable[..., Any]) -> None:
    key = made().key
    body = json.dumps({"routing_key": key, "event_action": "trigger", "payload": PAYLOAD}).encode().ljust(512 * 1024)
    for path in ("/v2/enqueue", f"/in/{key}/v2/enqueue"):
        assert gate.ask("POST", path, body).status == 202
        answer = gate.ask("POST", path, body + b" ")
        assert (answer.status, "512 KiB" in answer.json["detail"]) == (413, True)
