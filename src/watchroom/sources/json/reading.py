"""Without a mapping: the fields that most tools and scripts use, under the names that they mostly have. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..base import Draft, Inbound
from ..webhook import OVER, Said, Unusable, alert, notes, stated

_NAMES = ("title", "summary", "message", "text", "subject", "name")
_TEXTS = ("description", "body", "details")
_MOST = 1_000


def _first(said: Said, *names: str) -> Said:
    return next((said[name] for name in names if said[name]), said[names[0]])


def read(payload: Any, inbound: Inbound) -> Iterable[Draft]:
    """An object is an alert, a list of objects are several, and of a text the first line is the title.

    :raises Unusable: it is none of these, or says nothing.
    """
    if isinstance(payload, str):
        yield _text(payload, inbound)
    elif isinstance(payload, dict):
        yield _object(Said(payload), inbound)
    elif isinstance(payload, list) and 0 < len(payload) <= _MOST:
        for number, each in enumerate(payload):
            if not isinstance(each, dict):
                raise Unusable(f"[{number}]", each, "send a list of objects.")
            yield _object(Said(each, f"[{number}]"), inbound)
    else:
        raise Unusable("body", payload, f"send one JSON object, or a list of at most {_MOST}.")


def _object(said: Said, inbound: Inbound) -> Draft:
    """What is sent again with the same key is the same alert; without a key, the title is the key. Then a state in front of
    the title counts, as in a text: it is no part of the problem's name."""
    named_by = next((name for name in _NAMES if said[name]), "title")
    title, keyed = said[named_by].line(), _first(said, "key", "dedup_key", "alias", "id")
    state, word = _first(said, "status", "state").line(40).lower(), ""
    if not keyed and not state:
        title, word = stated(title)
    key = keyed.key() or title
    if not title and not key:
        raise Unusable(said["title"].place, said["title"].value, "say in “title” what is wrong.")
    named = {name[:200]: value.line(1000) for name, value in said["labels"].items() if name and value.line(1000)}
    for name in ("service", "host", "environment", "source"):
        if said[name].line():
            named.setdefault(name, said[name].line())
    return alert(
        inbound,
        key,
        title,
        over=(state or word) in OVER,
        severity=_first(said, "severity", "level", "priority").severity(Said(word).severity()),
        named=named or {"alertname": title or key},
        texts=notes(description=_first(said, *_TEXTS, *(name for name in ("message", "text") if name != named_by))),
        link=_first(said, "link", "url").link(),
        since=_first(said, "at", "starts_at", "timestamp").time(inbound.received_at),
    )


def _text(text: str, inbound: Inbound) -> Draft:
    said = Said(text, "body")
    lines = [line for line in said.text(15_000).splitlines() if line.strip()]
    if not lines:
        raise Unusable("body", text, "say in the first line what is wrong.")
    title, state = stated(Said(lines[0]).line())
    return alert(
        inbound,
        title,
        title,
        over=state in OVER,
        severity=Said(state).severity(),
        named={"alertname": title[:200]},
        texts=notes(description="\n".join(lines[1:])),
    )
