"""An HTTP server that records what it is sent and answers as it is told; for webhooks, ntfy and the dead-man's switch."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .programs import PATIENCE


@dataclass(frozen=True)
class Request:
    """One request as it came. Header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(frozen=True)
class Answer:
    """What to answer. ``hang_up`` closes the connection without a word; ``wait_for`` holds the answer back until set."""

    status: int = 200
    body: bytes | str | dict[str, Any] | list[Any] = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    hang_up: bool = False
    wait_for: threading.Event | None = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Python's five are full when many call at once; whoever finds it full calls again a second later, or three, or seven.
    request_queue_size = 128


class HttpPeer:
    """Listens on a free port of 127.0.0.1, with ``tls`` where it is given. ``answers`` are used up first; after them comes ``otherwise``."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.tls = tls
        self.requests: list[Request] = []
        self.answers: deque[Answer] = deque()
        self.otherwise: Answer | Callable[[Request], Answer] = Answer()
        self._changed = threading.Condition()
        self._server: ThreadingHTTPServer | None = None
        self._open: set[socket.socket] = set()

    @property
    def url(self) -> str:
        assert self._server is not None, "start() it first"
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self._server.server_port}"

    def start(self) -> HttpPeer:
        peer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 10

            def log_message(self, *arguments: object) -> None:
                pass

            def setup(self) -> None:
                super().setup()
                peer._open.add(self.connection)

            def finish(self) -> None:
                peer._open.discard(self.connection)
                super().finish()

            def _handle(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                peer._serve(self, Request(self.command, self.path, headers, body))

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _handle

        self._server = _Server(("127.0.0.1", 0), Handler)
        if self.tls:  # each handshake in the thread of its connection, so that one that fails stops nobody else
            self._server.socket = self.tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="http-peer", daemon=True).start()
        return self

    def stop(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
            for each in list(self._open):  # also those that its callers have kept: whoever has ended answers nobody
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def clear(self) -> None:
        with self._changed:
            self.requests.clear()
            self.answers.clear()
            self.otherwise = Answer()

    def answer(self, *answers: Answer) -> None:
        """Answer the next requests so, one by one."""
        with self._changed:
            self.answers.extend(answers)

    def wait_for(self, predicate: Callable[[Request], bool] = lambda request: True, timeout: float = 60) -> Request:
        """The first request for which ``predicate`` holds, as soon as it is there.

        :raises AssertionError: none came in time; the message lists those that did.
        """
        return self.wait_for_several(1, predicate, timeout)[0]

    def wait_for_several(
        self, count: int, predicate: Callable[[Request], bool] = lambda request: True, timeout: float = 60
    ) -> list[Request]:
        """The first requests for which ``predicate`` holds, as soon as there are ``count``."""
        with self._changed:
            found: list[Request] = []

            def there() -> bool:
                found[:] = [request for request in self.requests if predicate(request)]
                return len(found) >= count

            if not self._changed.wait_for(there, PATIENCE * timeout):
                came = "\n".join(f"  {each.method} {each.path} {each.body[:200]!r}" for each in self.requests)
                raise AssertionError(
                    f"{len(found)} of {count} such requests within {PATIENCE * timeout:g} s. Those that came:\n{came or '  none'}"
                )
            return found

    def _serve(self, handler: BaseHTTPRequestHandler, request: Request) -> None:
        with self._changed:
            self.requests.append(request)
            answer = self.answers.popleft() if self.answers else self.otherwise
            self._changed.notify_all()
        if not isinstance(answer, Answer):
            answer = answer(request)
        if answer.wait_for is not None:
            answer.wait_for.wait(30)
        if answer.hang_up:
            handler.close_connection = True
            return
        body, headers = answer.body, dict(answer.headers)
        if isinstance(body, dict | list):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        content = body.encode() if isinstance(body, str) else body
        handler.send_response(answer.status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        if request.method != "HEAD":
            handler.wfile.write(content)
