"""What lets a page listen: a signed list of topics, made by whoever knows that the person may see them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from ..kernel import signing
from ..kernel.errors import NotAllowed

_PURPOSE = "live"
# A page on a wall stays open for days. What it hears are topics, never data: that it asks for by the normal way.
VALID_FOR = timedelta(days=7)
TOPICS_LIMIT = 200  # a longer list would not fit into an address


@dataclass(frozen=True)
class Listener:
    """Who listens, and to what: exact topics, and prefixes that end in ``*``."""

    person_id: int
    topics: frozenset[str]


def token(person_id: int, topics: Iterable[str]) -> str:
    """A token for ``/live?token=…``. A topic is exact (``incident:42``) or a prefix that ends in ``*`` (``group:*``)."""
    wanted = sorted(set(topics))
    if len(wanted) > TOPICS_LIMIT:
        raise ValueError(f"{len(wanted)} topics are too many for one page; use prefixes.")
    return signing.sign(_PURPOSE, {"person": person_id, "topics": wanted}, valid_for=VALID_FOR)


def read(text: str) -> Listener:
    """The listener of a token.

    :raises NotAllowed: it was not made by :func:`token`, or has expired.
    """
    payload = signing.unsign(_PURPOSE, text)
    try:
        return Listener(int(payload["person"]), frozenset(payload["topics"]))
    except (KeyError, TypeError, ValueError):
        raise NotAllowed("This token is not for listening.") from None
