"""The gate's front: which request is for whom, and the way of a signal from the socket to the database."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol
from urllib.parse import quote

import msgspec

from ...kernel import clock, signing
from ...sources.base import Asked, Certified, Keyed, Limited, Probed, Reply, Source
from . import addresses, limits, metrics
from .asgi import ASGIApp, Headers, Message, Receive, Scope, Send, answer, header, problem, retry_after
from .database import Integration, Signal, Unavailable
from .keys import PREFIX, Keys
from .proxy import Proxy
from .rates import LIMITED_PATH, OURSELVES, TOO_LARGE_PATH, Rates
from .store import Full, Store
from .taking import RETRY_SECONDS, Answered, Sending, Taker, later, problem_reply, sending
from .visits import NotReached, Visits

log = logging.getLogger("watchroom.gate")

MAIL_PATH = "/smtp"  # of a signal that came as a mail
_NOT_QUICK = {b"content-encoding", b"transfer-encoding", b"expect", b"upgrade"}
_QUICK_ROUTES_LIMIT = 4_096
_HEADS_LIMIT, _HEAD_BYTES = 8_192, 1_024
_QuickRoute = tuple[object, Integration, Source, str, bytes]  # first: which reading of the keys it stands on
_Head = tuple[object, tuple[int, Sending, bytes]]  # the same first; the body's length, and what proxies say


class Part(Protocol):
    """Something that runs as long as the gate does."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


class Shelf(Protocol):
    """What answers by itself instead of the web process, where it can. Whether it did."""

    async def __call__(self, scope: Scope, send: Send) -> bool: ...


