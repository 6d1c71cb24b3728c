"""Opsgenie's Alert API: what its requests become, and its official client against a real gate."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchroom.sources.base import Inbound, Parsed
from watchroom.sources.opsgenie import source
from watchroom.sources.opsgenie.naming import came_at, id_from, id_of, request_id, tiny_of

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def inbound(said: Any, path: str = "/v2/alerts", query: str = "") -> Inbound:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    return Inbound(path=path, body=body, content_type="application/json", received_at=NOW, query=query)


def read(said: Any, path: str = "/v2/alerts", query: str = "") -> Parsed:
    return source.parse(inbound(said, path, query))


def test_create_fires() -> None:
    said = {
        "message": "Disk  full", "alias": "disk", "description": "No room", "priority": "P2", "tags": ["b", "a"],
        "details": {"host": "db1", "log": "x" * 500}, "entity": "pg", "source": "nagios",
        "responders": [{"type": "team", "name": "DB"}],
    }  # fmt: skip
    parsed = read(said)
    (draft,) = parsed.drafts
    assert (draft.dedup_key, draft.title, draft.severity, draft.act) == (id_of("disk"), "Disk full", "error", "fire")
    assert draft.labels == {
        "host": "db1", "tags": "a,b", "entity": "pg", "source": "nagios", "priority": "P2", "severity": "error",
    }  # fmt: skip
    assert draft.annotations["responders"] == '[{"type":"team","name":"DB"}]'
    assert (draft.annotations["alias"], draft.annotations["log"]) == ("disk", "x" * 500)
    reply = source.reply(parsed)
    told = json.loads(reply.body)
    assert (reply.status, told["result"]) == (202, "Request will be processed")
    assert told["requestId"] == request_id(inbound(said))


def test_without_an_alias_each_request_is_an_alert() -> None:
    first, again = read({"message": "a"}), read({"message": "a"})
    assert first == again
    later = source.parse(Inbound("/v2/alerts", b'{"message": "a"}', "", NOW + timedelta(microseconds=1)))
    assert later.drafts[0].dedup_key != first.drafts[0].dedup_key


@pytest.mark.parametrize(
    ("identifier", "query"),
    [
        (id_of("a/b"), ""),
        (id_of("a/b").upper(), "identifierType=id"),
        ("a/b", "identifierType=alias"),
        (tiny_of(id_of("a/b")), "identifierType=tiny"),
    ],
)
def test_one_alert_by_any_of_its_names(identifier: str, query: str) -> None:
    key = read({"message": "m", "alias": "a/b"}).drafts[0].dedup_key
    (close,) = read({"user": "Ada", "note": "done"}, f"/v2/alerts/{identifier}/close", query).drafts
    assert (close.dedup_key, close.act, close.ends_at, close.note) == (key, "end", NOW, "done (by Ada)")
    (acknowledge,) = read(b"", f"/v2/alerts/{identifier}/acknowledge", query).drafts
    assert (acknowledge.dedup_key, acknowledge.act, acknowledge.note) == (key, "acknowledge", "by its sender")
    (note,) = read({"note": "look"}, f"/v2/alerts/{identifier}/notes", query).drafts
    assert (note.dedup_key, note.act, note.note) == (key, "note", "look (by its sender)")


def test_delete_ends() -> None:
    (draft,) = read(b"", f"/v2/alerts/{id_of('a')}").drafts
    assert (draft.dedup_key, draft.act) == (id_of("a"), "end")
    assert source.accepts("DELETE", "/v2/alerts/x") and not source.accepts("POST", "/v2/alerts/x")
    assert not source.accepts("POST", "/v2/alerts/x/snooze")


@pytest.mark.parametrize(
    ("said", "path", "field"),
    [
        (b"{", "/v2/alerts", "body"),
        ([], "/v2/alerts", "body"),
        (b"[" * 100_000, "/v2/alerts", "body"),
        ({}, "/v2/alerts", "message"),
        ({"message": "m", "alias": "x" * 513}, "/v2/alerts", "alias"),
        ({"message": "m", "priority": "P6"}, "/v2/alerts", "priority"),
        ({"message": "m", "tags": "a"}, "/v2/alerts", "tags"),
        ({"message": "m", "details": []}, "/v2/alerts", "details"),
        ({}, "/v2/alerts/not-an-id/close", "identifier"),
        ({}, f"/v2/alerts/{'x' * 300}/close"[:200], "identifier"),
        ({}, f"/v2/alerts/{id_of('a')}/notes", "note"),
    ],
    ids=str,
)
def test_what_is_refused_names_the_field(said: Any, path: str, field: str) -> None:
    parsed = read(said, path)
    reply = source.reply(parsed)
    assert [problem.field for problem in parsed.problems] == [field]
    assert (reply.status, list(json.loads(reply.body)["errors"])) == (422, [field])


@given(st.text(max_size=50))
def test_an_alias_has_one_id(alias: str) -> None:
    known = id_of(alias)
    assert id_from(alias, "alias") == id_from(known, "id") == id_from(tiny_of(known), "tiny") == known


@given(st.timedeltas(timedelta(0), timedelta(days=30_000)), st.binary(max_size=20))
def test_a_request_says_when_it_came(later: timedelta, body: bytes) -> None:
    at = NOW + later
    assert came_at(request_id(Inbound("/v2/alerts", body, "", at))) == at


@given(st.text(max_size=60), st.sampled_from(["id", "alias", "tiny", ""]))
def test_any_identifier_is_one_or_none(text: str, kind: str) -> None:
    found = id_from(text, kind)
    assert found is None or tiny_of(found).isdigit()
    came_at(text)


values = st.recursive(
    st.none() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(["message", "alias", "tags", "details", "priority", "note", "user", "responders", "entity"])


@given(st.dictionaries(names, values) | values)
def test_whatever_comes_is_drafts_or_problems(said: Any) -> None:
    parsed = read(said)
    assert parsed == read(said)
    assert bool(parsed.drafts) != bool(parsed.problems)
    source.reply(parsed)


def test_its_official_client(transactional_db: None) -> None:
    import opsgenie_sdk

    import factories
    from gate.answering import answering_gate
    from watchroom.intake.commands.receive import read_signals
    from watchroom.intake.models import Alert, GroupEvent

    factories.person()
    integration = factories.integration(source="opsgenie")
    with answering_gate() as gate:
        configuration = opsgenie_sdk.Configuration()
        configuration.host = f"http://127.0.0.1:{gate.port}"
        configuration.api_key["Authorization"] = integration.key
        configuration.api_key_prefix["Authorization"] = "GenieKey"
        api = opsgenie_sdk.AlertApi(opsgenie_sdk.ApiClient(configuration))
        payload = opsgenie_sdk.CreateAlertPayload(message="Disk full", alias="disk", priority="P1", tags=["db"])
        created = api.create_alert(payload)
        assert created.result == "Request will be processed"
        read_signals(10)
        # Some calls of the client wait by themselves until the request has been processed.
        assert api.get_request_status(created.request_id).data.is_success
        alert = api.get_alert("disk", identifier_type="alias").data
        assert (alert.message, alert.priority, alert.status) == ("Disk full", "P1", "open")
        assert [each.alias for each in api.list_alerts(query="status:open").data] == ["disk"]
        api.add_note(alert.id, opsgenie_sdk.AddNoteToAlertPayload(note="looking", user="Ada"))
        api.acknowledge_alert(alert.id)
        read_signals(10)
        assert api.get_alert(alert.id).data.acknowledged
        assert GroupEvent.objects.filter(kind="note", text="looking (by Ada)").exists()
        api.close_alert("disk", identifier_type="alias", close_alert_payload=opsgenie_sdk.CloseAlertPayload())
        read_signals(10)
        assert api.get_alert(alert.id).data.status == "closed"
        api.delete_alert(alert.id)
    assert Alert.objects.get().state == "resolved"


def test_its_official_client_manages_heartbeats(transactional_db: None) -> None:
    import opsgenie_sdk

    import factories
    from gate.answering import answering_gate
    from watchroom.accounts.models import AuditRecord
    from watchroom.monitors.models import Heartbeat

    factories.person()
    integration = factories.integration(source="opsgenie")
    theirs = Heartbeat.objects.create(
        team=factories.team(), name="Theirs", slug="theirs", key="t", key_hash="t", key_hint="t"
    )
    with answering_gate() as gate:
        configuration = opsgenie_sdk.Configuration()
        configuration.host = f"http://127.0.0.1:{gate.port}"
        configuration.api_key["Authorization"] = integration.key
        configuration.api_key_prefix["Authorization"] = "GenieKey"
        api = opsgenie_sdk.HeartbeatApi(opsgenie_sdk.ApiClient(configuration))
        payload = opsgenie_sdk.CreateHeartbeatPayload(
            name="Nightly backup", interval=2, interval_unit="hours", enabled=True, alert_priority="P4",
            description="Ask in #storage.", alert_message="No backup tonight", alert_tags=["db", "eu"],
            owner_team={"name": integration.team.name},
        )  # fmt: skip
        made = api.create_heartbeat(payload).data
        assert (made.name, made.interval, made.interval_unit, made.enabled) == ("Nightly backup", 2, "hours", True)
        row = Heartbeat.objects.get(team=integration.team)
        assert (row.slug, row.severity, row.period_seconds, row.grace_seconds) == (
            "nightly-backup",
            "info",
            7200,
            10,
        )
        asked = gate.ask("GET", f"/in/{integration.key}/v2/heartbeats/nightly-backup").json["data"]
        assert {name: asked[name] for name in ("description", "alertMessage", "alertTags", "alertPriority")} == {
            "description": "Ask in #storage.", "alertMessage": "No backup tonight", "alertTags": ["db", "eu"],
            "alertPriority": "P4",
        }  # fmt: skip
        assert asked["ownerTeam"]["name"] == integration.team.name
        with pytest.raises(opsgenie_sdk.exceptions.ConfigurationException, match="409"):
            api.create_heartbeat(payload)
        assert [each.name for each in api.list_heart_beats().data.heartbeats] == ["Nightly backup"]
        assert not api.disable_heartbeat("Nightly backup").data.enabled
        assert not api.get_heartbeat("nightly-backup").data.enabled
        assert api.enable_heartbeat("Nightly backup").data.enabled
        change = opsgenie_sdk.UpdateHeartbeatPayload(interval=15, interval_unit="minutes", enabled=False)
        assert not api.update_heartbeat("Nightly backup", update_heartbeat_payload=change).data.enabled
        row.refresh_from_db()
        assert (row.period_seconds, row.paused, row.severity) == (900, True, "info")
        assert (row.description, row.labels) == ("Ask in #storage.", {"priority": "P4", "tags": "db,eu"})
        cleared = b'{"alertTags": [], "description": "", "alertPriority": "P2"}'
        assert gate.ask("PATCH", f"/in/{integration.key}/v2/heartbeats/nightly-backup", cleared).status == 200
        row.refresh_from_db()
        assert (row.description, row.labels, row.alert_title) == ("", {"priority": "P2"}, "No backup tonight")
        for wrong in ({"interval": 0}, {"intervalUnit": "years"}, {"alertPriority": "P9"}, {"enabled": "yes"},
                      {"ownerTeam": {"name": "Theirs"}}, {"interval": True}, {"alertTags": "db"}, {"alertTags": ["a,b"]},
                      {"alertMessage": 7}, {"description": "x" * 10_001}):  # fmt: skip
            answer = gate.ask(
                "PATCH", f"/in/{integration.key}/v2/heartbeats/nightly-backup", json.dumps(wrong).encode()
            )
            assert answer.status == 422 and answer.json["fix"], wrong
        Heartbeat.objects.filter(pk=row.pk).update(kind="cron", expression="0 3 * * *")
        follows = gate.ask("PATCH", f"/in/{integration.key}/v2/heartbeats/nightly-backup", b'{"interval": 5}')
        assert follows.status == 409
        for method, path in (("PATCH", "theirs"), ("DELETE", "theirs"), ("POST", "theirs/disable"), ("GET", "none")):
            answer = gate.ask(method, f"/in/{integration.key}/v2/heartbeats/{path}", None if method == "GET" else b"{}")
            assert answer.status == 404
        api.delete_heartbeat("Nightly backup")
        assert gate.ask("POST", f"/in/{integration.key}/v2/heartbeats", b"[]").status == 422
        assert gate.ask("POST", f"/in/{integration.key}/v2/heartbeats", b'{"interval": 1}').status == 422
    assert list(Heartbeat.objects.all()) == [theirs]
    assert set(AuditRecord.objects.filter(action="heartbeat.deleted").values_list("actor_kind", flat=True)) == {
        "integration"
    }
