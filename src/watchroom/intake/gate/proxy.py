"""`watchroom serve`: everything that is not for the gate goes to the web process, over a Unix socket.

The transport is used without httpx's client, which would add headers of its own and share cookies between people.
"""

from __future__ import annotations

import asyncio
import html
import logging
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx

from . import addresses
from .asgi import Message, Receive, Scope, Send, answer, header, problem, retry_after

log = logging.getLogger("watchroom.gate")

_TIMEOUT: dict[str, float | None] = {"connect": 5.0, "read": 120.0, "write": 30.0, "pool": 15.0}
_WAITING: dict[str, float | None] = {**_TIMEOUT, "pool": 60.0}
LATER = ".later"  # the web process's second socket is called like the first, with this behind it
_IDLE_SECONDS = 30.0  # how long a body may pause on its way in

# Between two neighbours only (RFC 9110, section 7.6.1), or set by us.
_HOP_BY_HOP = {
    b"connection", b"keep-alive", b"proxy-connection", b"proxy-authenticate", b"proxy-authorization", b"te", b"trailer",
    b"transfer-encoding", b"upgrade",
}  # fmt: skip
_NOT_INWARD = _HOP_BY_HOP | {b"host", b"expect", b"forwarded", b"x-real-ip", b"proxy", b"content-length"}
_NOT_OUTWARD = _HOP_BY_HOP | {b"date", b"server"}

_AWAY = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">{again}
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>Watchroom is starting</title></head>
<body><h1>Watchroom&#8217;s pages are not available at the moment</h1>
<p>Alerts are still received. {what}; if it stays, look at
<a href="/readyz">/readyz</a> and at the log of <code>watchroom serve</code>.</p></body></html>
"""
_READ = ('<meta http-equiv="refresh" content="3">', "This page tries again by itself every three seconds")
# What was sent has no page that could be asked for again; js/unsent.js has kept it.
_SENT = (
    "Perhaps what you sent was not taken: wait some seconds, and <a href='{back}unsent'>go back to what you wrote</a>"
)


class _Gone(Exception):
    """Who asked has hung up, or does not go on."""


class _Inward(httpx.AsyncByteStream):
    """The body of a request, as it comes in."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            message: Message = await asyncio.wait_for(self._receive(), _IDLE_SECONDS)
            if message["type"] == "http.disconnect":
                raise _Gone
            if piece := message.get("body", b""):
                yield piece
            if not message.get("more_body", False):
                return


