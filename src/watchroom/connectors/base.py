"""What every kind of connector offers. One folder per connector; found by entry point ``watchroom.connectors``.

A connector is stateless and knows nothing of Django. It is asked for evidence by small protocols (:class:`Metrics`,
:class:`Logs`, :class:`Traces`, :class:`Changes`, :class:`Dashboards`); which of them it fulfils is what it can do. Every question is
bounded by time and size (:func:`ask`) and goes through :mod:`watchroom.kernel.http`. Those whose servers keep issues: ``issues.py``.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol, runtime_checkable
from urllib.parse import urlencode, urlsplit

import msgspec

from ..kernel import http
from ..kernel.asked import Field as Field
from ..kernel.asked_check import check as check
from ..kernel.errors import WatchroomError

TIMEOUT_SECONDS = 8.0
LIMIT_BYTES = 4 * 1024 * 1024
MOST_SERIES = 40
MOST_LINES = 200
MOST_SPANS = 1000

Settings = Mapping[str, Any]


class EvidenceFailed(WatchroomError):
    """The other side could not be asked, or gave no usable answer.

    ``everything``: it is the connection that does not work, whatever is asked.
    """

    status = 502
    title = "No evidence"
    code = "evidence_failed"

    def __init__(self, message: str, *, fix: str = "", everything: bool = False) -> None:
        super().__init__(message, fix=fix)
        self.everything = everything


@dataclass(frozen=True)
class Window:
    """A stretch of time."""

    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()


@dataclass(frozen=True)
class Series:
    """One line of a chart: what tells it from the others, and its points as (Unix seconds, value)."""

    labels: dict[str, str]
    points: list[tuple[float, float]]


@dataclass(frozen=True)
class SeriesFound:
    """The answer of a metrics server. ``left_out``: how many more series there were. ``notes``: its own warnings."""

    series: list[Series]
    left_out: int = 0
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Line:
    """One log line."""

    at: datetime
    text: str
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TraceFound:
    """A trace in a list of found ones."""

    id: str
    name: str
    service: str
    start: datetime
    duration_ms: float
    failed: bool = False
    spans: int | None = None


@dataclass(frozen=True)
class Span:
    """One piece of work in a trace. ``start_ms`` counts from the trace's own beginning."""

    id: str
    parent: str
    name: str
    service: str
    start_ms: float
    duration_ms: float
    failed: bool = False


@dataclass(frozen=True)
class Trace:
    """A whole trace. ``left_out``: how many more spans there were."""

    id: str
    start: datetime
    spans: list[Span]
    left_out: int = 0


@dataclass(frozen=True)
class ChangeSeen:
    """Something that was changed, as another tool tells it."""

    at: datetime
    title: str
    text: str = ""
    link: str = ""
    author: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dashboard:
    """A page of another tool."""

    title: str
    link: str


class Connector(Protocol):
    """A kind of server that can be asked. Stateless; safe to call from many threads."""

    name: str
    label: str
    summary: str  # one sentence: what it brings
    fields: tuple[Field, ...]

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        """The settings, cleaned. Raises ``Refused`` naming field, value and fix."""
        ...

    def describe(self, settings: Settings) -> str:
        """A short text that tells this connection from others without giving away secrets."""
        ...

    def try_it(self, settings: Settings) -> str:
        """Ask something small. Returns in words what the server answered; raises :class:`EvidenceFailed`."""
        ...


@runtime_checkable
class Metrics(Protocol):
    """Can draw an expression over time."""

    def query_range(self, settings: Settings, expression: str, window: Window, step_seconds: float) -> SeriesFound: ...

    def link(self, settings: Settings, expression: str, window: Window) -> str: ...


@runtime_checkable
class Logs(Protocol):
    """Can find log lines, the newest first."""

    def lines(self, settings: Settings, expression: str, window: Window, most: int) -> list[Line]: ...


@runtime_checkable
class Traces(Protocol):
    """Can find traces of a service (or by an expression of its own language) and give one in full."""

    def find(self, settings: Settings, expression: str, window: Window, most: int) -> list[TraceFound]: ...

    def get(self, settings: Settings, trace_id: str) -> Trace: ...

    def link(self, settings: Settings, trace_id: str) -> str: ...


@runtime_checkable
class Changes(Protocol):
    """Knows what was changed when."""

    def between(self, settings: Settings, expression: str, window: Window, most: int) -> list[ChangeSeen]: ...


@runtime_checkable
class Dashboards(Protocol):
    """Has pages worth opening."""

    def dashboards(self, settings: Settings, expression: str, window: Window, most: int) -> list[Dashboard]: ...


