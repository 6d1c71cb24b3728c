"""What every kind of sender offers: a pure function from what it sends to alert drafts.

One folder per source; found by entry point ``watchroom.sources``. The gate calls :meth:`Source.parse` to answer the
sender, the engine calls it again on the stored signal: the same bytes give the same drafts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable

import msgspec

Severity = Literal["critical", "error", "warning", "info"]
Act = Literal["fire", "end", "acknowledge", "note"]


# Of those that are structs thousands a second are made: that takes a tenth of the time of a frozen dataclass.


class Inbound(msgspec.Struct, frozen=True):
    """One request as it came. ``path`` is what follows the integration's own prefix.

    ``headers`` are those that the source asks to have kept, in lower case; ``settings`` what the integration's owner
    has set for it (a mapping, a secret to check signatures with).
    """

    path: str
    body: bytes
    content_type: str
    received_at: datetime
    query: str = ""
    headers: Mapping[str, str] = {}
    settings: Mapping[str, Any] = {}


KEY_LIMIT = 255  # characters


def short_key(key: str) -> str:
    """``key``, or where it is too long, its beginning and the SHA-256 of the whole: long ones often differ only at the end."""
    if len(key) <= KEY_LIMIT:
        return key
    return f"{key[:190]}:{hashlib.sha256(key.encode(errors='replace')).hexdigest()}"


class Draft(msgspec.Struct, frozen=True):
    """What a sender says about one problem, in our words. ``ends_at`` in the past or now means resolved.

    ``act`` is ``fire`` unless the sender says only that the problem with this key is over (``end``; it needs neither
    labels nor title), that somebody over there has it (``acknowledge``) or some words about it (``note``); none of these
    three opens anything. ``dedup_key`` may be of any length: see :func:`short_key`.
    """

    dedup_key: str
    title: str
    severity: Severity
    labels: dict[str, str]
    starts_at: datetime
    ends_at: datetime | None = None
    stated_end: bool = False  # the sender gave the end itself; otherwise it is our resolve timeout
    annotations: dict[str, str] = {}
    link: str = ""
    act: Act = "fire"
    note: str = ""  # what was said with an act other than fire, and by whom

    def __post_init__(self) -> None:
        if len(self.dedup_key) > KEY_LIMIT:
            msgspec.structs.force_setattr(self, "dedup_key", short_key(self.dedup_key))


@dataclass(frozen=True)
class Problem:
    """Why a part of a signal was refused."""

    field: str
    value: str
    fix: str

    def __str__(self) -> str:
        return f"{self.field}: {self.value!r} is not accepted; {self.fix}"


@dataclass(frozen=True)
class ChangeSaid:
    """What a sender says was changed: a deploy, a configuration. ``service`` is the short name that it gives of what was
    changed; empty: that of its integration. Told again with the same ``key``, it is one change."""

    title: str
    at: datetime
    key: str
    kind: str = "deploy"
    link: str = ""
    author: str = ""
    version: str = ""
    source: str = ""
    service: str = ""


class Parsed(msgspec.Struct, frozen=True):
    """The outcome of reading one signal: the good parts and what was wrong with the rest."""

    drafts: tuple[Draft, ...] = ()
    problems: tuple[Problem, ...] = ()
    slow: bool = False  # it was given up because it took too long
    changes: tuple[ChangeSaid, ...] = ()


@dataclass(frozen=True)
class Reply:
    """What the sender is told."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


class Source(Protocol):
    """A kind of sender."""

    name: str
    label: str
    summary: str
    resolve_timeout_seconds: int | None  # None: fires until its sender says that it is over
    headers: tuple[str, ...]  # names, in lower case, of the headers that are kept with a signal

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


@runtime_checkable
class Swift(Protocol):
    """A source that can tell that a signal is good in all its parts without reading what it says."""

    def swift_reply(self, body: bytes, received_at: datetime) -> Reply | None:
        """The answer to a signal whose every part :meth:`Source.parse` would accept; ``None`` when that takes a closer
        look, which says nothing against it."""
        ...


@runtime_checkable
class Asked(Protocol):
    """A source whose senders also ask for things that stand in the database, such as its open alerts.

    Such requests go to the web process, where `intake/asked/` answers them.
    """

    def asked(self, method: str, path: str) -> bool:
        """Whether this is such a request."""
        ...


@runtime_checkable
class Claiming(Protocol):
    """A source with addresses that are nothing else's here: who comes to one without a key is told what is missing."""

    def claims(self, method: str, path: str) -> bool:
        """Whether only this source's senders can mean this."""
        ...


@runtime_checkable
class Limited(Protocol):
    """A source whose senders know a certain answer that means "too many"."""

    def limited(self, seconds: int) -> Reply:
        """What a sender is told that shall come back in so many seconds; its Retry-After is added."""
        ...


@runtime_checkable
class Keyed(Source, Protocol):
    """A source whose senders can't put a key into the address: it stands in a header of theirs, or in the body."""

    key_headers: tuple[str, ...]  # names, in lower case, of the headers that may hold it

    def key_of(self, headers: Mapping[str, str], body: bytes) -> str:
        """The key; empty when it is not there."""
        ...

    def without_key(self) -> Reply:
        """What a sender is told whose key is nowhere to be found."""
        ...


@runtime_checkable
class Certified(Source, Protocol):
    """A source whose signals are signed with a certificate that lies at its sender's, and that also sends requests which
    are to be confirmed by a visit.

    The gate fetches the certificate and keeps it with the signal, as a header of the name ``certificate_header``: so
    reading stays pure, and reads the same whenever it is done.
    """

    certificate_header: str

    def certificate_address(self, inbound: Inbound) -> str:
        """Where the certificate lies; empty when there is nothing to fetch. Only what is surely the sender's own address
        may be given."""
        ...

    def confirmation_address(self, inbound: Inbound) -> str:
        """What has to be visited before a signal that was read without problems is accepted; mostly nothing."""
        ...


@dataclass(frozen=True)
class Setting:
    """One thing that an integration's owner can tell its source: how it is asked for."""

    name: str
    label: str
    help: str = ""
    kind: Literal["text", "number", "long"] = "text"
    secret: bool = False  # written, never shown again
    choices: tuple[str, ...] = ()  # the words that may be said; empty: any


@runtime_checkable
class Configured(Protocol):
    """A source whose integrations have settings of their own."""

    asks: tuple[Setting, ...]

    def check(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The settings, cleaned.

        :raises Refused: naming field, value and fix.
        """
        ...
