"""Public status pages are answered by the gate itself, from memory: they stay up while the web process or the database
is away, and a thousand readers a second cost nothing.

What may be kept says the web process (``X-Watchroom-Shelf: <page>``, see ``status/public/views.py``): it is the same for
everybody. A change of a page wakes us (topic ``status:<page>``), and its answers are fetched anew at once; besides, an
answer that is older than some seconds is asked for again. What is kept lies in the data directory, too, so that a gate
that starts while the database is down still has it. An answer that could not be renewed says so: by the header
``Warning: 110`` (RFC 7234, 5.5.1), by its ``Age``, and on the page itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import hashlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import msgspec

from ..intake.gate import addresses
from ..intake.gate.asgi import Scope, Send, header
from ..intake.gate.proxy import Proxy
from ..kernel import clock
from ..kernel.settings import Settings
from ..live.hub import EVERYTHING
from ..status.rules.languages import LANGUAGES, pick

log = logging.getLogger("watchroom.gate")

MARK, WITH = b"x-watchroom-shelf", b"x-watchroom-shelf-with"
FRESH_SECONDS = 15.0  # younger: answered without another thought
PATIENT_SECONDS = 60.0  # younger: answered, and renewed meanwhile; older: renewed first, if that takes no longer than
WAIT_SECONDS = 3.0
_NOBODY_ASKED = 0.0  # fetched at: not yet, and only because it belongs to what was
_ENTRIES, _BODY_BYTES = 2_000, 4 * 1024 * 1024
_WORTH_ZIPPING = 1_000  # bytes
_AT_ONCE = 4  # renewals at the same time, so that pages for people who work go first
_HIDDEN, _SHOWN = b'<p class="stale" role="status" hidden>', b'<p class="stale" role="status">'

Key = tuple[str, str, str]  # host (empty: Watchroom's own), path, language (empty: the page's own)


@dataclass
class Kept:
    """One answer."""

    page: str
    headers: list[tuple[bytes, bytes]]
    body: bytes
    etag: bytes
    fetched_at: float  # Unix seconds, so that it means something after a restart
    failing: bool = False
    belonging: tuple[str, ...] = ()  # documents below it, which are kept as soon as it is
    zipped: bytes = field(default=b"", repr=False)  # the bars of ninety days are a tenth of their size
    renewal: asyncio.Task[None] | None = field(default=None, repr=False)
    again: bool = False  # the page has changed while it was being renewed


class Shelf:
    """All answers that are kept. Part of the gate: started and stopped with it."""

    def __init__(self, proxy: Proxy, settings: Settings, trusted: tuple[addresses.Network, ...] = ()) -> None:
        self._proxy, self._trusted = proxy, trusted
        self._own = {
            urlsplit(settings.url).hostname or "",
            "localhost",
            "127.0.0.1",
            "::1",
            *(each.lower() for each in settings.allowed_hosts),
        }
        self._directory = settings.data / "status-pages"
        self._kept: dict[Key, Kept] = {}
        self._seats = asyncio.Semaphore(_AT_ONCE)
        self._running: set[asyncio.Task[None]] = set()

    # --- Part of the gate ---

    async def start(self) -> None:
        self._kept = await asyncio.to_thread(_read_all, self._directory)

    async def stop(self) -> None:
        for task in list(self._running):
            task.cancel()
        for task in list(self._running):
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def heard(self, topics: frozenset[str]) -> None:
        """A wake: renew what has changed."""
        pages = {topic.removeprefix("status:") for topic in topics if topic.startswith("status:")}
        for key, kept in self._kept.items():
            if kept.page in pages or EVERYTHING in topics:
                self._renew(key, kept)

    # --- Requests ---

    async def __call__(self, scope: Scope, send: Send) -> bool:
        key = self._key(scope)
        if key is None:
            return False
        kept = self._kept.get(key)
        if kept is None:
            return await self._first(scope, send, key)
        age = clock.now().timestamp() - kept.fetched_at
        if age > FRESH_SECONDS:
            task = self._renew(key, kept)
            if age > PATIENT_SECONDS and not kept.failing:
                await asyncio.wait([task], timeout=WAIT_SECONDS)
                kept = self._kept.get(key)
                if kept is None:  # it is not public any more
                    return False
                age = clock.now().timestamp() - kept.fetched_at
        await _answer(scope, send, kept, stale=kept.failing or age > PATIENT_SECONDS, age=int(max(age, 0)))
        return True

    def _key(self, scope: Scope) -> Key | None:
        """What a request asks for, if it may be kept at all. Nothing of the query but the language makes a difference,
        so that nobody can go past what is kept by adding something."""
        if scope["method"] not in ("GET", "HEAD"):
            return None
        path: str = "/" + scope["path"].lstrip("/")  # under its own domain a page takes //x for /x
        host = self._host(scope)
        if host in self._own:
            if not path.startswith("/status/"):
                return None
            host = ""
        if path.endswith(("/confirm", "/subscription", "/subscribe")):
            return None
        query = scope["query_string"]
        chosen = parse_qs(query.decode("latin-1")).get("lang", [""])[0] if b"lang=" in query else ""
        language = chosen if chosen in LANGUAGES else pick(header(scope, b"accept-language").decode("latin-1"), "")
        return host, path, language

    def _host(self, scope: Scope) -> str:
        host = header(scope, b"host")
        peer = (scope.get("client") or ("", 0))[0]
        if addresses.is_trusted(peer, self._trusted):
            host = header(scope, b"x-forwarded-host").split(b",")[0].strip() or host
        text = host.decode("latin-1").lower()
        if text.startswith("[") and "]" in text:
            return text[1 : text.index("]")]
        return text.partition(":")[0].rstrip(".")  # with a dot at its end it is the same name

    async def _first(self, scope: Scope, send: Send, key: Key) -> bool:
        """Nothing is kept: ask the web process in the name of who asks, and keep it if it may be. Asked for is what the key
        says and nothing else, so that nobody chooses what others are given."""
        target = _target(key)
        changed = {b"if-none-match": b"", b"accept-language": key[2].encode()}
        try:
            status, headers, body = await self._proxy.fetch(scope, target, changed, _BODY_BYTES)
        except (httpx.HTTPError, TimeoutError):
            status, headers, body = 502, [], b""
        if status >= 500:
            # Better the page in another language than none; otherwise the usual way says what is wrong.
            other = next((kept for each, kept in self._kept.items() if each[:2] == key[:2]), None)
            if other is None:
                return False
            await _answer(scope, send, other, stale=True, age=int(clock.now().timestamp() - other.fetched_at))
            return True
        kept = _kept(status, headers, body)
        if kept is not None:
            self._put(key, kept)
            await _answer(scope, send, kept, stale=False, age=0)
            return True
        if target != _asked(scope):  # what is not kept may well depend on the rest: ask the usual way
            return False
        headers = [each for each in headers if each[0] not in (MARK, WITH, b"content-length")]
        headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
        return True

    # --- Renewal ---

    def _renew(self, key: Key, kept: Kept) -> asyncio.Task[None]:
        if kept.renewal is not None and not kept.renewal.done():
            kept.again = True
            return kept.renewal
        kept.renewal = task = asyncio.ensure_future(self._fetch(key, kept))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def _fetch(self, key: Key, kept: Kept) -> None:
        host, _, language = key
        scope: Scope = {
            "scheme": "http",
            "client": ("127.0.0.1", 0),
            "headers": [(b"host", host.encode("latin-1") or b"127.0.0.1")],
        }
        while True:
            kept.again = False
            async with self._seats:
                if kept.fetched_at == _NOBODY_ASKED and not self._has_room():
                    return  # the shelf has filled up while we waited
                try:
                    answer = await self._proxy.fetch(
                        scope, _target(key), {b"accept-language": language.encode()}, _BODY_BYTES
                    )
                except (httpx.HTTPError, TimeoutError):
                    kept.failing = True
                    return
            if answer[0] >= 500:
                kept.failing = True
                return
            fresh = _kept(*answer)
            if fresh is None:
                self._drop(key)
                return
            fresh.renewal, fresh.again = kept.renewal, kept.again
            self._put(key, fresh)
            if not fresh.again:
                return
            kept = fresh

    def _put(self, key: Key, kept: Kept) -> None:
        there = self._kept.pop(key, None)
        self._kept[key] = kept
        while len(self._kept) > _ENTRIES:
            self._drop(next(iter(self._kept)))
        if there is None or there.etag != kept.etag:
            self._in_thread(_write, self._directory, key, kept)
        if there is None:
            self._keep_what_belongs_to(key, kept)

    def _keep_what_belongs_to(self, key: Key, kept: Kept) -> None:
        """Whoever asks for a document for the first time while the database is down shall have it all the same."""
        for name in kept.belonging:
            other = (key[0], f"{key[1].rstrip('/')}/{name}", key[2])
            if self._has_room() and not any(each[:2] == other[:2] for each in self._kept):
                self._renew(other, Kept(kept.page, [], b"", b"", _NOBODY_ASKED))

    def _has_room(self) -> bool:
        """For what nobody has asked for: it leaves half of the shelf to what somebody has, so that documents never push
        out pages."""
        return len(self._kept) < _ENTRIES // 2

    def _drop(self, key: Key) -> None:
        self._kept.pop(key, None)
        self._in_thread(_remove, self._directory, key)

    def _in_thread(self, call: Callable[..., None], *arguments: object) -> None:
        task = asyncio.ensure_future(asyncio.to_thread(call, *arguments))
        self._running.add(task)
        task.add_done_callback(self._running.discard)


def _target(key: Key) -> bytes:
    """Where the web process is asked for it; the language goes into a header."""
    return quote(key[1], safe="/:@!$&'()*+,;=", errors="replace").encode()


def _asked(scope: Scope) -> bytes:
    query = scope["query_string"]
    return bytes(scope["raw_path"] + (b"?" + query if query else b""))


def _kept(status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> Kept | None:
    """An answer that may be kept; None: it may not."""
    found = dict(headers)
    if status != 200 or MARK not in found or b"set-cookie" in found:
        return None
    sent = [
        (name, value) for name, value in found.items() if name not in (MARK, WITH, b"content-length", b"etag", b"vary")
    ]
    sent.append((b"vary", b"Accept-Language, Accept-Encoding"))
    kept = Kept(found[MARK].decode("latin-1"), sent, body, found.get(b"etag", b'""'), clock.now().timestamp())
    kept.belonging = tuple(found.get(WITH, b"").decode("latin-1").split())
    kept.zipped = gzip.compress(body, 6, mtime=0) if len(body) > _WORTH_ZIPPING else b""
    return kept


async def _answer(scope: Scope, send: Send, kept: Kept, *, stale: bool, age: int) -> None:
    body, etag = kept.body, kept.etag
    headers = [*kept.headers, (b"age", b"%d" % age)]
    if stale:
        body, etag = body.replace(_HIDDEN, _SHOWN, 1), etag[:-1] + b'-stale"'
        headers.append((b"warning", b'110 - "Response is Stale"'))
    elif kept.zipped and b"gzip" in header(scope, b"accept-encoding"):
        body, etag = kept.zipped, etag[:-1] + b'-gzip"'
        headers.append((b"content-encoding", b"gzip"))
    headers.append((b"etag", etag))
    asked = header(scope, b"if-none-match")
    if asked and (asked == b"*" or etag in asked):
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


# --- On disk: a line of JSON, then the body ---


def _file(directory: Path, key: Key) -> Path:
    return directory / f"{hashlib.sha256(msgspec.json.encode(key)).hexdigest()[:40]}.kept"


def _write(directory: Path, key: Key, kept: Kept) -> None:
    head = {
        "key": key,
        "page": kept.page,
        "etag": kept.etag.decode("latin-1"),
        "fetched_at": kept.fetched_at,
        "headers": [(name.decode("latin-1"), value.decode("latin-1")) for name, value in kept.headers],
    }
    try:
        directory.mkdir(parents=True, exist_ok=True)
        target = _file(directory, key)
        part = target.with_suffix(".part")
        part.write_bytes(msgspec.json.encode(head) + b"\n" + kept.body)
        part.replace(target)
    except OSError as error:
        log.warning("A status page could not be kept on disk: %s", error)


def _remove(directory: Path, key: Key) -> None:
    with contextlib.suppress(OSError):
        _file(directory, key).unlink(missing_ok=True)


def _read_all(directory: Path) -> dict[Key, Kept]:
    found: dict[Key, Kept] = {}
    for path in sorted(directory.glob("*.kept")) if directory.is_dir() else ():
        try:
            line, _, body = path.read_bytes().partition(b"\n")
            head = msgspec.json.decode(line)
            headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in head["headers"]]
            host, asked, language = head["key"]
            found[host, asked, language] = Kept(
                head["page"], headers, body, head["etag"].encode("latin-1"), float(head["fetched_at"])
            )
        except (OSError, ValueError, KeyError, TypeError, msgspec.DecodeError) as error:
            log.warning("%s is not a kept status page: %s", path, error)
    return found
