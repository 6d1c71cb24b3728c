"""Signals over a real socket into the real database."""

from __future__ import annotations

import base64
import gzip
import http.client
import json
import socket
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from gate.running import Running, alert, running_gate
from peers.programs import wait_until
from watchroom.accounts.actors import SYSTEM
from watchroom.intake.commands import delete_integration, pause_integration
from watchroom.intake.gate import limits
from watchroom.intake.models import Integration, Signal
from watchroom.serving import protocol

Make = Callable[..., tuple[Integration, str]]


def test_a_signal_is_stored_as_it_came(gate: Running, integration: Make) -> None:
    made, key = integration()
    body = json.dumps([alert(instance="a:9100")]).encode()
    before = datetime.now(UTC)  # noqa: TID251 - the gate has the real clock
    answer = gate.ask("POST", f"/in/{key}/api/v2/alerts?x=1", body, Content_Type="application/json")
    assert (answer.status, answer.body) == (200, b"")
    signal = Signal.objects.get()
    assert (signal.integration, bytes(signal.body), signal.state, signal.problems) == (made, body, "pending", [])
    assert (signal.path, signal.query, signal.content_type) == ("/api/v2/alerts", "x=1", "application/json")
    assert signal.remote == "127.0.0.1"
    assert (signal.number, signal.headers) == (1, {})
    assert before <= signal.received_at <= datetime.now(UTC)  # noqa: TID251


def test_two_integrations_are_kept_apart(gate: Running, integration: Make) -> None:
    (first, first_key), (second, second_key) = integration(), integration()
    assert gate.send(first_key, [alert("A")]).status == 200
    assert gate.send(second_key, [alert("B")]).status == 200
    stored = {signal.integration: json.loads(bytes(signal.body)) for signal in Signal.objects.all()}
    assert stored == {first: [alert("A")], second: [alert("B")]}


def test_an_unknown_key_is_refused_with_a_fix(gate: Running, integration: Make) -> None:
    integration()
    answer = gate.send("wri_nobody", [alert()])
    assert answer.status == 401
    assert {"title", "detail", "fix"} <= answer.json.keys()
    assert not Signal.objects.exists()


def test_a_new_key_is_known_and_a_deleted_one_is_not(gate: Running, integration: Make) -> None:
    made, key = integration()
    assert gate.send(key, [alert()]).status == 200
    delete_integration(SYSTEM, made)
    assert gate.send(key, [alert()]).status == 401
    assert not Signal.objects.exists()


def test_a_deleted_integration_costs_the_others_of_its_batch_nothing(gate: Running, integration: Make) -> None:
    (deleted, dead_key), (_, key) = integration(), integration()
    assert gate.send(dead_key, [alert()]).status == 200
    delete_integration(SYSTEM, deleted)
    assert [gate.send(each, [alert()]).status for each in (key, dead_key, key)] == [200, 401, 200]
    assert Signal.objects.count() == 2


def test_a_paused_integration_says_so(gate: Running, integration: Make) -> None:
    _, key = integration(paused=True)
    answer = gate.send(key, [alert()])
    assert answer.status == 403
    assert "paused" in answer.json["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/api/v2/silences", 503),  # a gate alone can't look anything up
        ("POST", "/api/v2/else", 404),
        ("POST", "", 404),
        ("POST", "/", 404),
        ("GET", "/api/v2/alerts", 503),
        ("PUT", "/api/v2/alerts", 405),
        ("GET", "/api/v1/alerts", 410),  # of the old API there is only what brings alerts
        ("GET", "/-/healthy", 200),
        ("GET", "/metrics", 200),  # karma asks it for the version
        ("HEAD", "/-/ready", 200),
    ],
)
def test_other_paths(gate: Running, integration: Make, method: str, path: str, status: int) -> None:
    _, key = integration()
    assert gate.ask(method, f"/in/{key}{path}").status == status
    assert not Signal.objects.exists()


def test_the_key_may_be_in_the_header(gate: Running, integration: Make) -> None:
    _, key = integration()
    body = json.dumps([alert()]).encode()
    basic = base64.b64encode(f"anybody:{key}".encode()).decode()
    assert gate.ask("POST", "/api/v2/alerts", body, Authorization=f"Bearer {key}").status == 200
    assert gate.ask("POST", "/api/v2/alerts", body, Authorization=f"Basic {basic}").status == 200
    assert gate.ask("POST", "/api/v2/alerts", body, Authorization="Bearer wri_wrong").status == 401
    assert gate.ask("POST", "/api/v1/incidents", body, Authorization=f"Bearer {key}").status == 404  # no source's path
    assert Signal.objects.count() == 2