class Proxy:
    """A reverse proxy to the web process: to its Unix socket, and to a second one for what open pages re-read by
    themselves. Two hundred who have one room open re-read it at once when it changes; what somebody does meanwhile, and
    the page that somebody opens, must not wait behind that."""

    def __init__(self, socket_path: str, trusted: tuple[addresses.Network, ...] = ()) -> None:
        self._trusted = trusted
        self._web = _transport(socket_path, 200)
        self._later_path = Path(socket_path + LATER)
        self._later = _transport(str(self._later_path), 50)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = self._inward(scope)
        length, chunked = header(scope, b"content-length"), header(scope, b"transfer-encoding")
        stream: httpx.AsyncByteStream
        if length or chunked:
            headers.append((b"content-length", length.strip()) if length else (b"transfer-encoding", b"chunked"))
            stream = _Inward(receive)
        else:
            stream = httpx.ByteStream(b"")
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        # A body that drips in would hold one of the few places for as long as it likes.
        asks_again = scope["method"] == "GET" and bool(header(scope, b"hx-request")) and not (length or chunked)
        later = asks_again and self._later_path.exists()
        request = httpx.Request(
            scope["method"],
            "http://web/",
            headers=headers,
            stream=stream,
            extensions={"timeout": _WAITING if later else _TIMEOUT, "target": target},
        )
        try:
            response = await self._ask(request, again=not (length or chunked), later=later)
        except (_Gone, TimeoutError):
            return await answer(send, 408, headers=[(b"connection", b"close")])
        except httpx.TimeoutException as error:
            log.error("The web process did not answer %s %s in time: %r", scope["method"], scope["path"], error)
            return await _away(scope, send, 504)
        except httpx.TransportError as error:
            log.warning("The web process is away: %r", error)
            return await _away(scope, send, 502)
        await self._pass_on(response, send)

    async def fetch(
        self, scope: Scope, target: bytes, changed: Mapping[bytes, bytes], limit_bytes: int
    ) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        """A whole answer to a GET of ``target`` with the headers of ``scope``, some of them ``changed`` (empty: left
        out); for whoever keeps answers.

        :raises httpx.HTTPError: the web process is away, too slow, or says too much.
        """
        headers = [each for each in self._inward(scope) if each[0].lower() not in changed]
        headers += [(name, value) for name, value in changed.items() if value]
        request = httpx.Request(
            "GET",
            "http://web/",
            headers=headers,
            stream=httpx.ByteStream(b""),
            extensions={"timeout": _TIMEOUT, "target": target},
        )
        response = await self._ask(request, again=True)
        body = b""
        try:
            async for piece in response.aiter_raw():
                body += piece
                if len(body) > limit_bytes:
                    raise httpx.DecodingError("the answer is too large to be kept")
        finally:
            await response.aclose()
        named = response.headers.get("connection", "").lower().encode().split(b",")
        kept = [
            (name.lower(), value)
            for name, value in response.headers.raw
            if name.lower() not in _NOT_OUTWARD and name.lower() not in named
        ]
        return response.status_code, kept, body

    async def ask(self, target: bytes, body: bytes) -> bytes | None:
        """What the web process answers to a question of the gate itself; None: nothing, or that it does not know."""
        headers = {"Host": "127.0.0.1", "Content-Length": str(len(body)), "Content-Type": "text/plain"}
        extensions = {"timeout": dict.fromkeys(_TIMEOUT, 10.0), "target": target}
        request = httpx.Request("POST", "http://127.0.0.1/", headers=headers, content=body, extensions=extensions)
        try:
            response = await self._ask(request, again=True)
            said = await response.aread()
            await response.aclose()
        except httpx.TransportError:
            return None
        return said if response.status_code == 200 else None

    async def answers(self) -> bool:
        """Whether the web process answers at all."""
        timeout = dict.fromkeys(_TIMEOUT, 5.0)
        request = httpx.Request("GET", "http://127.0.0.1/healthz", extensions={"timeout": timeout})
        try:
            response = await self._web.handle_async_request(request)
            await response.aclose()
        except httpx.TransportError:
            return False
        return response.status_code < 500

    async def numbers(self, token: str) -> bytes:
        """What the web process counts: engines, channels and providers. Nothing while it is away."""
        timeout = dict.fromkeys(_TIMEOUT, 5.0)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        request = httpx.Request("GET", "http://127.0.0.1/metrics", headers=headers, extensions={"timeout": timeout})
        try:
            response = await self._web.handle_async_request(request)
            body = await response.aread()
            await response.aclose()
        except httpx.TransportError:
            return b""
        return body if response.status_code == 200 else b""

    async def close(self) -> None:
        await self._web.aclose()
        await self._later.aclose()

    def _inward(self, scope: Scope) -> list[tuple[bytes, bytes]]:
        """The headers as the web process gets them: what a stranger says about the way here is not among them."""
        peer = (scope.get("client") or ("", 0))[0]
        trusted = addresses.is_trusted(peer, self._trusted)
        scheme, host = scope["scheme"].encode(), header(scope, b"host")
        forwarded_for = b""
        if trusted:
            forwarded_for = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
            if (stated := header(scope, b"x-forwarded-proto").split(b",")[0].strip().lower()) in (b"http", b"https"):
                scheme = stated
            host = header(scope, b"x-forwarded-host").split(b",")[0].strip() or host
        client = addresses.client(peer, forwarded_for.decode("latin-1"), self._trusted)
        named = {name.strip().lower() for name in header(scope, b"connection").split(b",")}
        headers = [
            (name, value.strip(b" \t"))  # space around a value is no part of it (RFC 9110, 5.5)
            for name, value in scope["headers"]
            if name not in _NOT_INWARD
            and name not in named
            and not name.startswith(b"x-forwarded-")
            and b"_" not in name  # WSGI can't tell X_Forwarded_For from X-Forwarded-For
        ]
        return [
            (b"host", header(scope, b"host").strip(b" \t")),
            *headers,
            (b"x-forwarded-for", client.encode("latin-1")),
            (b"x-forwarded-proto", scheme),
            (b"x-forwarded-host", host),
        ]

    async def _ask(self, request: httpx.Request, again: bool, *, later: bool = False) -> httpx.Response:
        web = self._later if later else self._web
        try:
            return await web.handle_async_request(request)
        except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
            # The web process may have closed a kept connection while we took it up.
            if not again or request.method not in ("GET", "HEAD", "OPTIONS"):
                raise
            return await web.handle_async_request(request)

    async def _pass_on(self, response: httpx.Response, send: Send) -> None:
        named = {name.strip().lower() for name in response.headers.get("connection", "").encode().split(b",")}
        headers = [
            (name.lower(), value)
            for name, value in response.headers.raw
            if name.lower() not in _NOT_OUTWARD and name.lower() not in named
        ]
        try:
            await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
            async for piece in response.aiter_raw():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            await response.aclose()


def _transport(socket_path: str, connections: int) -> httpx.AsyncHTTPTransport:
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=20)
    return httpx.AsyncHTTPTransport(uds=socket_path, limits=limits)


async def _away(scope: Scope, send: Send, status: int) -> None:
    if scope["path"].startswith("/api/"):
        detail = "Watchroom's web process does not answer at the moment."
        await problem(send, status, "Not available", detail, "Try again in a few seconds.", [retry_after(3)])
    else:
        page = header(scope, b"referer").decode("latin-1").partition("://")[2].partition("/")[2].partition("#")[0]
        back = html.escape(f"/{page.lstrip('/')}{'&' if '?' in page else '?'}")
        again, what = _READ if scope["method"] in ("GET", "HEAD") else ("", _SENT.format(back=back))
        await answer(
            send, status, _AWAY.format(again=again, what=what).encode(), "text/html; charset=utf-8", [retry_after(3)]
        )
