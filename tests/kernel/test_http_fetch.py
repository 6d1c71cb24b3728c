"""Requests over real sockets: the address that was judged is the one that is used, and nothing hangs or overflows."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from channels.certificates import certificate_for
from peers.http import Answer, HttpPeer
from watchroom.kernel import clock as kernel_clock
from watchroom.kernel import http
from watchroom.kernel.errors import Refused

Resolver = Callable[..., list[str]]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    """``names("hooks.example.org", ["1.1.1.1"], ["127.0.0.1"])``: what a name resolves to, the first time, then…"""
    real = socket.getaddrinfo
    table: dict[str, list[list[str]]] = {}
    asked: list[str] = []

    def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name not in table:
            return real(host, port, *args, **kwargs)
        if kwargs.get("flags", 0) & socket.AI_NUMERICHOST:
            raise socket.gaierror(socket.EAI_NONAME, "not a number")
        asked.append(name)
        answers = table[name].pop(0) if len(table[name]) > 1 else table[name][0]
        family = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(family[":" in each], socket.SOCK_STREAM, 6, "", (each, port)) for each in answers]

    def resolve(name: str, *answers: list[str]) -> list[str]:
        table[name] = list(answers)
        return asked

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return resolve


@pytest.fixture
def loopback(configured) -> None:
    configured(WATCHROOM_PRIVATE_TARGETS="127.0.0.1/32")


def port_of(peer: HttpPeer) -> int:
    return int(peer.url.rpartition(":")[2])


def test_a_request_arrives_as_it_was_sent(loopback, http_peer: HttpPeer) -> None:
    http_peer.answer(Answer(201, {"id": "x1"}, {"X-Kind": "Test"}))
    answer = http.fetch("POST", f"{http_peer.url}/a?b=c%20d", headers={"X-Mine": "1"}, content=b"\x00hello")
    assert (answer.status, answer.body, answer.headers["x-kind"], answer.ok) == (201, b'{"id": "x1"}', "Test", True)
    request = http_peer.requests[0]
    assert (request.method, request.path, request.body) == ("POST", "/a?b=c%20d", b"\x00hello")
    assert request.headers["host"] == http_peer.url.removeprefix("http://")
    assert request.headers["x-mine"] == "1"


def test_loopback_is_refused_without_permission(configured, http_peer: HttpPeer) -> None:
    configured()
    with pytest.raises(Refused) as caught:
        http.fetch("GET", http_peer.url)
    assert caught.value.field == "url"
    assert "WATCHROOM_PRIVATE_TARGETS" in caught.value.fix
    assert not http_peer.requests


def test_what_is_permitted_is_not_permitted_for_a_strangers_address(
    loopback, names: Resolver, http_peer: HttpPeer
) -> None:
    names("hooks.example.org", ["127.0.0.1"])
    for url in (http_peer.url, f"http://hooks.example.org:{port_of(http_peer)}"):
        with pytest.raises(Refused) as caught:
            http.fetch("GET", url, public_only=True)
        assert "WATCHROOM_PRIVATE_TARGETS" not in caught.value.fix
    with pytest.raises(Refused):
        http.check_url(http_peer.url, public_only=True)
    assert not http_peer.requests


def test_a_name_that_leads_inside_is_refused(configured, names: Resolver, http_peer: HttpPeer) -> None:
    configured()
    names("hooks.example.org", ["127.0.0.1"])
    with pytest.raises(Refused, match="WATCHROOM_PRIVATE_TARGETS") as caught:
        http.fetch("GET", f"http://hooks.example.org:{port_of(http_peer)}/token-in-path")
    assert "127.0.0.1" in str(caught.value)
    assert "token-in-path" not in f"{caught.value} {caught.value.value}"
    assert not http_peer.requests


def test_a_name_is_resolved_once_and_keeps_its_host_header(loopback, names: Resolver, http_peer: HttpPeer) -> None:
    asked = names("hooks.example.org", ["127.0.0.1"], ["127.0.0.2"])
    http.fetch("GET", f"http://hooks.example.org:{port_of(http_peer)}/")
    assert asked == ["hooks.example.org"]
    assert http_peer.requests[0].headers["host"] == f"hooks.example.org:{port_of(http_peer)}"


def test_rebinding_a_name_gains_nothing(configured, names: Resolver, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first answer is public, the second is inside: only the first is ever used, and by its number."""
    configured()
    names("rebind.example.org", ["8.8.8.8"], ["127.0.0.1"])
    connected: list[str] = []

    def connect(address: tuple[str, int], *args: Any, **kwargs: Any) -> Any:
        connected.append(address[0])
        raise OSError("no network here")

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(http.OutgoingFailed):
        http.fetch("GET", "http://rebind.example.org/")
    with pytest.raises(Refused):
        http.fetch("GET", "http://rebind.example.org/")
    assert connected == ["8.8.8.8"]


def test_of_several_addresses_only_permitted_ones_are_tried(loopback, names: Resolver, http_peer: HttpPeer) -> None:
    names("mixed.example.org", ["127.0.0.9", "10.0.0.1", "127.0.0.1"])
    assert http.fetch("GET", f"http://mixed.example.org:{port_of(http_peer)}/").status == 200


