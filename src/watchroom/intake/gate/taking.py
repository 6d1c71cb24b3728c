"""The way of one signal from its bytes to the answer: read, stored as it came, and only then answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import msgspec

from ...kernel import clock
from ...sources.base import Inbound, Parsed, Problem, Reply, Source
from .database import Integration, Refused, Signal
from .keys import Keys
from .metrics import Metrics
from .store import Full, Store

log = logging.getLogger("watchroom.gate")

RETRY_SECONDS = 5
_PROBLEMS_LIMIT = 100  # kept of one signal
_HEADER_LIMIT = 2_000  # characters kept of one header
_tasks: set[asyncio.Task[None]] = set()

Answered = Callable[[Reply], None]


@dataclass(frozen=True, slots=True)
class Sending:
    """A request whose head says that it brings a signal of ``integration``; its body is still to come."""

    integration: Integration
    source: Source
    path: str
    query: bytes
    headers: Sequence[tuple[bytes, bytes]]
    remote: str
    fetched: Mapping[str, str] = field(default_factory=dict)  # what we looked up for it, kept like headers of its own

    def inbound(self, body: bytes) -> Inbound:
        """The request as its source reads it."""
        names = self.source.headers
        kept = {**_kept_headers(self.headers, names), **self.fetched} if names or self.fetched else {}
        return Inbound(
            path=self.path[:200],
            body=body,
            content_type=_text(_header(self.headers, b"content-type"), 100),
            received_at=clock.now(),
            query=_text(self.query, 500),
            headers=kept,
            settings=self.integration.settings,
        )


class Taker:
    """Takes signals into the store."""

    def __init__(self, keys: Keys, store: Store, numbers: Metrics) -> None:
        self._keys, self._store, self._numbers = keys, store, numbers

    def take(self, sending: Sending, body: bytes, answered: Answered) -> None:
        """Read a signal and store it. ``answered`` is called with the answer, on the event loop: after the commit that
        holds it, or when it is not to be had."""
        integration, source = sending.integration, sending.source
        inbound = sending.inbound(body)
        try:
            # What is read only by the engine, because it may take its time, is only glanced at here.
            read: Callable[[Inbound], Parsed] = getattr(source, "glance", source.parse)
            parsed = read(inbound)
        except Exception:
            log.exception("The source %s failed to read a signal for %r.", source.name, integration.name)
            parsed = Parsed(problems=(Problem("body", "", "the source failed; see the log of Watchroom."),))
        signal = Signal(
            integration_id=integration.id,
            received_at=inbound.received_at,
            path=inbound.path,
            query=inbound.query,
            content_type=inbound.content_type,
            headers=msgspec.json.encode(inbound.headers).decode() if inbound.headers else "{}",
            body=body,
            remote=sending.remote,
            refused=bool(parsed.problems) and not parsed.drafts,
            problems=_problems(parsed) if parsed.problems else "[]",
        )
        try:
            self._store.submit(signal, partial(self._stored, source, parsed, answered))
        except Full:
            self._numbers.count(source.name, "full")
            answered(later("Too many signals wait to be stored."))

    def _stored(self, source: Source, parsed: Parsed, answered: Answered, error: Exception | None) -> None:
        if error is None:
            outcome = "accepted" if not parsed.problems else "partly" if parsed.drafts else "rejected"
            self._numbers.count(source.name, outcome)
            answered(source.reply(parsed))
        elif isinstance(error, Refused):
            task = asyncio.ensure_future(self._keys.reload())
            _tasks.add(task)
            task.add_done_callback(_tasks.discard)
            self._numbers.count(source.name, "unauthorized")
            fix = "Use the address of another one."
            answered(problem_reply(401, "Unknown key", "This integration has been deleted.", fix))
        else:
            self._numbers.count(source.name, "unavailable")
            answered(later("The database can't store it at the moment."))


def problem_reply(status: int, title: str, detail: str, fix: str, headers: Iterable[tuple[str, str]] = ()) -> Reply:
    """A problem document (RFC 9457) with our ``fix``."""
    body = msgspec.json.encode({"status": status, "title": title, "detail": detail, "fix": fix})
    return Reply(status, body, "application/problem+json", tuple(headers))


def later(detail: str) -> Reply:
    """Not stored: come back."""
    fix = f"Send it again in {RETRY_SECONDS} seconds."
    return problem_reply(503, "Not stored", detail, fix, [("retry-after", str(RETRY_SECONDS))])


def _header(headers: Sequence[tuple[bytes, bytes]], name: bytes) -> bytes:
    for key, value in headers:
        if key == name:
            return value
    return b""


def _text(raw: bytes, limit: int) -> str:
    return raw.decode("latin-1").replace("\0", "")[:limit]


def _kept_headers(headers: Sequence[tuple[bytes, bytes]], names: Sequence[str]) -> dict[str, str]:
    found = ((name, _header(headers, name.encode("latin-1"))) for name in names)
    return {name: _text(value, _HEADER_LIMIT) for name, value in found if value}


def _problems(parsed: Parsed) -> str:
    """The problems as the table keeps them: JSON that PostgreSQL takes too."""
    kept = [{"field": each.field, "value": each.value, "fix": each.fix} for each in parsed.problems[:_PROBLEMS_LIMIT]]
    if (more := len(parsed.problems) - len(kept)) > 0:
        kept.append({"field": "", "value": "", "fix": f"{more} more problems are not kept."})
    return msgspec.json.encode(kept).decode().replace("\\u0000", "\\ufffd")
