"""What passes through the gate to the web process, and what does not."""

from __future__ import annotations

import gzip
import http.client
import json
import socketserver
import tempfile
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from gate.running import Running, running_gate
from watchroom.intake.gate import proxy
from watchroom.intake.gate.proxy import LATER


class Web(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """A web process that says what it was asked."""

    daemon_threads = True

    def __init__(self, path: Path) -> None:
        self.go_on = threading.Event()
        super().__init__(str(path), Handler)


class Handler(BaseHTTPRequestHandler):
    server: Web
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments: object) -> None:
        pass

    def address_string(self) -> str:
        return "gate"

    def do_GET(self) -> None:
        if self.path == "/stream":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"5\r\nfirst\r\n")
            self.server.go_on.wait(60)
            self.wfile.write(b"6\r\nsecond\r\n0\r\n\r\n")
        elif self.path == "/gzip":
            self._answer(200, gzip.compress(b"hello"), Content_Encoding="gzip", Set_Cookie="a=1")
        elif self.path == "/redirect":
            self._answer(302, b"", Location="/elsewhere")
        elif self.path == "/empty":
            self.send_response(304)
            self.end_headers()
        else:
            self._echo()

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1234")
        self.end_headers()

    def do_POST(self) -> None:
        self._echo()

    def _echo(self) -> None:
        if length := self.headers.get("Content-Length"):
            body = self.rfile.read(int(length))
        else:
            body = b""
            if self.headers.get("Transfer-Encoding") == "chunked":
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
        told = {
            "method": self.command,
            "path": self.path,
            "headers": self.headers.items(),
            "body": body.decode("latin-1"),
        }
        self._answer(200, json.dumps(told).encode())

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def web() -> Iterator[Web]:
    with tempfile.TemporaryDirectory(prefix="watchroom-web-") as home:
        server = Web(Path(home) / "web.sock")
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()
        server.server_close()


@pytest.fixture
def gate(transactional_db: None, web: Web) -> Iterator[Running]:
    with running_gate(Path(str(web.server_address))) as running:
        yield running


def told_headers(answer: object) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in answer.json["headers"]:  # type: ignore[attr-defined]
        found.setdefault(name.lower(), []).append(value)
    return found


def test_a_request_arrives_as_it_was(gate: Running) -> None:
    answer = gate.ask("POST", "/a%2Fb//c%20d?x=1&y=%C3%A4", b"body", Host="watch.example.org", Cookie="s=1", X_Own="y")
    assert answer.status == 200
    told, headers = answer.json, told_headers(answer)
    assert (told["method"], told["path"], told["body"]) == ("POST", "/a%2Fb//c%20d?x=1&y=%C3%A4", "body")
    assert (headers["host"], headers["cookie"], headers["x-own"]) == (["watch.example.org"], ["s=1"], ["y"])
    assert "user-agent" not in headers
    assert answer.headers.get_all("Date") is not None
    assert len(answer.headers.get_all("Date") or []) == 1


