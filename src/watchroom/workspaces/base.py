"""What every chat product offers, in one form: its settings, how to post, and how to read what comes back.

A product is found by entry point (``watchroom.workspaces``); its code lies with its channel. Clients raise
``channels.base.DeliveryFailed``; what comes back and can't be trusted raises ``NotAllowed``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from ..kernel.asked import Field as Field


@dataclass(frozen=True)
class Button:
    """Something that can be pressed; ``key`` comes back. ``style``: empty, primary or danger. ``ask``: what the product asks
    before it is done, where it can."""

    key: str
    label: str
    style: str = ""
    ask: str = ""


@dataclass(frozen=True)
class Part:
    """What is decided by itself within a message, with buttons of its own: something that is proposed, and what became of it.
    ``about`` comes back with them."""

    title: str
    text: str = ""
    state: str = ""
    tone: str = "warning"
    buttons: tuple[Button, ...] = ()
    about: str = ""
    url: str = ""


@dataclass(frozen=True)
class Card:
    """What is said in a chat. Each product draws it in its own form.

    ``state`` is one line about what has become of it; ``about`` comes back with a button and names what it was for.
    """

    title: str
    text: str = ""
    state: str = ""
    tone: str = "alarm"  # alarm, warning, done, info
    url: str = ""
    links: tuple[tuple[str, str], ...] = ()  # label and address, for products without buttons
    buttons: tuple[Button, ...] = ()
    about: str = ""
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Posted:
    """Where a message stands: the place (channel, room, chat) and its number there."""

    place: str
    message: str


@dataclass(frozen=True)
class Room:
    """A room that was made. ``url`` is where people open it; empty where the product has no such address."""

    id: str
    name: str
    url: str = ""


@dataclass(frozen=True)
class Statement:
    """A message that people wrote, as it stands now. ``author`` is the product's own id of who wrote it, ``name`` what they
    are called there; ``url`` opens the message."""

    author: str
    name: str
    text: str
    at: datetime
    url: str = ""


PIN = "pin"  # the mark of a message that is pinned; that of a reaction begins with ``reaction:``


@dataclass(frozen=True)
class Marked:
    """A message with all the marks that it has now: the mark, and the id of who made it (empty: not told)."""

    message: str
    marks: Mapping[str, str]


@dataclass(frozen=True)
class Access:
    """All that a client needs. ``account``: our own user there, once it is known. ``hook_url``: where the product sends
    what people press and write; ``hook_key``: the secret that it sends along."""

    settings: Mapping[str, Any]
    account: str = ""
    hook_url: str = ""
    hook_key: str = ""


@dataclass(frozen=True)
class Heard:
    """Something that a person did in the chat. ``reply`` is the product's own handle for answering it.

    A message was given the mark ``key``, or it was taken away (``mark``, ``unmark``); exactly the messages in ``pins`` are
    pinned in the room (``pins``); or the product asks whether we are there, and wants ``text`` back (``challenge``)."""

    kind: str  # button, text, mark, unmark, pins, challenge
    user: str = ""
    key: str = ""
    about: str = ""
    text: str = ""
    message: Posted | None = None  # on what they reacted, where ``about`` is not known
    reply: str = ""
    pins: tuple[str, ...] = ()


@dataclass(frozen=True)
class Polled:
    """What was fetched, and from where to go on."""

    heard: tuple[Heard, ...]
    since: str


# With this reaction a message is taken into the log. It proves nothing, so changing it takes no confirmation back.
EMOJI = "emoji"
# In this zone moments are given in its rooms: they are read by many, and most products have no form that fits each of them.
TIMEZONE = Field("timezone", "Time zone", "Of the times in its rooms, such as Europe/Berlin; without it UTC.")


def asked_of(product: Product) -> tuple[Field, ...]:
    """Everything that is set for a workspace of this product."""
    return (*product.fields, TIMEZONE)


class Client(Protocol):
    """One workspace, spoken to. Safe to make for each use."""

    def try_it(self) -> tuple[str, str]:
        """Ask who we are and set up what the product needs for answers. Returns our account and what to say."""
        ...

    def user(self, text: str) -> str:
        """The product's own id of a person, from an e-mail address, a name or the id itself."""
        ...

    def direct(self, user: str) -> str:
        """The place in which one person is reached."""
        ...

    def post(self, place: str, card: Card, *, key: str) -> Posted:
        """Post a message; ``key`` is the same for every retry, for products that drop a duplicate."""
        ...

    def update(self, posted: Posted, card: Card) -> None:
        """Draw a message anew, in its place."""
        ...


class RoomClient(Client, Protocol):
    """A client of a product in which rooms can be made."""

    def create_room(self, name: str, *, topic: str = "", private: bool = False) -> Room: ...

    def invite(self, room: str, users: Sequence[str]) -> None: ...

    def set_topic(self, room: str, topic: str) -> None: ...

    def archive(self, room: str) -> None: ...

    def statement(self, room: str, message: str) -> Statement:
        """A message that somebody wrote there."""
        ...

    def whisper(self, room: str, user: str, text: str, *, key: str) -> None:
        """Tell one person something that nobody else sees."""
        ...


class WatchedClient(RoomClient, Protocol):
    """A client of a product that does not tell by itself which messages are marked."""

    def marks(self, room: str, since: int) -> tuple[list[Marked], int]:
        """Messages that have changed since, with their marks, and from where to go on."""
        ...


class GroupClient(Client, Protocol):
    """A client of a product in which people can be mentioned together, by a user group."""

    def group(self, text: str) -> str:
        """The product's own id of a user group, from its handle or the id itself."""
        ...

    def set_members(self, group: str, users: Sequence[str]) -> None:
        """Exactly these are in it from now on; at least one."""
        ...


class PolledClient(Client, Protocol):
    """A client of a product whose answers have to be fetched."""

    def poll(self, since: str, seconds: int) -> Polled: ...


class Product(Protocol):
    """A chat product. Stateless."""

    name: str
    label: str
    summary: str
    fields: tuple[Field, ...]
    rooms: bool  # whether :class:`RoomClient` is offered
    room_help: str  # how a room is written, such as "#alerts or C0123ABCD"
    groups: bool  # whether :class:`GroupClient` is offered
    polls: bool  # whether answers have to be fetched
    watched: bool  # whether :class:`WatchedClient` is offered, and needed
    takes_answers: bool  # whether the product sends answers to ``hook_url``
    hook_help: str  # where that address is entered

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        """The settings, cleaned, without asking the network. A secret may be missing: it is set afterwards, when the
        rest comes from a file. Raises ``Refused``."""
        ...

    def describe(self, settings: Mapping[str, Any]) -> str:
        """A short text without secrets."""
        ...

    def client(self, access: Access) -> Any: ...

    def read(self, access: Access, headers: Mapping[str, str], body: bytes, at: datetime) -> list[Heard]:
        """What the product has sent us. Header names are in lower case.

        :raises NotAllowed: it is not signed by the product.
        """
        ...

    def answer(self, access: Access, heard: Heard, text: str, *, ok: bool) -> dict[str, Any] | None:
        """Tell the one who did it what came of it. What is returned is the JSON answer to the product's request."""
        ...
