"""The way of one signal from its bytes to the answer: read, stored as it came, and only then answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import msgspec

from ...kernel import clock
from ...sources.base import Inbound, Parsed, Problem, Reply, Source, Swift
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
    """A request whose head says that it brings a signal of ``integration``; its body is still to come. The same head
    comes again and again, so all that is to be had from it is worked out once (:func:`sending`)."""

    integration: Integration
    source: Source
    swift_reply: Callable[[bytes, datetime], Reply | None] | None
    path: str
    query: str
    content_type: str
    headers: Mapping[str, str]  # those that the source wants, and what we looked up for it
    headers_json: str

    def with_headers(self, more: Mapping[str, str]) -> Sending:
        """The same with headers of ours that are kept like its own."""
        return replace(self, headers=(kept := {**self.headers, **more}), headers_json=_json(kept)) if more else self

    def inbound(self, body: bytes, received_at: datetime) -> Inbound:
        """The request as its source reads it."""
        return Inbound(
            path=self.path,
            body=body,
            content_type=self.content_type,
            received_at=received_at,
            query=self.query,
            headers=self.headers,
            settings=self.integration.settings,
        )


def sending(
    integration: Integration, source: Source, path: str, query: bytes, headers: Collection[tuple[bytes, bytes]]
) -> Sending:
    """A request's head as a signal keeps it."""
    kept = _kept_headers(headers, source.headers) if source.headers else {}
    return Sending(
        integration,
        source,
        source.swift_reply if isinstance(source, Swift) else None,
        path[:200],
        _text(query, 500),
        _text(_header(headers, b"content-type"), 100),
        kept,
        _json(kept),
    )


def _json(headers: Mapping[str, str]) -> str:
    return msgspec.json.encode(headers).decode() if headers else "{}"


class Taker:
    """Takes signals into the store."""

    def __init__(self, keys: Keys, store: Store, numbers: Metrics) -> None:
        self._keys, self._store, self._numbers = keys, store, numbers

    def take(self, sent: Sending, remote: str, body: bytes, answered: Answered) -> None:
        """Read a signal and store it. ``answered`` is called with the answer, on the event loop: after the commit that
        holds it, or when it is not to be had."""
        now = clock.now()
        reply = sent.swift_reply(body, now) if sent.swift_reply is not None else None
        if reply is not None:
            outcome, refused, problems = "accepted", False, "[]"
        else:
            parsed = self._parse(sent, body, now)
            reply = sent.source.reply(parsed)
            refused = bool(parsed.problems) and not parsed.drafts
            outcome = "accepted" if not parsed.problems else "rejected" if refused else "partly"
            problems = _problems(parsed) if parsed.problems else "[]"
        signal = Signal(
            sent.integration.id, now, sent.path, sent.query, sent.content_type, sent.headers_json, body, remote,
            refused, problems,
        )  # fmt: skip
        try:
            self._store.submit(signal, partial(self._stored, sent.source.name, outcome, reply, answered))
        except Full:
            self._numbers.count(sent.source.name, "full")
            answered(later("Too many signals wait to be stored."))

    def _parse(self, sent: Sending, body: bytes, now: datetime) -> Parsed:
        try:
            # What is read only by the engine, because it may take its time, is only glanced at here.
            read: Callable[[Inbound], Parsed] = getattr(sent.source, "glance", sent.source.parse)
            return read(sent.inbound(body, now))
        except Exception:
            log.exception("The source %s failed to read a signal for %r.", sent.source.name, sent.integration.name)
            return Parsed(problems=(Problem("body", "", "the source failed; see the log of Watchroom."),))

    def _stored(self, source: str, outcome: str, reply: Reply, answered: Answered, error: Exception | None) -> None:
        if error is None:
            self._numbers.count(source, outcome)
            answered(reply)
        elif isinstance(error, Refused):
            task = asyncio.ensure_future(self._keys.reload())
            _tasks.add(task)
            task.add_done_callback(_tasks.discard)
            self._numbers.count(source, "unauthorized")
            fix = "Use the address of another one."
            answered(problem_reply(401, "Unknown key", "This integration has been deleted.", fix))
        else:
            self._numbers.count(source, "unavailable")
            answered(later("The database can't store it at the moment."))


def problem_reply(status: int, title: str, detail: str, fix: str, headers: Iterable[tuple[str, str]] = ()) -> Reply:
    """A problem document (RFC 9457) with our ``fix``."""
    body = msgspec.json.encode({"status": status, "title": title, "detail": detail, "fix": fix})
    return Reply(status, body, "application/problem+json", tuple(headers))


def later(detail: str) -> Reply:
    """Not stored: come back."""
    fix = f"Send it again in {RETRY_SECONDS} seconds."
    return problem_reply(503, "Not stored", detail, fix, [("retry-after", str(RETRY_SECONDS))])


def _header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes:
    for key, value in headers:
        if key == name:
            return value
    return b""


def _text(raw: bytes, limit: int) -> str:
    return raw.decode("latin-1").replace("\0", "")[:limit]


def _kept_headers(headers: Collection[tuple[bytes, bytes]], names: Sequence[str]) -> dict[str, str]:
    found = ((name, _header(headers, name.encode("latin-1"))) for name in names)
    return {name: _text(value, _HEADER_LIMIT) for name, value in found if value}


def _problems(parsed: Parsed) -> str:
    """The problems as the table keeps them: JSON that PostgreSQL takes too."""
    kept = [{"field": each.field, "value": each.value, "fix": each.fix} for each in parsed.problems[:_PROBLEMS_LIMIT]]
    if (more := len(parsed.problems) - len(kept)) > 0:
        kept.append({"field": "", "value": "", "fix": f"{more} more problems are not kept."})
    return msgspec.json.encode(kept).decode().replace("\\u0000", "\\ufffd")
