"""OpenTelemetry's log records, as JSON and as protobuf."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from watchroom.kernel.errors import Refused
from watchroom.sources.base import Draft, Inbound
from watchroom.sources.otel import source

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def record(number: int, text: str, **more: Any) -> dict[str, Any]:
    return {
        "timeUnixNano": "1772441940000000000",
        "severityNumber": number,
        "severityText": "Error",
        "body": {"stringValue": text},
        **more,
    }


def export(*records: dict[str, Any]) -> dict[str, Any]:
    resource = {
        "attributes": [
            {"key": "service.name", "value": {"stringValue": "checkout"}},
            {"key": "host.name", "value": {"stringValue": "web1"}},
        ]
    }
    return {
        "resourceLogs": [
            {"resource": resource, "scopeLogs": [{"scope": {"name": "cards"}, "logRecords": list(records)}]}
        ]
    }


def drafts(said: dict[str, Any], protobuf: bool = False, **settings: Any) -> tuple[Draft, ...]:
    body = ParseDict(said, ExportLogsServiceRequest()).SerializeToString() if protobuf else json.dumps(said).encode()
    kind = "application/x-protobuf" if protobuf else "application/json"
    parsed = source.parse(Inbound("/v1/logs", body, kind, NOW, settings=settings))
    assert not parsed.problems
    reply = source.reply(parsed)
    assert (reply.status, reply.body, reply.content_type) == (200, b"" if protobuf else b"{}", kind)
    return parsed.drafts


@pytest.mark.parametrize("protobuf", [False, True])
def test_a_record_at_the_threshold_is_an_alert_that_ends_when_it_is_quiet(protobuf: bool) -> None:
    failed = [{"key": "exception.type", "value": {"stringValue": "CardDeclined"}}]
    said = export(record(9, "fine"), record(17, "Card 4711 declined", attributes=failed), record(13, "slow"))
    (draft,) = drafts(said, protobuf)
    assert (draft.title, draft.severity, draft.labels["alertname"]) == (
        "checkout: Card 4711 declined",
        "error",
        "CardDeclined",
    )
    assert (draft.labels["service"], draft.labels["logger"], draft.labels["host"]) == ("checkout", "cards", "web1")
    assert draft.starts_at == datetime(2026, 3, 2, 8, 59, tzinfo=UTC)
    assert draft.ends_at == NOW + timedelta(minutes=30) and not draft.stated_end


def test_records_that_differ_in_numbers_and_ids_only_are_one_alert() -> None:
    said = export(
        record(17, "Card 4711 of '0a0a' declined"),
        record(17, "Card 12 of 'ffff' declined"),
        record(17, "No route to 192.0.2.7"),
    )
    assert [each.title for each in drafts(said)] == [
        "checkout: Card 4711 of '0a0a' declined",
        "checkout: No route to 192.0.2.7",
    ]
    assert drafts(export(record(17, "Card 99 of 'aaaa' declined")))[0].dedup_key == drafts(said)[0].dedup_key


def test_the_threshold_and_the_quiet_time_are_settings() -> None:
    said = export(record(13, "slow"), record(21, "gone"))
    assert [each.severity for each in drafts(said)] == ["critical"]
    found = drafts(said, **source.check({"threshold": "warn", "quiet_minutes": "5"}))
    assert [each.severity for each in found] == ["warning", "critical"]
    assert found[0].ends_at == NOW + timedelta(minutes=5)
    for wrong in ({"threshold": "loud"}, {"quiet_minutes": "0"}, {"quiet_minutes": "x"}, {"else": "1"}):
        with pytest.raises(Refused):
            source.check(wrong)


def test_a_record_without_a_number_has_the_severity_of_its_word() -> None:
    said = record(0, "gone")
    assert [
        each.severity for each in drafts(export(said | {"severityText": "FATAL"}, said | {"severityText": "debug"}))
    ] == ["critical"]


@pytest.mark.parametrize(
    ("kind", "body"),
    [("application/json", b"[]"), ("application/json", b'{"x": 1}'), ("application/x-protobuf", b"\xff\xff")],
)
def test_what_is_no_export_is_refused_in_the_senders_own_form(kind: str, body: bytes) -> None:
    parsed = source.parse(Inbound("/v1/logs", body, kind, NOW))
    reply = source.reply(parsed)
    assert parsed.problems and reply.status == 400 and reply.content_type == kind
    assert source.accepts("POST", "/v1/logs") and not source.accepts("POST", "/v1/traces")
