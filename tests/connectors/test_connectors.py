"""Each connector against a peer that speaks the documented API, and against peers that misbehave."""

from __future__ import annotations

import base64 as b64
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from peers.http import Answer, HttpPeer
from watchroom.connectors import base
from watchroom.connectors.base import Changes, Dashboards, EvidenceFailed, Logs, Metrics, Traces, Window
from watchroom.kernel.errors import Refused
from watchroom.kernel.plugins import all_of

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
WINDOW = Window(START - timedelta(minutes=30), START + timedelta(minutes=30))
AT = START.timestamp()


@pytest.fixture(autouse=True)
def _loopback(configured: Callable[..., None]) -> Iterator[None]:
    configured(WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8")
    yield


def connector(name: str) -> Any:
    return all_of("watchroom.connectors")[name]


def asked(peer: HttpPeer, number: int = -1) -> tuple[str, dict[str, list[str]]]:
    request = peer.requests[number]
    parts = urlsplit(request.path)
    return parts.path, parse_qs(parts.query or request.text)


def test_every_connector_is_found_and_says_what_it_can() -> None:
    found = all_of("watchroom.connectors")
    assert {"grafana", "jaeger", "loki", "prometheus", "tempo", "zipkin"} <= set(found)
    abilities = {
        name: {p.__name__ for p in (Metrics, Logs, Traces, Changes, Dashboards) if isinstance(c, p)}
        for name, c in found.items()
    }
    assert abilities["prometheus"] == {"Metrics"} and abilities["loki"] == {"Logs"}
    assert abilities["jaeger"] == abilities["tempo"] == abilities["zipkin"] == {"Traces"}
    assert abilities["grafana"] == {"Changes", "Dashboards"}


def test_prometheus_asks_for_a_range_and_reads_series(http_peer: HttpPeer) -> None:
    series = {"metric": {"job": "a"}, "values": [[AT, "1.5"], [AT + 15, "NaN"], [AT + 30, "+Inf"], [AT + 45, "2"]]}
    http_peer.answer(
        Answer(body={"status": "success", "warnings": ["slow"], "data": {"resultType": "matrix", "result": [series]}})
    )
    settings = {"url": http_peer.url + "/prom", "username": "u", "password": "p", "tenant": "t"}
    found = connector("prometheus").query_range(settings, "rate(x[5m])", WINDOW, 15)
    assert found.series[0].points == [(AT, 1.5), (AT + 45, 2.0)]
    assert found.series[0].labels == {"job": "a"} and found.notes == ["slow"]
    path, query = asked(http_peer)
    assert path == "/prom/api/v1/query_range" and query["query"] == ["rate(x[5m])"] and query["step"] == ["15"]
    assert float(query["start"][0]) == WINDOW.start.timestamp()
    headers = http_peer.requests[0].headers
    assert headers["authorization"] == f"Basic {b64.b64encode(b'u:p').decode()}" and headers["x-scope-orgid"] == "t"


def test_prometheus_leaves_out_what_is_too_much(http_peer: HttpPeer) -> None:
    many = [{"metric": {"n": str(n)}, "values": [[AT, "1"]]} for n in range(60)]
    http_peer.answer(Answer(body={"status": "success", "data": {"result": many}}))
    found = connector("prometheus").query_range({"url": http_peer.url}, "x", WINDOW, 15)
    assert (len(found.series), found.left_out) == (40, 20)


def test_a_bearer_token_is_sent(http_peer: HttpPeer) -> None:
    http_peer.answer(Answer(body={"status": "success", "data": {"result": [{"metric": {}, "value": [AT, "3"]}]}}))
    assert "3 targets" in connector("prometheus").try_it({"url": http_peer.url, "token": "secret"})
    assert http_peer.requests[0].headers["authorization"] == "Bearer secret"


def test_a_wrong_expression_is_said_in_the_servers_words(http_peer: HttpPeer) -> None:
    http_peer.answer(Answer(status=400, body={"status": "error", "errorType": "bad_data", "error": "parse error: x"}))
    with pytest.raises(EvidenceFailed, match="400: parse error: x") as failed:
        connector("prometheus").query_range({"url": http_peer.url}, "(((", WINDOW, 15)
    assert not failed.value.everything


def test_loki_gives_the_newest_lines_first(http_peer: HttpPeer) -> None:
    ns = int(AT * 1e9)
    result = [
        {"stream": {"app": "a"}, "values": [[str(ns + 5), "five"], [str(ns), "zero"]]},
        {"stream": {"app": "b"}, "values": [[str(ns + 9 * 10**9), "nine", {"trace": "x"}]]},
    ]
    http_peer.answer(Answer(body={"status": "success", "data": {"resultType": "streams", "result": result}}))
    lines = connector("loki").lines({"url": http_peer.url}, '{app="a"}', WINDOW, 10)
    assert [line.text for line in lines] == ["nine", "five", "zero"] and lines[0].labels == {"app": "b"}
    path, query = asked(http_peer)
    assert path == "/loki/api/v1/query_range" and query["direction"] == ["backward"] and query["limit"] == ["10"]
    assert query["start"] == [str(int(WINDOW.start.timestamp() * 1e9))]
    http_peer.answer(Answer(body={"status": "success", "data": {"resultType": "matrix", "result": []}}))
    with pytest.raises(EvidenceFailed, match="numbers, not lines"):
        connector("loki").lines({"url": http_peer.url}, "rate({a=b}[5m])", WINDOW, 10)


def test_a_loki_that_knows_nothing_yet_answers_all_the_same(http_peer: HttpPeer) -> None:
    http_peer.answer(Answer(body={"status": "success", "data": None}))
    assert "0 labels" in connector("loki").try_it({"url": http_peer.url})


def jaeger_trace(number: int = 1, *, error: bool = False, took: int = 2000) -> dict[str, Any]:
    us = int(AT * 1e6)
    child = {
        "spanID": "b",
        "operationName": "SELECT",
        "processID": "p2",
        "startTime": us + 500,
        "duration": 1000,
        "references": [{"refType": "CHILD_OF", "spanID": "a"}],
        "tags": [{"key": "error", "value": True}] if error else [],
    }
    root = {"spanID": "a", "operationName": "GET /", "processID": "p1", "startTime": us, "duration": took}
    processes = {"p1": {"serviceName": "web"}, "p2": {"serviceName": "db"}}
    return {"traceID": f"t{number}", "spans": [child, root], "processes": processes}


def test_jaeger_finds_failed_and_slow_traces_first_and_gives_one(http_peer: HttpPeer) -> None:
    data = [jaeger_trace(1, took=9000), jaeger_trace(2, error=True), jaeger_trace(3, took=20000)]
    failed = [jaeger_trace(2, error=True)]
    http_peer.answer(Answer(body={"data": failed}), Answer(body={"data": data}), Answer(body={"data": failed}))
    found = connector("jaeger").find({"url": http_peer.url}, "web", WINDOW, 10)
    assert [each.id for each in found] == ["t2", "t3", "t1"] and found[0].failed
    assert (found[1].duration_ms, found[1].name, found[1].service) == (20.0, "GET /", "web")
    assert asked(http_peer, 0)[1]["tags"] == ['{"error":"true"}']  # the newest fifty of a busy service seldom have any
    path, query = asked(http_peer)
    assert (
        path == "/api/traces"
        and "tags" not in query
        and query["service"] == ["web"]
        and query["start"] == [str(int(WINDOW.start.timestamp() * 1e6))]
    )
    trace = connector("jaeger").get({"url": http_peer.url}, "t2")
    assert [(s.id, s.parent, s.service, s.start_ms, s.failed) for s in trace.spans] == [
        ("a", "", "web", 0.0, False),
        ("b", "a", "db", 0.5, True),
    ]
    assert connector("jaeger").link({"url": "https://j"}, "t/2") == "https://j/trace/t%2F2"


def test_tempo_searches_by_traceql_and_reads_otlp(http_peer: HttpPeer) -> None:
    ns = int(AT * 1e9)
    summary = {
        "traceID": "f1",
        "rootServiceName": "web",
        "rootTraceName": "GET /",
        "startTimeUnixNano": str(ns),
        "durationMs": 12,
    }
    http_peer.answer(
        Answer(body={"traces": [summary]}),
        Answer(body={"traces": [summary, {**summary, "traceID": "s1", "durationMs": 900}]}),
    )
    found = connector("tempo").find({"url": http_peer.url}, 'we"b', WINDOW, 10)
    assert [(each.id, each.failed) for each in found] == [("f1", True), ("s1", False)]
    assert asked(http_peer, 0)[1]["q"] == ['{ resource.service.name="we\\"b" && status=error }']
    span = {
        "spanId": b64.b64encode(b"12345678").decode(),
        "name": "GET /",
        "startTimeUnixNano": str(ns),
        "endTimeUnixNano": str(ns + 5_000_000),
    }
    inner = {
        **span,
        "spanId": b64.b64encode(b"abcdefgh").decode(),
        "parentSpanId": span["spanId"],
        "status": {"code": "STATUS_CODE_ERROR"},
    }
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "web"}}]}
    for outer, scope in (
        ("batches", "scopeSpans"),
        ("resourceSpans", "scopeSpans"),
        ("batches", "instrumentationLibrarySpans"),
    ):
        http_peer.answer(Answer(body={outer: [{"resource": resource, scope: [{"spans": [span, inner]}]}]}))
        trace = connector("tempo").get({"url": http_peer.url}, "f1")
        assert [(s.duration_ms, s.failed, s.service) for s in trace.spans] == [(5.0, False, "web"), (5.0, True, "web")]
        assert trace.spans[1].parent == trace.spans[0].id == b"12345678".hex()
    assert asked(http_peer)[0] == "/api/traces/f1"
    assert connector("tempo").link({"url": "https://t"}, "f1") == ""
    link = parse_qs(urlsplit(connector("tempo").link({"public_url": "https://g/", "datasource": "traces"}, "f1")).query)
    pane = json.loads(link["panes"][0])["trace"]
    assert (pane["datasource"], pane["queries"][0]["query"], link["schemaVersion"]) == ("traces", "f1", ["1"])


