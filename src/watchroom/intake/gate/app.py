"""The gate's front: which request is for whom, and the usual way of a signal from the socket to the database.

What comes most does not pass here: see `short.py`.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from ...kernel import clock
from ...sources.base import Asked, Certified, Claiming, Keyed, Probed, Reply, Source
from . import about, addresses, limits, origins
from .asgi import ASGIApp, Message, Receive, Scope, Send, answer, header, problem
from .asking import Asking
from .bodies import Bodies
from .database import Integration, Unavailable
from .excess import Excess
from .keys import PREFIX, Keys
from .letters import Letters
from .metrics import Metrics
from .proxy import Proxy
from .rates import Rates
from .short import Short
from .store import Store
from .taking import Answered, Taker, later, sending
from .visits import NotReached, Visits

log = logging.getLogger("watchroom.gate")


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
        numbers: Metrics,
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
        self._live, self._proxy, self._shelf, self._parts, self._trusted = live, proxy, shelf, list(parts), trusted
        self._visits = visits or Visits()
        self._bring_their_key = [each for each in sources.values() if isinstance(each, Keyed)]
        self._claim = [each for each in sources.values() if isinstance(each, Claiming)]
        self._taker = Taker(keys, store, numbers)
        self._excess = Excess(Rates(signals_per_minute), store, numbers)
        self._bodies = Bodies(self._excess, numbers)
        self._asking = Asking(proxy)
        self._about = about.About(keys, store, numbers, proxy, metrics_token)
        self.short = Short(keys, sources, self._taker, self._excess, trusted)
        self.letters = Letters(keys, sources, self._taker, self._excess, self._asking)

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
        if path in about.PATHS:
            return await self._about(scope, send)
        if (key := _key_in_header(scope)) and self._is_for_a_source(scope["method"], path):
            return await self._signal(scope, receive, send, key, path)
        if (keyed := self._keyed(scope["method"], path)) is not None:
            return await self._signal_with_its_key(scope, receive, send, keyed, path)
        if any(each.claims(scope["method"], path) for each in self._claim):
            return await self._no_key(send)
        if self._proxy is not None:
            if self._shelf is not None and await self._shelf(scope, send):
                return None
            return await self._proxy(scope, receive, send)
        return await problem(
            send, 404, "Not found", "This is a gate: it takes signals only.", "Send signals to /in/<key>/…; pages are served by `watchroom web`."
        )  # fmt: skip

    # --- For whom ---

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

    # --- Signals ---

    async def _signal_with_its_key(self, scope: Scope, receive: Receive, send: Send, source: Keyed, path: str) -> None:
        """A signal whose key stands where its senders have always put it: in a header of theirs, or in the body."""
        held: list[Message] = []
        key = source.key_of({name: header(scope, name.encode()).decode("latin-1") for name in source.key_headers}, b"")
        if not key:
            body = await self._bodies.read(scope, receive, send, source)
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
            if isinstance(source, Asked):
                if source.asked(method, path):
                    return await self._asking.ask(scope, receive, origins.readable(scope, send), key)
                if (wanted := origins.asked_for(scope)) and source.asked(wanted, path):
                    return await origins.let_in(scope, send)
                if method == "GET" and path in ("", "/") and b"text/html" in header(scope, b"accept"):
                    # A person: other tools link to "the Alertmanager", which is its page.
                    return await answer(send, 303, headers=[(b"location", b"/alerts")])
            return await self._wrong_path(send, source, method, path)
        if (told := self._excess.limited(integration, source)) is not None:
            await limits.discard(receive)
            return await _pass_on(send, told)
        body = await self._bodies.read(scope, receive, send, source, integration)
        if body is not None:
            await self._keep(scope, send, integration, source, path, body)

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

    def _remote(self, scope: Scope) -> str:
        peer = (scope.get("client") or ("", 0))[0]
        if not self._trusted:
            return str(peer)
        return addresses.client(peer, header(scope, b"x-forwarded-for").decode("latin-1"), self._trusted)[:64]

    async def _later(self, send: Send, source: str, outcome: str, detail: str) -> None:
        self._numbers.count(source, outcome)
        await _pass_on(send, later(detail))

    async def _no_key(self, send: Send) -> None:
        self._numbers.count("unknown", "unauthorized")
        await problem(
            send, 401, "No key", "Nothing says which integration this is for.",
            "Write /in/<key> before the path, or send the key as a bearer token or as the password of basic authentication.",
            [(b"www-authenticate", b"Bearer")],
        )  # fmt: skip

    async def _wrong_path(self, send: Send, source: Source, method: str, path: str) -> None:
        self._numbers.count(source.name, "wrong_path")
        shown = path[:100]
        if method != "POST" and source.accepts("POST", path):
            await problem(
                send, 405, "Wrong method", f"{method} is not accepted here.", "Use POST.", [(b"allow", b"POST")]
            )
        else:
            await problem(
                send, 404, "Wrong path", f"The source {source.label} takes nothing at {shown!r}.", "Compare the address with the integration's page."
            )  # fmt: skip

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


async def _pass_on(send: Send, reply: Reply) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers]
    await answer(send, reply.status, reply.body, reply.content_type, headers)
