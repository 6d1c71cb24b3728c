"""What every kind of sender offers: a pure function from what it sends to alert drafts.

One folder per source; found by entry point ``watchroom.sources``. The gate calls :meth:`Source.parse` to answer the
sender, the engine calls it again on the stored signal: the same bytes give the same drafts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

Severity = Literal["critical", "error", "warning", "info"]


@dataclass(frozen=True)
class Inbound:
    """One request as it came. ``path`` is what follows the integration's own prefix."""

    path: str
    body: bytes
    content_type: str
    received_at: datetime
    query: str = ""


@dataclass(frozen=True)
class Draft:
    """What a sender says about one problem, in our words. ``ends_at`` in the past or now means resolved."""

    dedup_key: str
    title: str
    severity: Severity
    labels: dict[str, str]
    starts_at: datetime
    ends_at: datetime | None = None
    stated_end: bool = False  # the sender gave the end itself; otherwise it is our resolve timeout
    annotations: dict[str, str] = field(default_factory=dict)
    link: str = ""


@dataclass(frozen=True)
class Problem:
    """Why a part of a signal was refused."""

    field: str
    value: str
    fix: str

    def __str__(self) -> str:
        return f"{self.field}: {self.value!r} is not accepted; {self.fix}"


@dataclass(frozen=True)
class Parsed:
    """The outcome of reading one signal: the good parts and what was wrong with the rest."""

    drafts: tuple[Draft, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Reply:
    """What the sender is told."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"


class Source(Protocol):
    """A kind of sender."""

    name: str
    label: str
    summary: str
    resolve_timeout_seconds: int

    def accepts(self, method: str, path: str) -> bool:
        """Whether this request carries a signal."""
        ...

    def parse(self, inbound: Inbound) -> Parsed:
        """Read a signal. Never raises: what can't be read is a :class:`Problem`."""
        ...

    def reply(self, parsed: Parsed) -> Reply:
        """The answer to the sender after its signal has been stored."""
        ...

    def instructions(self, address: str) -> str:
        """Markdown that tells how to point this sender at ``address`` (which contains the integration's key)."""
        ...


@runtime_checkable
class Probed(Protocol):
    """A source whose senders also ask things that are no signals, such as whether the receiver is well."""

    def probe(self, method: str, path: str) -> Reply | None:
        """The answer, which needs no database; ``None`` when this is no such request."""
        ...
