"""One request and its answer over a socket (HTTP/1.1 by h11), and the sockets that are kept for the next request.

Nothing is resolved or judged here: `kernel/http.py` does that for each request, and says to which addresses it may go. A
connection is kept for a few seconds where its caller may repeat a request, and used again only for a :class:`Place` that is
the same in everything. Why that is safe stands in docs/decisions/0008-kept-connections.md.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import h11

from . import clock

IDLE_SECONDS = 4.0  # shorter than what servers keep one for (5 s and more), so that both rarely let go at once
OLDEST_SECONDS = 60.0  # since its certificate was checked; then another one is opened
MOST_KEPT = 64
_HEAD_BYTES = 100 * 1024
_CHUNK_BYTES = 64 * 1024


class Unheard(OSError):
    """A connection that had been kept was closed before the other side said a word."""


@dataclass(frozen=True)
class Place:
    """Where a connection leads: to this very address, which has been judged, in this name, with these settings of TLS."""

    address: str
    port: int
    host: str
    tls: ssl.SSLContext | None


@dataclass
class Answer:
    """What came back, as it came. ``truncated``: the body was longer than was asked for."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes
    truncated: bool


def ask(
    places: Sequence[Place], request: h11.Request, content: bytes, *, deadline: float, limit: int, keep: bool
) -> Answer:
    """Send ``request`` to the first of ``places`` that takes it, and read its answer before ``deadline`` (monotonic clock).

    ``keep``: by a connection that has been kept, if there is one to any of them, and keep it. If the other side has just
    closed that one and said nothing, the very same request goes once more by a new one; so it must be one that may be
    repeated, with a key by which its receiver knows it again.

    :raises TimeoutError: not in time.
    :raises OSError: no connection, or it broke.
    :raises h11.RemoteProtocolError: that is not HTTP.
    """
    line = _kept.take(places) if keep else None
    if line is not None:
        try:
            return line.ask(request, content, deadline, limit, keep)
        except Unheard:
            pass
    return _opened(places, deadline).ask(request, content, deadline, limit, keep)


def _left(deadline: float) -> float:
    if (left := deadline - clock.monotonic()) <= 0:
        raise TimeoutError("the time is over")
    return left


def _opened(places: Sequence[Place], deadline: float) -> _Line:
    failure: OSError = OSError("there is no address")
    for place in places:
        left = _left(deadline)
        try:
            return _Line(place, _connected(place, left, deadline))
        except ssl.SSLError:
            raise
        except OSError as error:
            failure = error
    raise failure


def _connected(place: Place, left: float, deadline: float) -> socket.socket:
    made = socket.create_connection((place.address, place.port), left)
    try:
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if place.tls is None:
            return made
        made.settimeout(_left(deadline))
        return place.tls.wrap_socket(made, server_hostname=place.host)
    except BaseException:
        made.close()
        raise


class _Line:
    """One connection, used by one thread at a time."""

    def __init__(self, place: Place, made: socket.socket) -> None:
        self.place, self.socket = place, made
        self.http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_BYTES)
        self.made_at = self.quiet_since = clock.monotonic()
        self.was_kept = self.heard = False

    def ask(self, request: h11.Request, content: bytes, deadline: float, limit: int, keep: bool) -> Answer:
        """See :func:`ask`. Afterwards this connection is kept, or closed."""
        kept = self.heard = False
        try:
            self._send(request, content, deadline)
            answer = self._receive(deadline, limit)
            kept = keep and not answer.truncated and self._may_be_kept()
            return answer
        except TimeoutError:
            raise  # it may be at work on it
        except OSError as error:
            if self.was_kept and not self.heard:
                raise Unheard(str(error)) from error
            raise
        finally:
            if kept:
                self.was_kept, self.quiet_since = True, clock.monotonic()
                _kept.put(self)
            else:
                self.socket.close()

    def _send(self, request: h11.Request, content: bytes, deadline: float) -> None:
        parts = [self.http.send(request)]
        if content:
            parts.append(self.http.send(h11.Data(content)))
        parts.append(self.http.send(h11.EndOfMessage()))
        self.socket.settimeout(_left(deadline))
        try:
            self.socket.sendall(b"".join(part for part in parts if part))
        except (BrokenPipeError, ConnectionResetError):
            pass  # it may have answered before it had read everything, and closed

    def _receive(self, deadline: float, limit: int) -> Answer:
        status, headers, body = 0, [], bytearray()
        while True:
            event = self.http.next_event()
            if event is h11.NEED_DATA:
                self.socket.settimeout(_left(deadline))
                data = self.socket.recv(_CHUNK_BYTES)
                if data:
                    self.heard = True
                elif self.http.their_state is h11.SEND_RESPONSE:
                    raise ConnectionResetError("it closed the connection without an answer")
                self.http.receive_data(data)
            elif isinstance(event, h11.Response):
                status, headers = event.status_code, list(event.headers)
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > limit:
                    return Answer(status, headers, bytes(body[:limit]), True)
            elif not isinstance(event, h11.InformationalResponse):  # the end of the message
                return Answer(status, headers, bytes(body), False)

    def _may_be_kept(self) -> bool:
        """Both sides are through with this request, and nothing lies behind its answer that would pass for the next one's."""
        if self.http.our_state is not h11.DONE or self.http.their_state is not h11.DONE:
            return False
        if self.http.trailing_data != (b"", False):
            return False
        self.http.start_next_cycle()
        return True

    def is_good(self) -> bool:
        """Whether it may be used once more: not for too long, and the other side has neither closed it nor said anything."""
        now = clock.monotonic()
        if now - self.quiet_since > IDLE_SECONDS or now - self.made_at > OLDEST_SECONDS:
            return False
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        return not poll.poll(0)


@dataclass
class _Kept:
    """The connections that wait for their next request. They are closed when their time is over, whether one comes or not."""

    _lines: dict[Place, list[_Line]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _sweeping: bool = False

    def take(self, places: Sequence[Place]) -> _Line | None:
        """A good one to one of ``places``; from now on it is the caller's."""
        while True:
            with self._lock:
                line = next((lines.pop() for place in places if (lines := self._lines.get(place))), None)
            if line is None or line.is_good():
                return line
            line.socket.close()

    def put(self, line: _Line) -> None:
        with self._lock:
            if sum(map(len, self._lines.values())) >= MOST_KEPT:
                line.socket.close()
                return
            self._lines.setdefault(line.place, []).append(line)
            self._sweep_later()

    def _sweep_later(self) -> None:
        if self._lines and not self._sweeping:
            self._sweeping = True
            timer = threading.Timer(IDLE_SECONDS, self._sweep)
            timer.daemon = True
            timer.start()

    def _sweep(self) -> None:
        with self._lock:
            for place, lines in list(self._lines.items()):
                good = [line for line in lines if line.is_good()]
                for line in lines:
                    if line not in good:
                        line.socket.close()
                if good:
                    self._lines[place] = good
                else:
                    del self._lines[place]
            self._sweeping = False
            self._sweep_later()


_kept = _Kept()