@pytest.mark.parametrize("authorization", ["", "Bearer wrt_other", "Basic ???"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v2/alerts"),
        ("POST", "/api/v1/alerts"),
        ("GET", "/api/v2/status"),
        ("DELETE", "/api/v2/silence/x"),
    ],
)
def test_who_comes_to_an_alertmanagers_address_without_a_key_is_told_so(
    gate: Running, authorization: str, method: str, path: str
) -> None:
    """Their senders log no more than the status: "not found" would have people look for another address."""
    answer = gate.ask(method, path, b"[]", Authorization=authorization)
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert "/in/<key>" in answer.json["fix"] and "basic authentication" in answer.json["fix"]
    assert gate.ask("GET", "/api/v1/alerts").status == 404  # Watchroom's own API, which a gate alone has not


def test_too_large_names_the_limit(gate: Running, integration: Make) -> None:
    _, key = integration()
    answer = gate.send(key, b"[" + b" " * limits.BODY_BYTES + b"]")
    assert answer.status == 413
    assert "4 MiB" in answer.json["detail"]
    exactly = json.dumps([alert()]).encode().ljust(limits.BODY_BYTES)
    assert gate.send(key, exactly).status == 200
    assert gate.send(key, b" " * (limits.BODY_BYTES + 1)).status == 413
    notice = Signal.objects.get(path="/-/too-large")  # once in ten minutes
    assert (notice.remote, notice.problems[0]["field"]) == ("watchroom", "body")


def test_too_large_without_saying_so(gate: Running, integration: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_DISCARD_SECONDS", 0.2)  # its sender waits for an answer, and is not done
    _, key = integration()
    with socket.create_connection(("127.0.0.1", gate.port)) as connection:
        connection.settimeout(20)
        connection.sendall(
            f"POST /in/{key}/api/v2/alerts HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        )
        piece = b"80000\r\n" + b" " * 0x80000 + b"\r\n"
        try:
            for _ in range(9):
                connection.sendall(piece)
        except OSError:
            pass  # it has answered and hung up already
        assert b" 413 " in connection.recv(4096).splitlines()[0]
    assert not Signal.objects.exclude(path="/-/too-large").exists()


def test_too_slow(gate: Running, integration: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    _, key = integration()
    head = f"POST /in/{key}/api/v2/alerts HTTP/1.1\r\nHost: x\r\n"
    with monkeypatch.context() as hurried:
        hurried.setitem(limits.read_body.__kwdefaults__, "limit_seconds", 0.2)
        hurried.setattr(protocol, "BODY_SECONDS", 0.2)
        for rest in ("Content-Length: 100\r\n\r\n[", "Transfer-Encoding: chunked\r\n\r\n1\r\n[\r\n"):
            with socket.create_connection(("127.0.0.1", gate.port)) as connection:
                connection.settimeout(20)
                connection.sendall((head + rest).encode())
                assert b" 408 " in connection.recv(4096).splitlines()[0]
    assert gate.send(key, [alert()]).status == 200


def test_what_is_sent_before_the_answer_to_a_signal_is_not_answered_out_of_turn(
    gate: Running, integration: Make
) -> None:
    """A second request on the same connection, sent too early: the first is answered, and the connection ends."""
    _, key = integration()
    assert gate.send(key, []).status == 200  # now the key is known
    head = f"POST /in/{key}/api/v2/alerts HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n[]".encode()
    with socket.create_connection(("127.0.0.1", gate.port)) as connection:
        connection.settimeout(20)
        connection.sendall(head + b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        told = b""
        while piece := connection.recv(4096):
            told += piece
    assert told.startswith(b"HTTP/1.1 200 OK") and told.count(b"HTTP/1.1") == 1
    assert b"connection: close" in told
    assert Signal.objects.count() == 2


def test_one_connection_carries_signals_and_other_requests(gate: Running, integration: Make) -> None:
    made, key = integration()
    connection = http.client.HTTPConnection("127.0.0.1", gate.port, timeout=20)
    statuses = []
    for method, path in (
        ("POST", "alerts"),
        ("GET", "alerts"),
        ("POST", "alerts"),
        ("POST", "nowhere"),
        ("POST", "alerts"),
    ):
        connection.request(method, f"/in/{key}/api/v2/{path}", b"[]" if method == "POST" else None)
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
    pause_integration(SYSTEM, made, True)
    connection.request("POST", f"/in/{key}/api/v2/alerts", b"[]")
    wait_until(lambda: gate.send(key, []).status == 403, 60, "the gate knows that it is paused")
    assert statuses[0] == statuses[2] == statuses[4] == 200
    assert statuses[3] == 404


def test_a_body_may_be_compressed_with_gzip_and_nothing_else(gate: Running, integration: Make) -> None:
    _, key = integration()

    def send(body: bytes, encoding: str) -> int:
        return gate.ask("POST", f"/in/{key}/api/v2/alerts", body, Content_Encoding=encoding).status

    good = gzip.compress(json.dumps([{"labels": {"alertname": "A"}}]).encode())
    assert send(good, "gzip") == 200
    assert bytes(Signal.objects.get().body) == b'[{"labels": {"alertname": "A"}}]'
    assert send(b"\x1f\x8b", "gzip") == 400
    assert send(good[:-4], "gzip") == 400
    assert send(gzip.compress(bytes(5 * 1024 * 1024)), "gzip") == 413  # a bomb: five thousand bytes on the wire
    assert send(good, "br") == 415


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"{}", b"[", b"\xff\xfe", b'[{"labels": {"a": "\xff"}}]', b'[{"labels": {}}]', b'["x"]',
        b"[" * 100_000, b'[{"labels":{"a":"b"},"x":' + b"[" * 100_000, b'[{"labels":{"a":"\\ud800"}}]',
        b'[{"labels":{"a":"b"},"startsAt":"\\u0000"}]',
    ],
    ids=lambda body: repr(body[:24]),
)  # fmt: skip
def test_what_can_not_be_read_is_kept_as_refused(gate: Running, integration: Make, body: bytes) -> None:
    _, key = integration()
    answer = gate.send(key, body)
    assert answer.status == 400
    assert answer.headers["Content-Type"].startswith("text/plain")
    signal = Signal.objects.get()
    assert (signal.state, bytes(signal.body)) == ("rejected", body)
    assert signal.problems[0].keys() == {"field", "value", "fix"}


def test_a_partly_bad_batch_waits_with_its_problems(gate: Running, integration: Make) -> None:
    _, key = integration()
    answer = gate.send(key, [alert("Good"), {"labels": {}}, {"labels": {"a": 1}}])
    assert answer.status == 400
    assert len(answer.body.decode().splitlines()) == 2
    signal = Signal.objects.get()
    assert signal.state == "pending"
    assert [problem["field"] for problem in signal.problems] == ["[1].labels", "[2].labels"]


def test_everything_at_once_is_stored_once(gate: Running, integration: Make) -> None:
    from concurrent.futures import ThreadPoolExecutor

    _, key = integration()
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda number: gate.send(key, [alert(str(number))]).status, range(200)))
    assert statuses == [200] * 200
    wait_until(lambda: Signal.objects.count() == 200, 30, "all of them are in the journal")
    names = [json.loads(bytes(signal.body))[0]["labels"]["alertname"] for signal in Signal.objects.all()]
    assert sorted(names, key=int) == [str(number) for number in range(200)]