def test_what_pages_re_read_by_themselves_has_a_way_of_its_own(
    gate: Running, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asks(method: str, **headers: str) -> bool:
        """Whether it came by the second socket."""
        path = Path(f"{web.server_address}{LATER}")
        second = Web(path)
        threading.Thread(target=second.serve_forever, args=(0.05,), daemon=True).start()
        seen: list[str] = []
        answers = second.finish_request

        def comes(*given: Any) -> None:
            seen.append("came")
            answers(*given)

        second.finish_request = comes  # type: ignore[method-assign]
        try:
            gate.ask(method, "/incidents/1", **headers)
        finally:
            second.shutdown()
            second.server_close()
            path.unlink()
        return bool(seen)

    assert asks("GET", HX_Request="true")
    assert not asks("GET")
    with monkeypatch.context() as hurried:  # a body that never comes is not waited for as long as the client waits
        hurried.setattr(proxy, "_IDLE_SECONDS", 0.2)
        assert not asks("GET", HX_Request="true", Content_Length="1")  # whose body may never come
    assert not asks("POST", HX_Request="true")  # somebody does something
    assert gate.ask("GET", "/incidents/1", HX_Request="true").status == 200  # a web process without a second one


def test_strangers_can_not_say_where_they_come_from(gate: Running) -> None:
    headers = told_headers(
        gate.ask(
            "GET",
            "/",
            Host="watch.example.org",
            X_Forwarded_For="192.0.2.1",
            X_Forwarded_Proto="https",
            X_Forwarded_Host="evil.example",
            X_Real_IP="192.0.2.1",
            Forwarded="for=192.0.2.1",
            Proxy="http://evil/",
        )
    )
    assert headers["x-forwarded-for"] == ["127.0.0.1"]
    assert headers["x-forwarded-proto"] == ["http"]
    assert headers["x-forwarded-host"] == ["watch.example.org"]
    assert not headers.keys() & {"x-real-ip", "forwarded", "proxy"}


def test_space_behind_a_header_is_no_part_of_it(gate: Running) -> None:
    """It was answered as if the web process were away, and the whole header stood in the log."""
    answer = gate.ask(
        "POST", "/", b"body", Cookie="sessionid=1; ", Authorization="Bearer wrt_key\t ", Content_Length="4 "
    )
    headers = told_headers(answer)
    assert answer.json["body"] == "body"
    assert (headers["cookie"], headers["authorization"]) == (["sessionid=1;"], ["Bearer wrt_key"])


def test_headers_with_underscores_do_not_pass(gate: Running) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", gate.port, timeout=20)
    connection.request("GET", "/", headers={"X_Forwarded_For": "192.0.2.1"})
    names = {name.lower() for name, _ in json.load(connection.getresponse())["headers"]}
    assert "x_forwarded_for" not in names


def test_our_own_proxy_is_believed(configured: Callable[..., None], transactional_db: None, web: Web) -> None:
    configured(WATCHROOM_TRUSTED_PROXIES="127.0.0.0/8,10.0.0.1")
    with running_gate(Path(str(web.server_address))) as gate:
        headers = told_headers(
            gate.ask(
                "GET",
                "/",
                Host="inner",
                X_Forwarded_For="6.6.6.6, 192.0.2.1, 10.0.0.1",
                X_Forwarded_Proto="https",
                X_Forwarded_Host="watch.example.org",
            )
        )
    assert headers["x-forwarded-for"] == ["192.0.2.1"]
    assert headers["x-forwarded-proto"] == ["https"]
    assert headers["x-forwarded-host"] == ["watch.example.org"]


def test_answers_pass_as_they_are(gate: Running) -> None:
    answer = gate.ask("GET", "/gzip")
    assert (answer.headers["Content-Encoding"], gzip.decompress(answer.body)) == ("gzip", b"hello")
    assert answer.headers["Set-Cookie"] == "a=1"
    assert "cookie" not in told_headers(gate.ask("GET", "/"))  # one person's cookie is not another's
    assert (gate.ask("GET", "/redirect").status, gate.ask("GET", "/empty").status) == (302, 304)
    head = gate.ask("HEAD", "/")
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", "1234")


def test_answers_stream(gate: Running, web: Web) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", gate.port, timeout=20)
    connection.request("GET", "/stream")
    answer = connection.getresponse()
    assert answer.read(5) == b"first"  # though the second has not been written yet
    web.go_on.set()
    assert answer.read() == b"second"


def test_bodies_stream(gate: Running) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", gate.port, timeout=20)
    connection.request(
        "POST", "/", (b"x" * 1000 for _ in range(100)), encode_chunked=True, headers={"Transfer-Encoding": "chunked"}
    )
    assert json.load(connection.getresponse())["body"] == "x" * 100_000


def test_it_is_ready_when_the_web_process_answers(gate: Running, web: Web) -> None:
    assert gate.ask("GET", "/readyz").json == {
        "status": "ready",
        "checks": {"database": "ok", "writer": "ok", "web": "ok"},
    }


def test_without_its_web_process(transactional_db: None, tmp_path: Path) -> None:
    with running_gate(tmp_path / "nobody.sock") as gate:
        page = gate.ask("GET", "/incidents")
        assert (page.status, page.headers["Content-Type"]) == (502, "text/html; charset=utf-8")
        assert page.headers["Retry-After"]
        assert b'http-equiv="refresh"' in page.body
        sent = gate.ask("POST", "/incidents", b"x", Referer="https://watch.example.org/incidents/7?a=1#'b")
        assert sent.status == 502 and b"refresh" not in sent.body  # its address takes no GET
        assert b"<a href='/incidents/7?a=1&amp;unsent'>" in sent.body
        api = gate.ask("GET", "/api/v1/incidents")
        assert (api.status, api.headers["Content-Type"]) == (502, "application/problem+json")
        ready = gate.ask("GET", "/readyz")
        assert (ready.status, ready.json["checks"]["web"]) == (503, "failing")


def test_alone(transactional_db: None) -> None:
    with running_gate() as gate:
        assert gate.ask("GET", "/").status == 404
        assert gate.ask("GET", "/").json["title"] == "Not found"


def test_metrics_are_for_this_machine(gate: Running) -> None:
    answer = gate.ask("GET", "/metrics")
    assert answer.status == 200
    assert b"watchroom_gate_commit_seconds_bucket" in answer.body
    assert gate.ask("GET", "/metrics", X_Forwarded_For="192.0.2.1").status == 403  # a proxy on this machine


def test_metrics_with_a_token(configured: Callable[..., None], transactional_db: None) -> None:
    configured(WATCHROOM_METRICS_TOKEN="secret")
    with running_gate() as gate:
        assert gate.ask("GET", "/metrics").status == 401
        assert gate.ask("GET", "/metrics", Authorization="Bearer wrong").status == 401
        assert gate.ask("GET", "/metrics", Authorization="Bearer secret").status == 200