class Gate:
    """The ASGI application."""

    def __init__(
        self,
        *,
        keys: Keys,
        store: Store,
        numbers: metrics.Metrics,
        sources: Mapping[str, Source],
        live: ASGIApp | None = None,
        proxy: Proxy | None = None,
        shelf: Shelf | None = None,
        parts: Sequence[Part] = (),
        trusted: tuple[addresses.Network, ...] = (),
        metrics_token: str = "",
        signals_per_minute: int = 0,
        visits: Visits | None = None,
    ) -> None:
        self._keys, self._store, self._numbers, self._sources = keys, store, numbers, sources
        self._live, self._proxy, self._shelf, self._parts = live, proxy, shelf, list(parts)
        self._trusted, self._metrics_token = trusted, metrics_token
        self._taker = Taker(keys, store, numbers)
        self._rates = Rates(signals_per_minute)
        self._visits = visits or Visits()
        self._bring_their_key = [each for each in sources.values() if isinstance(each, Keyed)]
        self._quick_routes: dict[bytes, _QuickRoute] = {}
        self._heads: dict[bytes, _Head] = {}

    def add(self, part: Part) -> None:
        """Let something more run as long as the gate does; to be called before it starts."""
        self._parts.append(part)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self._lifespan(receive, send)
        if scope["type"] != "http":
            return None
        path: str = scope["path"]
        if path.startswith("/in/"):
            key, slash, rest = path.removeprefix("/in/").partition("/")
            return await self._signal(scope, receive, send, key, slash + rest)
        if path == "/live" and self._live is not None:
            return await self._live(scope, receive, send)
        if path in ("/healthz", "/readyz", "/metrics"):
            return await self._about(scope, send)
        if (key := _key_in_header(scope)) and self._is_for_a_source(scope["method"], path):
            return await self._signal(scope, receive, send, key, path)
        if (keyed := self._keyed(scope["method"], path)) is not None:
            return await self._signal_with_its_key(scope, receive, send, keyed, path)
        if self._proxy is not None:
            if self._shelf is not None and await self._shelf(scope, send):
                return None
            return await self._proxy(scope, receive, send)
        return await problem(
            send, 404, "Not found", "This is a gate: it takes signals only.", "Send signals to /in/<key>/…; pages are served by `watchroom web`."
        )  # fmt: skip

    # --- Signals ---

    async def _signal_with_its_key(self, scope: Scope, receive: Receive, send: Send, source: Keyed, path: str) -> None:
        """A signal whose key stands where its senders have always put it: in a header of theirs, or in the body."""
        held: list[Message] = []
        key = source.key_of({name: header(scope, name.encode()).decode("latin-1") for name in source.key_headers}, b"")
        if not key:
            body = await self._body(scope, receive, send, source)
            if body is None:
                return None
            key = source.key_of({}, body)
            held.append({"type": "http.request", "body": body, "more_body": False})

        async def again() -> Message:
            return held.pop() if held else await receive()

        if not key:
            self._numbers.count(source.name, "unauthorized")
            return await _pass_on(send, source.without_key())
        await self._signal(scope, again, send, key, path)

    async def _signal(self, scope: Scope, receive: Receive, send: Send, key: str, path: str) -> None:
        try:
            integration = await self._keys.find(key)
        except Unavailable:
            return await self._later(send, "unknown", "unavailable", "The database does not answer.")
        if integration is None:
            self._numbers.count("unknown", "unauthorized")
            return await problem(
                send, 401, "Unknown key", "No integration has this key.",
                "Copy the address from the integration's page again; its key may have been replaced.",
                [(b"www-authenticate", b"Bearer")],
            )  # fmt: skip
        source = self._sources.get(integration.source)
        if source is None:
            return await problem(
                send, 501, "Unknown source", f"No plugin for {integration.source!r} is installed on this node.", "Install it, and restart Watchroom."
            )  # fmt: skip
        if integration.paused:
            self._numbers.count(source.name, "paused")
            return await problem(
                send, 403, "Paused", f"The integration {integration.name!r} is paused.", "Resume it on its page in Watchroom."
            )  # fmt: skip
        method: str = scope["method"]
        if isinstance(source, Probed) and (told := source.probe(method, path)) is not None:
            return await _pass_on(send, replace(told, body=b"") if method == "HEAD" else told)
        if not source.accepts(method, path):
            if isinstance(source, Asked) and source.asked(method, path):
                return await self._ask(scope, receive, send, key, path)
            self._numbers.count(source.name, "wrong_path")
            return await self._wrong_path(send, source, method, path)
        if (told := self._limited(integration, source)) is not None:
            await limits.discard(receive)
            return await _pass_on(send, told)
        body = await self._body(scope, receive, send, source, integration)
        if body is not None:
            await self._keep(scope, send, integration, source, path, body)

    def _limited(self, integration: Integration, source: Source) -> Reply | None:
        """What is to be answered when this integration sends more than it may. That it does is stored now and then."""
        now = clock.monotonic()
        seconds = self._rates.take(integration.id, integration.rate_per_minute, now)
        if not seconds:
            return None
        self._numbers.count(source.name, "limited")
        limit = self._rates.limit_of(integration.rate_per_minute)
        if self._rates.is_news(integration.id, now):
            self._report(integration, limit)
        if isinstance(source, Limited):
            told = source.limited(seconds)
        else:
            told = problem_reply(
                429, "Too many signals", f"This integration may send {limit} signals a minute.",
                f"Send it again in {seconds} seconds; put more alerts into one request, or have the limit raised.",
            )  # fmt: skip
        return replace(told, headers=(*told.headers, ("retry-after", str(seconds))))

    def _report(self, integration: Integration, limit: int) -> None:
        fix = "Some signals were answered with 429. Slow the sender down, or raise the limit of this integration."
        problem_ = {"field": "rate", "value": f"more than {limit} a minute", "fix": fix}
        self._report_by(integration, LIMITED_PATH, {"per_minute": limit}, problem_)

    def _report_size(self, integration: Integration, source: Source) -> None:
        allowed = limits.in_words(source)
        fix = "A signal was answered with 413. Have the sender put fewer alerts into one request."
        problem_ = {"field": "body", "value": f"more than {allowed}", "fix": fix}
        self._report_by(integration, TOO_LARGE_PATH, {"allowed": allowed}, problem_)

    def _report_by(self, integration: Integration, path: str, said: dict[str, Any], what: dict[str, str]) -> None:
        """Put a signal of ours among those of the integration: its page shows it, and the engine can raise an alert."""
        signal = Signal(
            integration_id=integration.id,
            received_at=clock.now(),
            path=path,
            query="",
            content_type="application/json",
            headers="{}",
            body=msgspec.json.encode(said),
            remote=OURSELVES,
            refused=False,
            problems=msgspec.json.encode([what]).decode(),
        )
        try:
            self._store.submit(signal, lambda error: None)
        except Full:
            log.warning("The integration %r loses signals, and even that can't be stored.", integration.name)

    async def _ask(self, scope: Scope, receive: Receive, send: Send, key: str, path: str) -> None:
        """Hand a question to the web process, at the address that has the key in it. Its body passes as it comes."""
        if self._proxy is None:
            return await problem(
                send, 503, "Not answered here", "This is a gate alone: it stores signals, and can't look anything up.",
                "Ask a node that runs `watchroom serve`, or have your proxy send this path to `watchroom web`.",
                [retry_after(RETRY_SECONDS)],
            )  # fmt: skip
        raw: bytes = scope["raw_path"]
        if not scope["path"].startswith("/in/"):
            raw = b"/in/" + quote(key, safe="").encode() + raw
            path = f"/in/{key}{path}"
        else:
            path = scope["path"]
        # The web process answers for its own names only; a sender may know this machine by any other.
        headers = [each for each in scope["headers"] if each[0] not in (b"host", b"x-forwarded-host")]
        headers.append((b"host", b"127.0.0.1"))
        await self._proxy({**scope, "path": path, "raw_path": raw, "headers": headers}, receive, send)

    async def _body(
        self, scope: Scope, receive: Receive, send: Send, source: Source, integration: Integration | None = None
    ) -> bytes | None:
        """The body of a signal; ``None`` when it is not to be had, and its sender has been told so."""
        encoding = header(scope, b"content-encoding").strip().lower()
        if encoding not in (b"", b"identity", b"gzip", b"x-gzip"):
            self._numbers.count(source.name, "encoded")
            await problem(
                send, 415, "Encoding not accepted", f"Content-Encoding {encoding.decode('latin-1')!r} is not accepted.", "Send the body as it is, or compressed with gzip."
            )  # fmt: skip
            return None
        try:
            body = await limits.read_body(scope, receive, limit_bytes=limits.most_bytes(source))
            return limits.unpacked(body, limits.most_bytes(source)) if encoding.endswith(b"gzip") else body
        except limits.Unreadable:
            self._numbers.count(source.name, "encoded")
            await problem(
                send, 400, "Not gzip", "The body says that it is compressed with gzip, and is not.", "Send it as it is."
            )
            return None
        except limits.TooLarge:
            self._numbers.count(source.name, "too_large")
            if integration is not None and self._rates.is_news_of_size(integration.id, clock.monotonic()):
                self._report_size(integration, source)
            await limits.discard(receive)
            await problem(
                send, 413, "Too large", f"A signal may have {limits.in_words(source)}.", "Send fewer alerts at a time.", [(b"connection", b"close")]
            )  # fmt: skip
            return None
        except limits.TooSlow:
            self._numbers.count(source.name, "too_slow")
            await problem(
                send, 408, "Too slow", f"The body was not complete after {limits.BODY_SECONDS:g} seconds.", "Send it again.", [(b"connection", b"close")]
            )  # fmt: skip
            return None
        except limits.Gone:
            self._numbers.count(source.name, "gone")
            return None

    async def _keep(
        self, scope: Scope, send: Send, integration: Integration, source: Source, path: str, body: bytes
    ) -> None:
        """Have the signal read and stored, and pass the answer on."""
        told: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        sent = sending(integration, source, path, scope["query_string"], scope["headers"])
        if isinstance(source, Certified):
            try:
                sent = sent.with_headers(await self._visits.certificate(source, sent.inbound(body, clock.now())))
                await self._visits.confirm(source, sent.inbound(body, clock.now()))
            except NotReached as error:
                log.warning("A signal of %r can't be checked: %s", integration.name, error)
                return await self._later(send, source.name, "unchecked", f"It can't be checked: {error}")
        answered: Answered = lambda reply: None if told.done() else told.set_result(reply)  # noqa: E731
        self._taker.take(sent, self._remote(scope), body, answered)
        await _pass_on(send, await told)

    # --- Mail (`mail.py`) ---

    async def integration(self, key: str) -> Integration | None:
        """The integration with this key.

        :raises Unavailable: the database does not answer.
        """
        return await self._keys.find(key)

    async def take_mail(self, integration: Integration, body: bytes, query: str, remote: str) -> Reply:
        """Take a mail for an integration as a signal of it; the answer comes after the commit."""
        source = self._sources[integration.source]
        if (told := self._limited(integration, source)) is not None:
            return told
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        headers = [(b"content-type", b"message/rfc822")]
        sent = sending(integration, source, MAIL_PATH, query.encode("latin-1", "replace"), headers)
        self._taker.take(sent, remote, body, lambda reply: None if answer.done() else answer.set_result(reply))
        return await answer

    async def ping(self, key: str, word: str, body: bytes) -> int:
        """Ping a heartbeat with a mail; the status of the web process's answer, 503 without one."""
        if self._proxy is None:
            return 503
        path = f"/ping/{quote(key, safe='')}" + (f"/{word}" if word else "")
        told: list[int] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body[:20_000], "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                told.append(message["status"])

        headers = [(b"host", b"127.0.0.1"), (b"content-length", b"%d" % len(body[:20_000]))]
        scope: Scope = {
            "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": headers,
            "client": ("127.0.0.1", 0), "scheme": "http", "http_version": "1.1",
        }  # fmt: skip
        await self._proxy(scope, receive, send)
        return told[0] if told else 503

    def quick(self, url: bytes, headers: Headers, peer: str) -> Callable[[bytes, Answered], None] | None:
        """The short way for what comes most: a POST under a key that is known, with a body of stated and allowed size.

        Returns what is to be called with the body. None: any other request, which goes the usual way.
        """
        known = self._quick_routes.get(url)
        if known is None or known[0] is not self._keys.known:
            known = self._quick_route(url)
            if known is None:
                return None
        _, integration, source, path, query = known
        length = b""
        for name, value in headers:
            if name == b"content-length":
                length = value
            elif name in _NOT_QUICK:
                return None
        if not length.isdigit() or int(length) > limits.most_bytes(source):
            return None
        sent = sending(integration, source, path, query, headers)
        return self._quickly(sent, self._forwarded(headers), peer)

    def remember(self, head: bytes, url: bytes, headers: Headers, length: int) -> None:
        """A request that went the short way: one with the very same bytes up to its body means the same, and need not
        be parsed again."""
        known = self._quick_routes.get(url)
        if known is None or len(head) > _HEAD_BYTES:
            return
        if len(self._heads) >= _HEADS_LIMIT:
            self._heads.clear()
        keys, integration, source, path, query = known
        self._heads[head] = keys, (length, sending(integration, source, path, query, headers), self._forwarded(headers))

    def again(self, head: bytes) -> tuple[int, Sending, bytes] | None:
        """What is known of a request with this head: first the length of its body. None: it has to be parsed."""
        known = self._heads.get(head)
        return known[1] if known is not None and known[0] is self._keys.known else None

    def take_again(self, known: tuple[int, Sending, bytes], peer: str, body: bytes, answered: Answered) -> None:
        """Take the body that follows a head that is known."""
        self._quickly(known[1], known[2], peer)(body, answered)

    def _quickly(self, sent: Sending, forwarded: bytes, peer: str) -> Callable[[bytes, Answered], None]:
        if self._rates.limit_of(sent.integration.rate_per_minute) > 0:
            if (told := self._limited(sent.integration, sent.source)) is not None:
                return partial(_answer_with, told)
        remote = peer
        if self._trusted:
            remote = addresses.client(peer, forwarded.decode("latin-1"), self._trusted)[:64]
        return partial(self._taker.take, sent, remote)

    def _forwarded(self, headers: Headers) -> bytes:
        if not self._trusted:
            return b""
        return b",".join(value for name, value in headers if name == b"x-forwarded-for")

    def _quick_route(self, url: bytes) -> _QuickRoute | None:
        target, _, query = url.partition(b"?")
        if not target.startswith(b"/in/") or b"%" in target:
            return None
        key, slash, rest = target.removeprefix(b"/in/").decode("latin-1").partition("/")
        path, integrations = slash + rest, self._keys.known
        integration = integrations.get(signing.fingerprint(key)) if integrations else None
        source = self._sources.get(integration.source) if integration else None
        if integration is None or source is None or integration.paused or not source.accepts("POST", path):
            return None
        if isinstance(source, Certified) or (isinstance(source, Probed) and source.probe("POST", path) is not None):
            return None
        if len(self._quick_routes) >= _QUICK_ROUTES_LIMIT:
            self._quick_routes.clear()
        found = self._quick_routes[url] = (integrations, integration, source, path, query)
        return found

    async def _later(self, send: Send, source: str, outcome: str, detail: str) -> None:
        self._numbers.count(source, outcome)
        await _pass_on(send, later(detail))

    async def _wrong_path(self, send: Send, source: Source, method: str, path: str) -> None:
        shown = path[:100]
        if method != "POST" and source.accepts("POST", path):
            await problem(
                send, 405, "Wrong method", f"{method} is not accepted here.", "Use POST.", [(b"allow", b"POST")]
            )
        else:
            await problem(
                send, 404, "Wrong path", f"The source {source.label} takes nothing at {shown!r}.", "Compare the address with the integration's page."
            )  # fmt: skip

    def _is_for_a_source(self, method: str, path: str) -> bool:
        return any(
            source.accepts(method, path)
            or (isinstance(source, Probed) and source.probe(method, path) is not None)
            or (isinstance(source, Asked) and source.asked(method, path))
            for source in self._sources.values()
        )

    def _keyed(self, method: str, path: str) -> Keyed | None:
        """The source whose signals bring their key along, if this is the path of one."""
        for source in self._bring_their_key:
            if source.accepts(method, path):
                return source
        return None

    def _remote(self, scope: Scope) -> str:
        peer = (scope.get("client") or ("", 0))[0]
        if not self._trusted:
            return str(peer)
        return addresses.client(peer, header(scope, b"x-forwarded-for").decode("latin-1"), self._trusted)[:64]

    # --- About the gate itself ---

    async def _about(self, scope: Scope, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            return await problem(send, 405, "Wrong method", "This can only be read.", "Use GET.", [(b"allow", b"GET")])
        status, content_type = 200, "application/json"
        if scope["path"] == "/healthz":
            body = b'{"status":"ok"}'
        elif scope["path"] == "/readyz":
            checks = await self._checks()
            status = 200 if all(checks.values()) else 503
            shown = {name: "ok" if good else "failing" for name, good in checks.items()}
            body = msgspec.json.encode({"status": "ready" if status == 200 else "not ready", "checks": shown})
        elif metrics.may_read(scope, self._metrics_token):
            web = await self._proxy.numbers(self._metrics_token) if self._proxy is not None else b""
            body, content_type = self._numbers.text() + web, metrics.CONTENT_TYPE
        elif self._metrics_token:
            return await problem(
                send, 401, "Not allowed", "The metrics need a token.", "Send Authorization: Bearer WATCHROOM_METRICS_TOKEN.",
                [(b"www-authenticate", b"Bearer")],
            )  # fmt: skip
        else:
            return await problem(
                send, 403, "Not allowed", "The metrics are shown to this machine only.", "Set WATCHROOM_METRICS_TOKEN and send it as a Bearer token."
            )  # fmt: skip
        await answer(send, status, b"" if scope["method"] == "HEAD" else body, content_type)

    async def _checks(self) -> dict[str, bool]:
        checks = {"database": await self._keys.answers(), "writer": self._store.alive}
        if self._proxy is not None:
            checks["web"] = await self._proxy.answers()
        return checks

    # --- From start to end ---

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        fresh: asyncio.Task[None] | None = None
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._store.start()
                await self._keys.reload()
                fresh = asyncio.create_task(self._keys.keep_fresh())
                for part in self._parts:
                    await part.start()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                if fresh is not None:
                    fresh.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await fresh
                for part in reversed(self._parts):
                    await part.stop()
                await self._store.stop()
                await self._keys.close()
                if self._proxy is not None:
                    await self._proxy.close()
                await send({"type": "lifespan.shutdown.complete"})
                return


def _key_in_header(scope: Scope) -> str:
    """An integration's key in Authorization, as Bearer, as Opsgenie's GenieKey or as the password of Basic; empty when there is none."""
    scheme, _, value = header(scope, b"authorization").partition(b" ")
    match scheme.lower():
        case b"bearer" | b"geniekey":
            key = value.strip()
        case b"basic":
            try:
                key = base64.b64decode(value.strip(), validate=True).partition(b":")[2]
            except binascii.Error:
                return ""
        case _:
            return ""
    text = key.decode("latin-1")
    return text if text.startswith(PREFIX) else ""


def _answer_with(reply: Reply, body: bytes, answered: Answered) -> None:
    answered(reply)


async def _pass_on(send: Send, reply: Reply) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers]
    await answer(send, reply.status, reply.body, reply.content_type, headers)
