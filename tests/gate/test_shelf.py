"""Public status pages are answered by the gate itself: while the web process is away, and across a restart."""

from __future__ import annotations

import gzip
import shutil
import socketserver
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from gate.running import Running, running_gate
from watchroom.kernel.db import announce
from watchroom.kernel.settings import current
from watchroom.serving import shelf

Start = Callable[[], AbstractContextManager[Running]]
ONCE_MORE = 2  # a gate that begins to listen after its first answer renews it: something may have changed before
PAGE = b'<html><p class="stale" role="status" hidden>old</p>%s</html>'


class Web(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """A web process with one status page; ``status`` 500: its database is down."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, path: Path) -> None:
        self.text, self.status, self.public = b"one", 200, True
        self.asked: list[tuple[str, str]] = []
        super().__init__(str(path), Handler)


class Handler(BaseHTTPRequestHandler):
    server: Web
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        web = self.server
        language = self.headers.get("Accept-Language", "")
        web.asked.append((self.path, language))
        body = PAGE % (web.text + language.encode()) if web.status == 200 else b"broken"
        self.send_response(web.status)
        self.send_header("Content-Type", "text/html")
        if web.public and web.status == 200:
            self.send_header("X-Watchroom-Shelf", "7")
            if self.path == "/status/full":
                self.send_header("X-Watchroom-Shelf-With", "badge.svg api/v2/summary.json")
            self.send_header("ETag", f'"{web.text.decode()[:5].strip()}{language}"')
        self.send_header("Content-Length", str(len(body)))
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
def start(transactional_db: None, web: Web) -> Iterator[Callable[[], AbstractContextManager[Running]]]:
    shutil.rmtree(current().data / "status-pages", ignore_errors=True)
    yield lambda: running_gate(Path(str(web.server_address)))
    shutil.rmtree(current().data / "status-pages", ignore_errors=True)


def soon(condition: Callable[[], bool]) -> None:
    tick = threading.Event()
    for _ in range(200):
        if condition():
            return
        tick.wait(0.05)
    raise AssertionError("it never came true")


def text(gate: Running, path: str = "/status/shop", **headers: str) -> bytes:
    return gate.ask("GET", path, Host="127.0.0.1", **headers).body


def test_from_memory_and_anew_after_a_change(start: Start, web: Web) -> None:
    with start() as gate:
        for number in range(5):
            assert b"one" in text(gate, f"/status/shop?utm={number}")
        assert len(web.asked) <= ONCE_MORE
        first = gate.ask("GET", "/status/shop", Host="127.0.0.1")
        assert "X-Watchroom-Shelf" not in first.headers and first.headers["Age"] == "0"
        again = gate.ask("GET", "/status/shop", Host="127.0.0.1", If_None_Match=first.headers["ETag"])
        assert (again.status, again.body) == (304, b"")
        assert b"onede" in text(gate, Accept_Language="de-DE,de;q=0.9") and b"onefr" in text(
            gate, "/status/shop?lang=fr"
        )
        web.text = b"two"
        assert b"one" in text(gate)
        announce({"status:8"})
        announce({"status:7"})
        soon(lambda: b"two" in text(gate))


def test_it_survives_the_database_and_a_restart(start: Start, web: Web) -> None:
    with start() as gate:
        assert b"hidden" in text(gate)
        web.status = 500
        announce({"status:7"})
        soon(lambda: b"hidden" not in text(gate))
        stale = gate.ask("GET", "/status/shop", Host="127.0.0.1")
        assert (stale.status, stale.headers["Warning"]) == (200, '110 - "Response is Stale"')
        assert b"one" in stale.body
        assert b"one" in text(gate, Accept_Language="es")  # rather in another language than not at all
        assert gate.ask("GET", "/status/other", Host="127.0.0.1").status == 500
    with start() as gate:
        assert b"one" in text(gate)
        web.status = 200
        announce({"*"})
        soon(lambda: b"hidden" in text(gate))


def test_what_belongs_to_a_page_is_kept_before_anybody_asks_for_it(start: Start, web: Web) -> None:
    with start() as gate:
        assert "X-Watchroom-Shelf-With" not in gate.ask("GET", "/status/full", Host="127.0.0.1").headers
        soon(lambda: {path for path, _ in web.asked} >= {"/status/full/badge.svg", "/status/full/api/v2/summary.json"})
        soon(lambda: b"one" in text(gate, "/status/full/api/v2/summary.json"))
        web.status = 500
        assert b"one" in text(gate, "/status/full/api/v2/summary.json", Accept_Language="de")
        assert b"one" in text(gate, "/status/full/badge.svg")
        assert gate.ask("GET", "/status/full/feed.atom", Host="127.0.0.1").status == 500
    with start() as gate:
        assert b"one" in text(gate, "/status/full/api/v2/summary.json")


def test_what_belongs_to_a_page_never_takes_the_place_of_pages(
    start: Start, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "_ENTRIES", 4)
    monkeypatch.setattr(shelf, "_AT_ONCE", 1)
    with start() as gate:
        text(gate, "/status/full")
        soon(lambda: "/status/full/badge.svg" in {path for path, _ in web.asked})
        assert b"one" in text(gate, "/status/full/badge.svg")
        assert b"one" in text(gate) and b"onede" in text(gate, Accept_Language="de")
        web.status = 500
        assert gate.ask("GET", "/status/full/api/v2/summary.json", Host="127.0.0.1").status == 500, "half is left free"
        assert b"one" in text(gate, "/status/full") and b"one" in text(gate, "/status/full/badge.svg")
        assert b"one" in text(gate) and b"onede" in text(gate, Accept_Language="de")


def test_what_is_not_public_is_not_kept(start: Start, web: Web) -> None:
    with start() as gate:
        assert b"one" in text(gate)
        web.public, web.text = False, b"secret"
        announce({"status:7"})
        soon(lambda: b"secret" in text(gate))
        before = len(web.asked)
        text(gate)
        assert len(web.asked) == before + 1
        web.status = 500
        assert gate.ask("GET", "/status/shop", Host="127.0.0.1").status == 500


def test_short_on_the_wire(start: Start, web: Web) -> None:
    web.text = b"long " * 1000
    with start() as gate:
        text(gate)
        short = gate.ask("GET", "/status/shop", Host="127.0.0.1", Accept_Encoding="gzip, br")
        assert short.headers["Content-Encoding"] == "gzip" and len(short.body) < 500
        assert gzip.decompress(short.body) == text(gate)
        again = gate.ask(
            "GET", "/status/shop", Host="127.0.0.1", Accept_Encoding="gzip", If_None_Match=short.headers["ETag"]
        )
        assert again.status == 304


def test_under_a_domain_of_its_own(start: Start, web: Web) -> None:
    with start() as gate:
        for _ in range(5):
            assert b"one" in gate.ask("GET", "/", Host="status.example.org").body
        assert len(web.asked) <= ONCE_MORE
        for _ in range(5):
            gate.ask("GET", "/", Host="127.0.0.1")  # Watchroom's own pages are never kept
        assert len(web.asked) >= 1 + 5


def test_the_same_page_in_another_spelling_is_kept_once(start: Start, web: Web) -> None:
    with start() as gate:
        for host, path in (
            ("status.example.org.", "//feed.atom?x=1"),
            ("status.example.org.:80", "/feed.atom"),
            ("STATUS.example.org", "///feed%2Eatom"),
        ):
            assert b"one" in gate.ask("GET", path, Host=host).body
        assert len(web.asked) <= ONCE_MORE
        assert {path for path, _ in web.asked} == {"/feed.atom"}


def test_what_is_not_kept_is_asked_for_in_full(start: Start, web: Web) -> None:
    web.public = False
    with start() as gate:
        text(gate, "/status/shop?page=2")
        assert web.asked[-1][0] == "/status/shop?page=2"
        assert gate.ask("GET", "/status/what%3F", Host="127.0.0.1").status == 200
        assert web.asked[-1][0] == "/status/what%3F"