def test_zipkin(http_peer: HttpPeer) -> None:
    us = int(AT * 1e6)
    root = {
        "traceId": "z",
        "id": "1",
        "name": "get",
        "timestamp": us,
        "duration": 3000,
        "localEndpoint": {"serviceName": "web"},
    }
    half = {
        "traceId": "z",
        "id": "1",
        "shared": True,
        "name": "get",
        "timestamp": us + 100,
        "duration": 2000,
        "localEndpoint": {"serviceName": "api"},
        "tags": {"error": "500"},
    }
    http_peer.answer(Answer(body=[[root, half]]), Answer(body=[[root, half]]), Answer(body=[root, half]))
    found = connector("zipkin").find({"url": http_peer.url}, "Web", WINDOW, 10)
    assert (found[0].id, found[0].failed, found[0].duration_ms) == ("z", True, 3.0)
    path, query = asked(http_peer)
    assert path == "/api/v2/traces" and query["serviceName"] == ["web"] and query["lookback"] == ["3600000"]
    assert asked(http_peer, 0)[1]["annotationQuery"] == ["error"] and "annotationQuery" not in query
    trace = connector("zipkin").get({"url": http_peer.url}, "z")
    assert [(s.id, s.parent) for s in trace.spans] == [("1", ""), ("1/server", "1")]
    assert asked(http_peer)[0] == "/api/v2/trace/z"