def test_a_head_that_is_known_is_not_parsed_again_and_means_the_same(
    gate: Running, integration: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second of two requests with the same head is recognised; what differs in one byte is not."""
    parsed: list[bytes] = []
    complete = protocol.Protocol.on_headers_complete

    def noting(self: protocol.Protocol) -> None:
        parsed.append(self.url)
        complete(self)

    monkeypatch.setattr(protocol.Protocol, "on_headers_complete", noting)
    made, key = integration()
    assert gate.send(key, []).status == 200  # now the key is known
    parsed.clear()
    head = f"POST /in/{key}/api/v2/alerts HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", gate.port)) as connection:
        connection.settimeout(20)

        def ask(*pieces: bytes) -> bytes:
            for piece in pieces:
                connection.sendall(piece)
            told = connection.recv(4096)
            while b"\r\n\r\n" not in told:
                told += connection.recv(4096)
            return told.splitlines()[0]

        assert ask(head + b"[]") == b"HTTP/1.1 200 OK"
        assert ask(head + b"[]") == b"HTTP/1.1 200 OK"
        assert ask(head + b"{}") == b"HTTP/1.1 400 Bad Request"
        assert len(parsed) == 1
        assert ask(head.replace(b"Host: x", b"Host: y") + b"[]") == b"HTTP/1.1 200 OK"
        assert ask(head + b"[", b"]") == b"HTTP/1.1 200 OK"  # in two pieces
        assert ask(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n") == b"HTTP/1.1 200 OK"
        assert len(parsed) >= 3
        assert Signal.objects.count() == 6
        pause_integration(SYSTEM, made, True)
        wait_until(lambda: gate.send(key, []).status == 403, 60, "the gate knows that it is paused")
        assert ask(head + b"[]") == b"HTTP/1.1 403 Forbidden"


def test_a_connection_that_is_quiet_for_too_long_is_closed(transactional_db: None, integration: Make) -> None:
    """Also after a recognised signal, whose answer sets no timer of its own."""
    _, key = integration()
    request = f"POST /in/{key}/api/v2/alerts HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n[]".encode()
    with (
        running_gate(keep_alive_seconds=3) as gate,
        socket.create_connection(("127.0.0.1", gate.port)) as connection,
    ):
        connection.settimeout(20)
        for _ in range(3):
            connection.sendall(request)
            assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        assert connection.recv(4096) == b""
