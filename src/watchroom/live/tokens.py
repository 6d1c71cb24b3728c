"""What lets a page listen: a signed list of topics, made by whoever knows that the person may see them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ..kernel import signing
from ..kernel.errors import NotAllowed

_PURPOSE = "live"
# A page on a wall stays open for days. What it hears are topics, never data: that it asks for by the normal way.
VALID_FOR = timedelta(days=7)
_ASKING, _ASK_FOR = "live log", timedelta(seconds=60)
TOPICS_LIMIT = 200  # a longer list would not fit into an address


@dataclass(frozen=True)
class Listener:
    """Who listens, and to what: exact topics, and prefixes that end in ``*``."""

    person_id: int
    topics: frozenset[str]
    since: datetime | None  # when the page was begun


def token(person_id: int, topics: Iterable[str], since: datetime | None = None) -> str:
    """A token for ``/live?token=…``. A topic is exact (``incident:42``) or a prefix that ends in ``*`` (``group:*``). ``since``
    is when the page was begun: whoever comes with it hears what moved until they listened."""
    wanted = sorted(set(topics))
    if len(wanted) > TOPICS_LIMIT:
        raise ValueError(f"{len(wanted)} topics are too many for one page; use prefixes.")
    return signing.sign(
        _PURPOSE,
        {"person": person_id, "topics": wanted, "since": since.timestamp() if since else None},
        valid_for=VALID_FOR,
    )


def read(text: str) -> Listener:
    """The listener of a token.

    :raises NotAllowed: it was not made by :func:`token`, or has expired.
    """
    payload = signing.unsign(_PURPOSE, text)
    try:
        since = payload.get("since")
        at = datetime.fromtimestamp(since, UTC) if since is not None else None
        return Listener(int(payload["person"]), frozenset(payload["topics"]), at)
    except (KeyError, TypeError, ValueError):
        raise NotAllowed("This token is not for listening.") from None


@dataclass(frozen=True)
class Asked:
    """What a gate asks the web process: what is new in an incident's log, and who of these may see it."""

    incident: int
    since: str  # RFC 3339
    readers: list[tuple[int, str]]  # a person and the key of their session


def ask(what: Asked) -> str:
    """The question, signed: nobody but a gate can ask for somebody else."""
    return signing.sign(_ASKING, [what.incident, what.since, what.readers], valid_for=_ASK_FOR)


def read_ask(text: str) -> Asked:
    """:raises NotAllowed: it was not made by :func:`ask`, or is old."""
    incident, since, readers = signing.unsign(_ASKING, text)
    return Asked(int(incident), str(since), [(int(person), str(session)) for person, session in readers])