def test_grafana_gives_annotations_and_dashboards(http_peer: HttpPeer) -> None:
    http_peer.answer(
        Answer(
            body=[
                {
                    "time": int(AT * 1000),
                    "text": "<b>Deploy</b> 4 &amp; more\nby CI",
                    "tags": ["deploy"],
                    "login": "ci",
                    "dashboardUID": "u",
                }
            ]
        ),
        Answer(body=[{"title": "Checkout", "url": "/grafana/d/abc/checkout"}]),
        Answer(body={"name": "Main Org."}),
    )
    settings = {"url": http_peer.url + "/grafana"}
    change = connector("grafana").between(settings, "deploy, checkout", WINDOW, 10)[0]
    assert (change.title, change.text, change.author, change.link) == (
        "Deploy  4 & more",
        "by CI",
        "ci",
        f"{http_peer.url}/grafana/d/u",
    )
    path, query = asked(http_peer)
    assert path == "/grafana/api/annotations" and query["tags"] == ["deploy", "checkout"]
    board = connector("grafana").dashboards(settings, "checkout", WINDOW, 10)[0]
    assert board.link.startswith(f"{http_peer.url}/grafana/d/abc/checkout?from=")
    assert "Main Org." in connector("grafana").try_it(settings)


# --- Peers that misbehave ---

