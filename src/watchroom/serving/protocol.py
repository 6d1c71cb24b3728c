"""uvicorn's HTTP protocol with what the gate needs besides: limits for a request's head, and a short way for signals.

The short way is for the one request that comes thousands of times a second: a signal. It goes from the socket to the
store and back without ASGI's task, scope and messages, which cost more than all the rest. A sender's requests begin with
the same bytes each time; what has been parsed once is recognised, and not parsed again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ..intake.gate.asgi import on_the_wire
from ..intake.gate.limits import BODY_SECONDS
from ..intake.gate.short import Short
from ..intake.gate.taking import Answered, problem_reply
from ..sources.base import Reply

HEAD_BYTES = 64 * 1024
HEAD_SECONDS = 30.0


class Protocol(HttpToolsProtocol):
    """One connection. A head that does not end is cut off."""

    _in_head = True  # a connection that says nothing at all is no better
    _head_bytes = 0
    _timer: asyncio.TimerHandle | None = None

    _take: Callable[[bytes, Answered], None] | None = None  # the signal that is on its way in
    _pieces: list[bytes]
    _answering = False  # it is here, and not yet answered
    _last = False  # nothing more will be answered on this connection
    _open = False  # the parser is within a request
    _first_piece = b""  # the bytes with which that began
    _quiet_since = 0.0  # on the loop's clock: when a recognised signal was last answered
    _peer = ""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._short: Short | None = getattr(self.app, "short", None)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._peer = self.client[0] if self.client else ""
        self._timer = self.loop.call_later(HEAD_SECONDS, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._open and not self._answering:
            if self._short is not None and self._recognised(self._short, data):
                return
            self._first_piece = data
        was_in_head = self._in_head
        super().data_received(data)
        self._first_piece = b""
        if not self._in_head:
            return
        if self._timer is None:
            self._timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)
        if was_in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
                self.send_400_response(f"The head of a request may have {HEAD_BYTES} bytes.")

    def _recognised(self, short: Short, data: bytes) -> bool:
        """Take a signal whose head is known and whose body has come with it; nothing else may be on its way."""
        end = data.find(b"\r\n\r\n")
        if (known := short.again(data[:end])) is None or len(data) != end + 4 + known[0]:
            return False
        if self._last or self.pipeline or not (self.cycle is None or self.cycle.response_complete):
            return False
        if self._timer is not None:
            self._stop_timer()
        self._in_head = False
        self._answering = True
        short.take_again(known, self._peer, data[end + 4 :], self._answer_recognised)
        return True

    def shutdown(self) -> None:
        if self._take is not None or self._answering:
            self._last = True
        else:
            super().shutdown()

    # --- From the parser ---

    def on_message_begin(self) -> None:
        self._in_head, self._head_bytes, self._open = True, 0, True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._stop_timer()
        if self._answering:
            # A second request before the first one's answer: HTTP lets us close after that, and it is sent again.
            self._last = True
            self.flow.pause_reading()
            return
        if self._short is not None and self.url.startswith(b"/in/") and self.parser.get_method() == b"POST":
            if self.cycle is None or self.cycle.response_complete:
                self._take = self._short.way(self.url, self.headers, self._peer)
                if self._take is not None:
                    self._pieces = []
                    self._timer = self.loop.call_later(BODY_SECONDS, self._too_slow)
                    return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self._take is not None:
            self._pieces.append(body)
        elif not self._answering:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._open = False
        take, self._take = self._take, None
        if take is not None:
            assert self._short is not None
            self._stop_timer()
            self._answering = True
            pieces, self._pieces = self._pieces, []
            body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
            keep = self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive()
            head, blank, rest = self._first_piece.partition(b"\r\n\r\n")
            if keep and blank and rest == body:  # all of it came at once, and nothing else
                self._short.remember(head, self.url, self.headers, len(body))
            take(body, partial(self._answer, keep))
        elif not self._answering:
            super().on_message_complete()

    # --- The short way's answers ---

    def _answer(self, keep: bool, reply: Reply) -> None:
        self._answering = False
        if self.transport.is_closing():
            return
        close = self._last or not keep
        self.transport.write(_wire(reply, self.server_state.default_headers, close))
        if close:
            self.transport.close()
        else:
            self.on_response_complete()

    def _answer_recognised(self, reply: Reply) -> None:
        """The same, without setting a timer for each answer: the one that runs looks by itself what time it is."""
        if self._last or self.timeout_keep_alive_task is None or self.transport.is_closing():
            return self._answer(True, reply)
        self._answering = False
        self._quiet_since = self.loop.time()
        self.server_state.total_requests += 1
        self.transport.write(_wire(reply, self.server_state.default_headers, False))

    def timeout_keep_alive_handler(self) -> None:
        left = self._quiet_since + self.timeout_keep_alive - self.loop.time()
        if self._answering or left > 0:
            pause = max(left, 1.0)
            self.timeout_keep_alive_task = self.loop.call_later(pause, self.timeout_keep_alive_handler)
        else:
            super().timeout_keep_alive_handler()

    def _too_slow(self) -> None:
        self._take, self._timer = None, None
        self._last = True
        self._answer(
            False,
            problem_reply(
                408, "Too slow", f"The body was not complete after {BODY_SECONDS:g} seconds.", "Send it again."
            ),
        )

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


_last_wired: tuple[Reply, object, bytes] | None = None


def _wire(reply: Reply, default_headers: list[tuple[bytes, bytes]], close: bool) -> bytes:
    """An answer as bytes. Most are the same one, until the second of the Date header is over."""
    global _last_wired
    if not close and _last_wired is not None and _last_wired[0] is reply and _last_wired[1] is default_headers:
        return _last_wired[2]
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers]
    headers += default_headers
    wired = on_the_wire(reply.status, reply.body, reply.content_type, headers, close)
    if not close:
        _last_wired = reply, default_headers, wired
    return wired
