"""What Alertmanager's API means, read without a server."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchroom.sources.alertmanager import source
from watchroom.sources.alertmanager.fingerprint import fingerprint
from watchroom.sources.alertmanager.times import parse_time
from watchroom.sources.base import Draft, Inbound, Parsed, Probed

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FIRST, LAST = datetime(1, 1, 3), datetime(9999, 12, 29)  # noqa: DTZ001 - Hypothesis wants them so
MINUTE = timedelta(minutes=1)
ZERO = "0001-01-01T00:00:00Z"


def read(body: bytes | list[Any]) -> Parsed:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return source.parse(Inbound("/api/v2/alerts", raw, "application/json", NOW))


def one(**fields: Any) -> Draft:
    parsed = read([{"labels": {"alertname": "A"}, **fields}])
    assert not parsed.problems
    return parsed.drafts[0]


@pytest.mark.parametrize(
    ("sent", "starts_at", "ends_at", "stated"),
    [
        ({}, NOW, NOW + 5 * MINUTE, False),
        ({"startsAt": ZERO, "endsAt": ZERO}, NOW, NOW + 5 * MINUTE, False),
        ({"startsAt": "", "endsAt": None}, NOW, NOW + 5 * MINUTE, False),
        ({"endsAt": "2026-03-02T08:00:00Z"}, NOW - 60 * MINUTE, NOW - 60 * MINUTE, True),
        ({"startsAt": "2026-03-02T08:59:00Z"}, NOW - MINUTE, NOW + 5 * MINUTE, False),
        ({"startsAt": "2026-03-02T10:59:00+02:00", "endsAt": "2026-03-02T09:01:00Z"}, NOW - MINUTE, NOW + MINUTE, True),
        ({"startsAt": "2026-03-02T09:00:00Z", "endsAt": "2026-03-02T09:00:00Z"}, NOW, NOW, True),
    ],
)
def test_start_and_end(sent: dict[str, Any], starts_at: datetime, ends_at: datetime, stated: bool) -> None:
    draft = one(**sent)
    assert (draft.starts_at, draft.ends_at, draft.stated_end) == (starts_at, ends_at, stated)


@pytest.mark.parametrize(
    ("alert", "field"),
    [
        ({}, "labels"),
        ({"labels": {}}, "labels"),
        ({"labels": None}, "labels"),
        ({"labels": {"a": ""}}, "labels"),
        ({"labels": {"": "a"}}, "labels"),
        ({"labels": {"a": 1}}, "labels"),
        ({"labels": "a"}, "labels"),
        ({"labels": {"a": "b"}, "startsAt": "yesterday"}, "startsAt"),
        ({"labels": {"a": "b"}, "startsAt": "2026-03-02"}, "startsAt"),
        ({"labels": {"a": "b"}, "endsAt": "2026-13-02T09:00:00Z"}, "endsAt"),
        ({"labels": {"a": "b"}, "startsAt": "2026-03-02T09:00:00Z", "endsAt": "2026-03-02T08:59:59Z"}, "endsAt"),
        ({"labels": {"a": "b"}, "startsAt": "2026-03-02T09:06:00Z"}, "startsAt"),
        ({"labels": {"a": "b"}, "annotations": [1]}, "annotations"),
        ("alert", "alert"),
    ],
)
def test_a_bad_alert_costs_the_good_ones_nothing(alert: Any, field: str) -> None:
    parsed = read([{"labels": {"alertname": "A"}}, alert, {"labels": {"alertname": "B"}}])
    assert [draft.title for draft in parsed.drafts] == ["A", "B"]
    assert [problem.field for problem in parsed.problems] == [f"[1].{field}"]
    reply = source.reply(parsed)
    assert (reply.status, reply.content_type) == (400, "text/plain; charset=utf-8")
    assert field.encode() in reply.body


def test_a_good_batch_is_answered_with_nothing() -> None:
    assert (source.reply(read([])).status, source.reply(read([])).body) == (200, b"")


def test_invalid_utf8_costs_only_its_own_alert() -> None:
    parsed = read(b'[{"labels":{"alertname":"A"}},{"labels":{"alertname":"\xff"}}]')
    assert [draft.title for draft in parsed.drafts] == ["A"]
    assert "UTF-8" in parsed.problems[0].fix


def test_null_is_nothing_as_in_go() -> None:
    parsed = read([{"labels": {"alertname": "A", "x": None}, "annotations": None, "generatorURL": None}])
    assert (parsed.drafts[0].labels, parsed.problems) == ({"alertname": "A"}, ())


def test_nul_never_reaches_the_database() -> None:
    draft = one(labels={"alertname": "A\0", "b\0": "c"}, annotations={"summary": "x\0"}, generatorURL="http://a/\0")
    assert "\0" not in repr(draft)
    assert "\\x00" not in repr(draft)


@pytest.mark.parametrize(
    ("severity", "expected"),
    [
        (None, "warning"), ("critical", "critical"), ("PAGE", "critical"), (" p1 ", "critical"), ("high", "error"),
        ("p2", "error"), ("warn", "warning"), ("minor", "warning"), ("none", "info"), ("", "warning"),
        ("sev1", "critical"), ("crit", "critical"), ("disaster", "critical"),
    ],
)  # fmt: skip
def test_severity(severity: str | None, expected: str) -> None:
    labels = {"alertname": "A"} | ({} if severity is None else {"severity": severity})
    assert one(labels=labels).severity == expected


def test_title() -> None:
    assert one(annotations={"summary": " Disk\n is  full "}).title == "Disk is full"
    assert one(labels={"alertname": "DiskFull", "instance": "a:9100"}).title == "DiskFull on a:9100"
    assert one(labels={"alertname": "DiskFull"}, annotations={"summary": " "}).title == "DiskFull"
    assert one(labels={"b": "2", "a": "1"}).title == "a=1, b=2"
    assert len(one(annotations={"summary": "x" * 1000}).title) == 300


def test_link() -> None:
    assert one(generatorURL="http://prometheus/graph").link == "http://prometheus/graph"
    assert one(generatorURL="http://" + "x" * 3000).link == ""


@given(
    instant=st.datetimes(FIRST, LAST),
    nanoseconds=st.integers(0, 999_999_999),
    offset=st.integers(-23 * 60, 23 * 60),
)
def test_times_as_go_writes_them(instant: datetime, nanoseconds: int, offset: int) -> None:
    instant = instant.replace(microsecond=0, tzinfo=UTC)
    local = (instant + timedelta(minutes=offset)).replace(tzinfo=None)
    zone = f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02}:{abs(offset) % 60:02}" if offset else "Z"
    fraction = f".{nanoseconds:09}".rstrip("0").rstrip(".")
    assert parse_time(f"{local.isoformat()}{fraction}{zone}") == instant + timedelta(microseconds=nanoseconds // 1000)


@given(st.text())
def test_no_text_breaks_the_clock(text: str) -> None:
    try:
        parsed = parse_time(text)
    except ValueError:
        return
    assert parsed is None or parsed.tzinfo is UTC


values = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
label_sets = st.dictionaries(values, values, min_size=1)


@given(label_sets)
def test_identity_depends_on_the_labels_only(labels: dict[str, str]) -> None:
    backwards = dict(reversed(labels.items()))
    assert fingerprint(labels) == fingerprint(backwards)
    assert re.fullmatch("[0-9a-f]{16}", fingerprint(labels))
    state = 14695981039346656037  # the definition, written out
    for name in sorted(labels):
        for byte in name.encode() + b"\xff" + labels[name].encode() + b"\xff":
            state = ((state ^ byte) * 1099511628211) % 2**64
    assert fingerprint(labels) == f"{state:016x}"


@given(label_sets, st.sets(values))
def test_empty_labels_are_no_labels(labels: dict[str, str], more: set[str]) -> None:
    padded = {**dict.fromkeys(more, ""), **labels}
    assert read([{"labels": padded}]) == read([{"labels": labels}])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
alerts = st.fixed_dictionaries(
    {},
    optional={
        "labels": st.dictionaries(st.text(), st.text()) | json_values,
        "annotations": st.dictionaries(st.text(), st.text()) | json_values,
        "startsAt": st.sampled_from(["2026-03-02T09:00:00Z", ZERO, ""]) | json_values,
        "endsAt": st.sampled_from(["2026-03-02T09:01:00.5+01:00", ZERO, ""]) | json_values,
        "generatorURL": st.text() | json_values,
    },
)


@given(st.lists(alerts | json_values) | json_values)
def test_each_alert_is_a_draft_or_a_problem(body: Any) -> None:
    parsed = read(json.dumps(body).encode())
    if isinstance(body, list):
        assert len(parsed.drafts) + len(parsed.problems) == len(body) or parsed.problems[0].field.startswith("body")
    else:
        assert len(parsed.problems) == 1
    for draft in parsed.drafts:
        assert draft.labels
        assert all(draft.labels.values())
        assert draft.ends_at is not None
        assert draft.starts_at <= draft.ends_at
        assert len(draft.title) <= 300
    assert source.reply(parsed).status == (400 if parsed.problems else 200)


@given(st.binary())
def test_no_bytes_break_it(body: bytes) -> None:
    assert read(body) == read(body)


def test_instructions_can_be_copied() -> None:
    import yaml

    text = source.instructions("https://watch.example.org/in/wri_abc")
    block = yaml.safe_load(text.split("```yaml\n")[1].split("```")[0])
    assert block["alerting"]["alertmanagers"] == [
        {
            "scheme": "https",
            "path_prefix": "/in/wri_abc",
            "static_configs": [{"targets": ["watch.example.org"]}],
        }
    ]
    assert "https://watch.example.org/in/wri_abc/api/v2/alerts" in text
    body = re.search(r"-d '(.*)'", text)
    assert body is not None
    assert not read(body[1].encode()).problems


def test_it_is_probed() -> None:
    assert isinstance(source, Probed)
    assert source.probe("POST", "/api/v2/alerts") is None


@pytest.mark.peer
def test_the_fingerprint_is_alertmanagers_own(alertmanager: Any) -> None:
    import urllib.request

    peer = alertmanager()
    sent = [{"labels": {"alertname": "A", "instance": "ä:1", "b": "c\nd"}}, {"labels": {"x": "y", "z": ""}}]
    request = urllib.request.Request(
        f"{peer.url}/api/v2/alerts", json.dumps(sent).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=10).close()
    with urllib.request.urlopen(f"{peer.url}/api/v2/alerts", timeout=10) as answer:
        theirs = {alert["fingerprint"] for alert in json.load(answer)}
    assert {draft.dedup_key for draft in read(sent).drafts} == theirs


_texts = st.sampled_from(["", "a", "severity", "\0", "ü"])
_times = st.sampled_from(
    [
        "",
        ZERO,
        "2026-03-02T08:00:00Z",
        "2026-03-02T09:00:00Z",
        "2026-03-02T10:00:00.5+02:00",
        "soon",
        "2036-01-01T00:00:00Z",
    ]
)
_anything = st.none() | st.integers() | _texts | st.lists(_texts, max_size=1)
_sent = st.fixed_dictionaries(
    {},
    optional={
        "labels": st.dictionaries(_texts, _texts, max_size=3) | _anything,
        "annotations": st.dictionaries(_texts, _texts, max_size=2) | _anything,
        "startsAt": _times | _anything,
        "endsAt": _times | _anything,
        "generatorURL": _texts | _anything,
        "other": _anything,
    },
)


@given(st.lists(_sent | _anything, max_size=3))
def test_what_is_good_at_a_glance_is_good(sent: list[Any]) -> None:
    body = json.dumps(sent).encode()
    reply, parsed = source.swift_reply(body, NOW), read(body)
    if reply is not None:
        assert not parsed.problems
        assert reply == source.reply(parsed)
        assert len(parsed.drafts) == len(sent)


def test_a_plain_alert_is_good_at_a_glance() -> None:
    sent = {"labels": {"alertname": "A"}, "startsAt": "2026-03-02T09:00:00Z", "endsAt": "2026-03-02T09:04:00Z"}
    assert source.swift_reply(json.dumps([sent, sent]).encode(), NOW) is not None
    for bad in (b"", b"{}", b"[" * 100_000, b'[{"labels":{"a":"\\ud800"}}]', json.dumps([sent, {}]).encode()):
        assert source.swift_reply(bad, NOW) is None
