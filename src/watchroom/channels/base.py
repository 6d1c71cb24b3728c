"""What every way to reach a person offers. One folder per channel; found by entry point ``watchroom.channels``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol, runtime_checkable

from ..kernel.errors import WatchroomError


@dataclass(frozen=True)
class Link:
    """Something the reader can open: ``label`` is a verb such as "Acknowledge". ``acts``: a bare POST to it does it."""

    label: str
    url: str
    acts: bool = False


@dataclass(frozen=True)
class Message:
    """What is said to one person.

    ``key`` is the same for every retry of one notification and different for every other: channels hand it to the
    provider where it can drop a duplicate (Message-ID, Idempotency-Key, ntfy's sequence id).
    """

    key: str
    subject: str
    body: str
    url: str
    purpose: str  # page, role, test, reminder, resolved, update, verify
    urgent: bool = True
    drill: bool = False
    late: str = ""  # “Late by 2 h”, where it could not be sent earlier; its text begins with it, too
    person: str = ""
    actions: tuple[Link, ...] = ()
    answer_url: str = ""  # where a telephone provider sends the key that was pressed; signed, for this message alone
    receipt_url: str = ""  # where it says whether the message arrived; the same
    seen_url: str = ""  # where the device itself says that it has shown it; the same
    for_strangers: bool = False  # whoever reads it knows a status page, and nothing of Watchroom
    facts: dict[str, Any] = field(default_factory=dict)  # machine-readable, for webhooks


@dataclass(frozen=True)
class Delivery:
    """What the provider answered. ``confirmed`` only where it says that the message reached the device."""

    provider_id: str = ""
    confirmed: bool = False


class DeliveryFailed(WatchroomError):
    """The message could not be handed over. ``permanent``: trying again with the same settings is of no use.
    ``answered``: the status that an HTTP server answered with, 0 where none did."""

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        retry_after: timedelta | None = None,
        fix: str = "",
        answered: int = 0,
    ) -> None:
        super().__init__(message, fix=fix)
        self.permanent, self.retry_after, self.answered = permanent, retry_after, answered


class MethodGone(DeliveryFailed):
    """The other side has ended this way for good: nothing more is sent by it until its person sets it up again."""

    def __init__(self, message: str, *, fix: str = "") -> None:
        super().__init__(message, permanent=True, fix=fix)


@dataclass(frozen=True)
class Field:
    """One setting of a contact method: how it is asked for."""

    name: str
    label: str
    help: str = ""
    kind: str = "text"  # text, email, url, tel, password
    required: bool = True
    secret: bool = False


class Channel(Protocol):
    """A way to reach a person. Stateless; safe to call from many threads."""

    name: str
    label: str
    summary: str  # one sentence: when to choose it
    fields: tuple[Field, ...]

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        """The settings, cleaned. Raises ``Refused`` naming field, value and fix."""
        ...

    def describe(self, settings: dict[str, Any]) -> str:
        """A short text that tells this contact method from others without giving away secrets."""
        ...

    def send(self, settings: dict[str, Any], message: Message) -> Delivery:
        """Hand the message over. Raises :class:`DeliveryFailed`; anything else counts as a temporary failure."""
        ...


@runtime_checkable
class Recognises(Protocol):
    """A channel whose receivers are told from each other: answers come back from them under the same name, or two methods
    may ring the same telephone."""

    def handle(self, settings: dict[str, Any]) -> str:
        """One text for each different receiver; at most 200 characters, no secret."""
        ...


@runtime_checkable
class NeedsOperator(Protocol):
    """A channel that reaches nobody before the operator of the installation has set something up."""

    def missing(self) -> str:
        """What is still to be set up, as a sentence; empty when nothing is."""
        ...


@runtime_checkable
class Loud(Protocol):
    """A channel that nobody wants for what can wait: it is used for urgent pages alone until its person says otherwise."""

    loud: bool


@runtime_checkable
class Quiet(Protocol):
    """A channel that wakes nobody who sleeps: it needs an open page, or somebody who looks at their mail."""

    quiet: bool


def missing_for(channel: Channel) -> str:
    """What the operator has to set up before ``channel`` reaches anybody; empty when nothing is."""
    return channel.missing() if isinstance(channel, NeedsOperator) else ""


def is_for_everything(channel: Channel) -> bool:
    """Whether it is used for what can wait, too, as long as its person says nothing else."""
    return not (isinstance(channel, Loud) and channel.loud)


def wakes(channel: Channel) -> bool:
    """Whether it may wake somebody who sleeps."""
    return not (isinstance(channel, Quiet) and channel.quiet)


_LOUD = ("voice", "push", "sms", "ntfy")


def loudest_first(channels: Iterable[Channel]) -> list[Channel]:
    """In the order in which somebody should think of them: what wakes best first, what wakes nobody last."""

    def place(channel: Channel) -> tuple[int, str]:
        loud = _LOUD.index(channel.name) if channel.name in _LOUD else len(_LOUD)
        return loud if wakes(channel) else len(_LOUD) + 1, channel.label.lower()

    return sorted(channels, key=place)