def test_a_redirect_is_handed_back(loopback, http_peer: HttpPeer) -> None:
    http_peer.answer(Answer(302, b"", {"Location": "http://169.254.169.254/"}))
    answer = http.fetch("GET", http_peer.url)
    assert (answer.status, answer.headers["location"], answer.ok) == (302, "http://169.254.169.254/", False)
    assert len(http_peer.requests) == 1


def test_proxies_of_the_environment_are_not_used(loopback, monkeypatch, http_peer: HttpPeer) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert http.fetch("GET", http_peer.url).status == 200


def test_a_long_answer_is_cut(loopback, http_peer: HttpPeer) -> None:
    http_peer.answer(Answer(200, b"x" * (http.BODY_LIMIT_BYTES + 1)), Answer(200, b"x" * http.BODY_LIMIT_BYTES))
    first, second = http.fetch("GET", http_peer.url), http.fetch("GET", http_peer.url)
    assert (len(first.body), first.truncated) == (http.BODY_LIMIT_BYTES, True)
    assert (len(second.body), second.truncated) == (http.BODY_LIMIT_BYTES, False)


def test_a_server_that_does_not_answer_is_given_up(loopback, http_peer: HttpPeer) -> None:
    answered = threading.Event()
    http_peer.answer(Answer(wait_for=answered))
    try:
        with pytest.raises(http.OutgoingFailed, match=r"within 0\.2 s"):
            http.fetch("GET", http_peer.url, timeout_seconds=0.2)
    finally:
        answered.set()


def test_an_answer_that_drips_ends_at_the_deadline(loopback, names, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes in good time, but every look at the clock finds it a second later."""
    ticks = iter(range(1000))
    monkeypatch.setattr(kernel_clock, "monotonic", lambda: float(next(ticks)))
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                with contextlib.suppress(OSError):
                    while True:
                        connection.sendall(b"x" * 100)

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        with pytest.raises(http.OutgoingFailed):
            http.fetch("GET", f"http://127.0.0.1:{listener.getsockname()[1]}/", timeout_seconds=5)
        thread.join(60)


def test_a_broken_connection_says_so_without_the_path(loopback, http_peer: HttpPeer) -> None:
    http_peer.answer(Answer(hang_up=True))
    with pytest.raises(http.OutgoingFailed, match="could not be reached") as caught:
        http.fetch("GET", f"{http_peer.url}/services/SECRET?key=SECRET")
    assert "SECRET" not in str(caught.value)


def test_nobody_listens(loopback) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(http.OutgoingFailed, match="could not be reached"):
        http.fetch("GET", f"http://127.0.0.1:{port}/")


def test_a_name_that_does_not_exist(configured, monkeypatch: pytest.MonkeyPatch) -> None:
    configured()

    def fail(*args: Any, **kwargs: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(http.OutgoingFailed, match="can't be resolved"):
        http.fetch("GET", "http://nowhere.example.org/")


@pytest.mark.parametrize("headers", [{"X-A": "b\r\nX-C: d"}, {"X A": "b"}, {"X-A": "caf\u2603"}])
def test_a_header_can_not_bring_another(loopback, http_peer: HttpPeer, headers: dict[str, str]) -> None:
    try:
        http.fetch("GET", http_peer.url, headers=headers)
    except http.OutgoingFailed:
        pass
    assert all("x-c" not in request.headers for request in http_peer.requests)


def test_a_password_in_the_url_is_sent_as_basic_authorization(loopback, http_peer: HttpPeer) -> None:
    http.fetch("GET", http_peer.url.replace("http://", "http://kim:p%40ss@"))
    assert http_peer.requests[0].headers["authorization"] == "Basic a2ltOnBAc3M="


# TLS


@pytest.fixture
def tls_peer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, list[str | None]]]:
    """An HTTPS server for hooks.example.org, trusted through SSL_CERT_FILE: its port, and the names asked for by SNI."""
    file = certificate_for("hooks.example.org", tmp_path)
    asked: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    context.sni_callback = lambda connection, server_name, _: asked.append(server_name)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            self.send_response(204)
            self.end_headers()

    class Server(HTTPServer):
        def handle_error(self, *args: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    http._tls.cache_clear()
    yield server.server_port, asked
    server.shutdown()
    server.server_close()
    http._tls.cache_clear()


def test_tls_keeps_the_name_of_the_url(loopback, names: Resolver, tls_peer) -> None:
    port, asked = tls_peer
    names("hooks.example.org", ["127.0.0.1"])
    assert http.fetch("GET", f"https://hooks.example.org:{port}/").status == 204
    assert asked == ["hooks.example.org"]


def test_a_certificate_for_another_name_is_not_accepted(loopback, names: Resolver, tls_peer) -> None:
    port, _ = tls_peer
    names("other.example.org", ["127.0.0.1"])
    with pytest.raises(http.OutgoingFailed, match="certificate"):
        http.fetch("GET", f"https://other.example.org:{port}/")