ASK: dict[str, Callable[[Any, dict[str, Any]], Any]] = {
    "prometheus": lambda c, s: c.query_range(s, "x", WINDOW, 15),
    "loki": lambda c, s: c.lines(s, "{}", WINDOW, 10),
    "jaeger": lambda c, s: c.find(s, "x", WINDOW, 10),
    "jaeger trace": lambda c, s: c.get(s, "x"),
    "tempo": lambda c, s: c.find(s, "x", WINDOW, 10),
    "tempo trace": lambda c, s: c.get(s, "x"),
    "zipkin": lambda c, s: c.find(s, "x", WINDOW, 10),
    "zipkin trace": lambda c, s: c.get(s, "x"),
    "grafana": lambda c, s: c.between(s, "x", WINDOW, 10),
    "grafana dashboards": lambda c, s: c.dashboards(s, "x", WINDOW, 10),
}
ODD: list[Any] = [
    b"", b"<html>hello</html>", b"\xff\xfe", b"null", b"42", b'"text"', b"[[[[", b"[" * 5000, b'{"data": 1}', b'{"data": [1]}',
    b'{"data": {"result": [1]}}', b'{"data": {"result": [{"values": 3}]}}', b'{"data": {"resultType": "streams", "result": [{"values": [["x"]]}]}}',
    b'{"data": [{"traceID": "a", "spans": [{}]}]}', b'{"traces": 5}', b'{"traces": [{}]}', b'{"batches": [4]}', b'{"batches": []}',
    b'[{"traceId": 1}]', b'[[{"id": 3}]]', b'[{"time": "soon"}]', b'[{"time": 1e300}]', b"[4]", b'[{"title": 1}]',
]  # fmt: skip


@pytest.mark.parametrize("name", ASK)
def test_whatever_is_answered_it_becomes_words_or_data(name: str, http_peer: HttpPeer) -> None:
    one = connector(name.split()[0])
    refused = 0
    for body in ODD:
        http_peer.otherwise = Answer(body=body)
        try:
            ASK[name](one, {"url": http_peer.url})
        except EvidenceFailed as error:
            refused += 1
            assert str(error) and "Traceback" not in str(error)
    assert refused > len(ODD) / 2


@pytest.mark.parametrize("name", ASK)
@pytest.mark.parametrize(
    ("answer", "words", "everything"),
    [
        (Answer(status=401, body={"message": "no"}), "refused our credentials \\(401\\)", True),
        (Answer(status=403), "refused our credentials \\(403\\)", True),
        (Answer(status=500, body="it broke\n"), "It answered 500: it broke", False),
        (Answer(status=302, headers={"Location": "/login"}), "sent us elsewhere", True),
        (Answer(hang_up=True), "could not be reached", True),
    ],
)
def test_failures_are_said_plainly(
    name: str, answer: Answer, words: str, everything: bool, http_peer: HttpPeer
) -> None:
    http_peer.otherwise = answer
    with pytest.raises(EvidenceFailed, match=words) as failed:
        ASK[name](connector(name.split()[0]), {"url": http_peer.url, "password": "geheim", "username": "u"})
    assert failed.value.everything is everything and "geheim" not in str(failed.value)


def test_a_slow_server_ends_at_the_time_out(http_peer: HttpPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "TIMEOUT_SECONDS", 0.3)
    release = threading.Event()
    http_peer.otherwise = Answer(wait_for=release)
    try:
        with pytest.raises(EvidenceFailed, match=r"did not answer within 0\.3 s"):
            ASK["prometheus"](connector("prometheus"), {"url": http_peer.url})
    finally:
        release.set()


def test_a_huge_answer_is_not_read_to_its_end(http_peer: HttpPeer) -> None:
    http_peer.otherwise = Answer(body=b"[" + b"1," * 4_000_000 + b"1]")
    with pytest.raises(EvidenceFailed, match="larger than 4 MB"):
        ASK["zipkin"](connector("zipkin"), {"url": http_peer.url})


def test_addresses_inside_are_not_asked(http_peer: HttpPeer, configured: Callable[..., None]) -> None:
    configured(WATCHROOM_PRIVATE_TARGETS="")
    with pytest.raises(Refused):
        ASK["loki"](connector("loki"), {"url": http_peer.url})
    assert not http_peer.requests


def test_settings_are_checked() -> None:
    check = connector("prometheus").check
    assert check({"url": " https://p.example.org/ ", "token": "x", "tenant": ""}) == {
        "url": "https://p.example.org",
        "token": "x",
    }
    for wrong, field in (
        ({}, "url"),
        ({"url": "ftp://x"}, "url"),
        ({"url": "https://p.example.org", "color": "red"}, "color"),
        ({"url": "https://p.example.org", "token": "a", "password": "b"}, "token"),
        ({"url": "https://p.example.org", "tenant": "a\r\nX: y"}, "tenant"),
    ):
        with pytest.raises(Refused) as refused:
            check(wrong)
        assert refused.value.field == field
