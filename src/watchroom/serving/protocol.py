"""uvicorn's HTTP protocol with what the gate needs besides: limits for a request's head, and a short way for signals.

The short way is for the one request that comes thousands of times a second: a signal. It goes from the socket to the
store and back without ASGI's task, scope and messages, which cost more than all the rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ..intake.gate.asgi import on_the_wire
from ..intake.gate.limits import BODY_SECONDS
from ..intake.gate.taking import Answered, problem_reply
from ..sources.base import Reply

HEAD_BYTES = 64 * 1024
HEAD_SECONDS = 30.0

Quick = Callable[[bytes, list[tuple[bytes, bytes]], str], Callable[[bytes, Answered], None] | None]


class Protocol(HttpToolsProtocol):
    """One connection. A head that does not end is cut off."""

    _in_head = True  # a connection that says nothing at all is no better
    _head_bytes = 0
    _timer: asyncio.TimerHandle | None = None

    _take: Callable[[bytes, Answered], None] | None = None  # the signal that is on its way in
    _pieces: list[bytes]
    _answering = False  # it is here, and not yet answered
    _last = False  # nothing more will be answered on this connection

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._quick: Quick | None = getattr(self.app, "quick", None)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._timer = self.loop.call_later(HEAD_SECONDS, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        was_in_head = self._in_head
        super().data_received(data)
        if not self._in_head:
            return
        if self._timer is None:
            self._timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)
        if was_in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
                self.send_400_response(f"The head of a request may have {HEAD_BYTES} bytes.")

    def shutdown(self) -> None:
        if self._take is not None or self._answering:
            self._last = True
        else:
            super().shutdown()

    # --- From the parser ---

    def on_message_begin(self) -> None:
        self._in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._stop_timer()
        if self._answering:
            # A second request before the first one's answer: HTTP lets us close after that, and it is sent again.
            self._last = True
            self.flow.pause_reading()
            return
        if self._quick is not None and self.url.startswith(b"/in/") and self.parser.get_method() == b"POST":
            if self.cycle is None or self.cycle.response_complete:
                self._take = self._quick(self.url, self.headers, self.client[0] if self.client else "")
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
        take, self._take = self._take, None
        if take is not None:
            self._stop_timer()
            self._answering = True
            pieces, self._pieces = self._pieces, []
            body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
            keep = self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive()
            take(body, partial(self._answer, keep))
        elif not self._answering:
            super().on_message_complete()

    # --- The short way's answers ---

    def _answer(self, keep: bool, reply: Reply) -> None:
        self._answering = False
        if self.transport.is_closing():
            return
        close = self._last or not keep
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers]
        headers += self.server_state.default_headers
        self.transport.write(on_the_wire(reply.status, reply.body, reply.content_type, headers, close))
        if close:
            self.transport.close()
        else:
            self.on_response_complete()

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