URL = Field("url", "Address", "Without the path of its API, such as https://prometheus.example.org.", "url", True)
AUTH = (
    Field("username", "User name", "Only for HTTP Basic."),
    Field("password", "Password", kind="password", secret=True),
    Field(
        "token",
        "Bearer token",
        "Instead of a user name and password.",
        "password",
        secret=True,
        instead_of=("password",),
    ),
)
TENANT = Field("tenant", "Tenant", "Sent as X-Scope-OrgID, for servers with several tenants.")
PUBLIC = Field(
    "public_url", "Address for people", "Where links lead and alerts come from, if it is another one.", "url"
)


def describe(settings: Settings) -> str:
    """Scheme and host."""
    return http.origin(str(settings.get("url", "")))


def headers_of(settings: Settings) -> dict[str, str]:
    """What says who asks."""
    headers = {"Accept": "application/json"}
    if settings.get("token"):
        headers["Authorization"] = f"Bearer {settings['token']}"
    elif settings.get("username") or settings.get("password"):
        pair = f"{settings.get('username', '')}:{settings.get('password', '')}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    if settings.get("tenant"):
        headers["X-Scope-OrgID"] = str(settings["tenant"])
    return headers


def ask(settings: Settings, path: str, query: Mapping[str, Any] | None = None, *, form: bool = False) -> bytes:
    """The body of a good answer to ``GET url/path?query`` (``form``: POST, for what is too long for an address).

    :raises EvidenceFailed: in plain words, what went wrong and what to do.
    """
    url = str(settings.get("url", "")).rstrip("/") + path
    asked = urlencode({k: v for k, v in (query or {}).items() if v is not None})
    headers = headers_of(settings)
    if form:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    elif asked:
        url = f"{url}?{asked}"
    try:
        answer = http.fetch(
            "POST" if form else "GET",
            url,
            headers=headers,
            content=asked.encode() if form else b"",
            timeout_seconds=TIMEOUT_SECONDS,
            limit_bytes=LIMIT_BYTES,
        )
    except http.OutgoingFailed as error:
        raise EvidenceFailed(
            error.message, fix="Check that it runs and can be reached from here.", everything=True
        ) from None
    if answer.ok and answer.truncated:
        raise EvidenceFailed(
            f"The answer is larger than {LIMIT_BYTES // 1024 // 1024} MB.", fix="Ask for less: a narrower expression."
        )
    if answer.ok:
        return answer.body
    said = words_of(answer.body)
    if answer.status in {401, 403}:
        raise EvidenceFailed(
            f"It refused our credentials ({answer.status}).", fix="Correct them under Connections.", everything=True
        )
    if 300 <= answer.status < 400:
        raise EvidenceFailed(
            f"It sent us elsewhere ({answer.status}).",
            fix="Give the connection the address that it leads to.",
            everything=True,
        )
    if answer.status == 404 and not said:
        raise EvidenceFailed("It has no such page (404).", fix="Check the connection's address and kind.")
    raise EvidenceFailed(f"It answered {answer.status}{f': {said}' if said else ''}.")


def words_of(body: bytes) -> str:
    """What an error's body says, on one line: the usual fields of JSON, or short plain text. Never HTML."""
    try:
        read = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        text = body[:400].decode("utf-8", "replace").strip()
        return "" if text.startswith("<") else " ".join(text.split())[:200].rstrip(".")
    while isinstance(read, list) and read:
        read = read[0]
    if isinstance(read, dict):
        for name in ("error", "message", "msg", "detail", "errors"):
            found = read.get(name)
            while isinstance(found, list) and found:
                found = found[0]
            if isinstance(found, dict):
                found = found.get("message") or found.get("msg")
            if isinstance(found, str) and found:
                return " ".join(found.split())[:200].rstrip(".")
    return ""


def read(body: bytes) -> dict[str, Any]:
    """A JSON object.

    :raises EvidenceFailed: it is something else.
    """
    found = read_any(body)
    if not isinstance(found, dict):
        raise malformed()
    return found


def read_any(body: bytes) -> Any:
    """Any JSON. :raises EvidenceFailed: it is none."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise malformed() from None


def malformed() -> EvidenceFailed:
    """The error for an answer that is of another kind of server."""
    return EvidenceFailed(
        "Its answer is not what such a server sends.", fix="Check the connection's address and kind: is it the API?"
    )


def origin_of(url: str) -> str:
    """Scheme, host and port of an address, in lower case; empty for what is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".lower() if parts.netloc else ""


def moment(seconds: float) -> datetime:
    """A Unix time. :raises EvidenceFailed: no calendar has it."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise malformed() from None


def text_map(value: Any) -> dict[str, str]:
    """A map of texts, whatever was sent for it."""
    return {str(k): str(v) for k, v in value.items()} if isinstance(value, dict) else {}
