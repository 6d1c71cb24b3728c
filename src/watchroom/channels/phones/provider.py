"""What every telephone provider offers: it takes messages and calls, and its own requests to us are understood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ..base import Delivery, DeliveryFailed


class WrongNumber(DeliveryFailed):
    """The number can't be reached by anybody: no other provider needs to be asked."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True, fix="Correct the number of this contact method.")


@dataclass(frozen=True)
class Told:
    """A request of a provider to us: the address as it knows it, its headers and the form that it posted."""

    url: str
    form: Mapping[str, Sequence[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        """The first value of a field, empty where there is none."""
        return next(iter(self.form.get(name, ())), "")


@dataclass(frozen=True)
class Outcome:
    """What became of a message or a call. ``rang``: nobody took it, but somebody may have heard it."""

    arrived: bool
    why: str = ""
    rang: bool = False


class Account(Protocol):
    """One account with a provider. ``name`` is the provider's, ``key`` tells accounts apart and holds no secret."""

    @property
    def name(self) -> str: ...

    @property
    def key(self) -> str: ...

    def text(self, to: str, body: str, *, receipt_url: str) -> Delivery:
        """Send a text message. Raises :class:`DeliveryFailed`."""
        ...

    def call(self, to: str, spoken: str, *, answer_url: str, receipt_url: str) -> Delivery:
        """Call, say something at once to whoever answers, and listen for a key. What answers is found out meanwhile, and
        told to ``answer_url``. Raises :class:`DeliveryFailed`."""
        ...

    def has_signed(self, told: Told) -> bool:
        """Whether this account made the request. Constant time."""
        ...

    def outcome(self, told: Told) -> Outcome | None:
        """What a receipt says, or None while it is still on its way."""
        ...

    def machine_answered(self, told: Told) -> bool | None:
        """Whether a machine has taken the call; None where a request tells something else."""
        ...

    def redirect(self, told: Told, url: str) -> None:
        """Have the call that a request is about go on with what ``url`` answers. Raises :class:`DeliveryFailed`."""
        ...

    def pressed(self, told: Told) -> str | None:
        """The key that was pressed, empty for none; None where the call only begins and asks what to say."""
        ...

    def reply_of(self, told: Told) -> tuple[str, str]:
        """Who has sent us a text message, and what it says."""
        ...

    def menu(self, spoken: str, answer_url: str) -> str:
        """The answer that says something and waits for a key."""
        ...

    def voicemail(self, spoken: str, answer_url: str) -> str:
        """The answer that says something once to a machine, and hangs up. Whoever is no machine may press a key."""
        ...

    def farewell(self, spoken: str) -> str:
        """The answer that says something, if anything, and hangs up."""
        ...

    def reply(self, told: Told, text: str) -> str:
        """The answer to a text message: another, or none."""
        ...
