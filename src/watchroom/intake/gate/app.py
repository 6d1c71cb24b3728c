"""The gate's front: which request is for whom, and the way of a signal from the socket to the database."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Protocol

import msgspec

from ...kernel import signing
from ...sources.base import Probed, Reply, Source
from . import addresses, limits, metrics
from .asgi import ASGIApp, Headers, Receive, Scope, Send, answer, header, problem
from .database import Integration, Unavailable
from .keys import PREFIX, Keys
from .proxy import Proxy
from .store import Store
from .taking import Answered, Sending, Taker, later

_NOT_QUICK = {b"content-encoding", b"transfer-encoding", b"expect", b"upgrade"}
_QUICK_ROUTES_LIMIT = 4_096
_QuickRoute = tuple[object, Integration, Source, str, bytes]  # first: which reading of the keys it stands on


class Part(Protocol):
    """Something that runs as long as the gate does."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


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
        parts: Sequence[Part] = (),
        trusted: tuple[addresses.Network, ...] = (),
        metrics_token: str = "",
    ) -> None:
        self._keys, self._store, self._numbers, self._sources = keys, store, numbers, sources
        self._live, self._proxy, self._parts = live, proxy, parts
        self._trusted, self._metrics_token = trusted, metrics_token
        self._taker = Taker(keys, store, numbers)
        self._quick_routes: dict[bytes, _QuickRoute] = {}

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
        if self._proxy is not None:
            return await self._proxy(scope, receive, send)
        return await problem(
            send, 404, "Not found", "This is a gate: it takes signals only.", "Send signals to /in/<key>/…; pages are served by `watchroom web`."
        )  # fmt: skip

    # --- Signals ---

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
            return await answer(send, told.status, b"" if method == "HEAD" else told.body, told.content_type)
        if not source.accepts(method, path):
            self._numbers.count(source.name, "wrong_path")
            return await self._wrong_path(send, source, method, path)
        if (encoding := header(scope, b"content-encoding").lower()) not in (b"", b"identity"):
            self._numbers.count(source.name, "encoded")
            return await problem(
                send, 415, "Encoding not accepted", f"Content-Encoding {encoding.decode('latin-1')!r} is not accepted.", "Send the body as it is."
            )  # fmt: skip
        try:
            body = await limits.read_body(scope, receive)
        except limits.TooLarge:
            self._numbers.count(source.name, "too_large")
            await limits.discard(receive)
            return await problem(
                send, 413, "Too large", f"A signal may have {limits.BODY_BYTES} bytes (4 MiB).", "Send fewer alerts at a time.", [(b"connection", b"close")]
            )  # fmt: skip
        except limits.TooSlow:
            self._numbers.count(source.name, "too_slow")
            return await problem(
                send, 408, "Too slow", f"The body was not complete after {limits.BODY_SECONDS:g} seconds.", "Send it again.", [(b"connection", b"close")]
            )  # fmt: skip
        except limits.Gone:
            return self._numbers.count(source.name, "gone")
        await self._keep(scope, send, integration, source, path, body)

    async def _keep(
        self, scope: Scope, send: Send, integration: Integration, source: Source, path: str, body: bytes
    ) -> None:
        """Have the signal read and stored, and pass the answer on."""
        told: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        sending = Sending(integration, source, path, scope["query_string"], scope["headers"], self._remote(scope))
        self._taker.take(sending, body, lambda reply: None if told.done() else told.set_result(reply))
        await _pass_on(send, await told)

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
        if not length.isdigit() or int(length) > limits.BODY_BYTES:
            return None
        remote = peer
        if self._trusted:
            forwarded = b",".join(value for name, value in headers if name == b"x-forwarded-for")
            remote = addresses.client(peer, forwarded.decode("latin-1"), self._trusted)[:64]
        return partial(self._taker.take, Sending(integration, source, path, query, list(headers), remote))

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
        if isinstance(source, Probed) and source.probe("POST", path) is not None:
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
            source.accepts(method, path) or (isinstance(source, Probed) and source.probe(method, path) is not None)
            for source in self._sources.values()
        )

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
            body, content_type = self._numbers.text(), metrics.CONTENT_TYPE
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
    """An integration's key in Authorization, as Bearer or as the password of Basic; empty when there is none."""
    scheme, _, value = header(scope, b"authorization").partition(b" ")
    match scheme.lower():
        case b"bearer":
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


async def _pass_on(send: Send, reply: Reply) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers]
    await answer(send, reply.status, reply.body, reply.content_type, headers)
