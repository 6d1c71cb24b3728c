"""Who is meant by an @mention. People are called by the part of their e-mail address before the @, or by a first name that
only one of them has."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# Not within a word or an address, and never ending in a full stop: “ask @ada.” means ada.
_MENTION = re.compile(r"(?<![\w@.+-])@([\w+-]+(?:\.[\w+-]+)*(?:@[\w-]+(?:\.[\w-]+)+)?)")


@dataclass(frozen=True)
class Known:
    """A person who can be mentioned."""

    id: int
    email: str
    name: str


def handles(people: Iterable[Known]) -> dict[int, str]:
    """What to call each: the short form, or the whole address where two have the same short form."""
    people = list(people)
    short: dict[str, int] = {}
    for person in people:
        name = person.email.partition("@")[0].lower()
        short[name] = short.get(name, 0) + 1
    return {
        person.id: name if short[name := person.email.partition("@")[0].lower()] == 1 else person.email.lower()
        for person in people
    }


def by_handle(people: Iterable[Known]) -> dict[str, int]:
    """The person behind each handle, behind each whole address, and behind each first name that only one of ``people`` has
    and that stands before the @ of nobody else's address."""
    people = list(people)
    meant: dict[str, set[int]] = {}
    for person in people:
        for name in {*_first_names(person), person.email.partition("@")[0].lower()}:
            meant.setdefault(name, set()).add(person.id)
    called = {handle: number for number, handle in handles(people).items()}
    found = {name: min(ids) for name, ids in meant.items() if len(ids) == 1 and name not in called}
    return found | {person.email.lower(): person.id for person in people} | called


def _first_names(person: Known) -> set[str]:
    """What somebody who is in a hurry writes: the first name, with its accents and without."""
    name = (person.name.split() or [""])[0].lower()
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return {each for each in (name, plain) if len(each) > 1 and _MENTION.fullmatch(f"@{each}")}


def said_in(text: str) -> list[str]:
    """The handles mentioned in ``text``, in order, each once, in lower case."""
    return list(dict.fromkeys(match[1].lower() for match in _MENTION.finditer(text)))


def mentioned(text: str, known: Mapping[str, int]) -> list[int]:
    """Who is meant in ``text``; what nobody is called is only text."""
    return list(dict.fromkeys(known[handle] for handle in said_in(text) if handle in known))


def parts(text: str) -> list[tuple[str, bool]]:
    """``text`` in pieces, each with whether it is a mention; together they are ``text`` again."""
    pieces: list[tuple[str, bool]] = []
    end = 0
    for match in _MENTION.finditer(text):
        if match.start() > end:
            pieces.append((text[end : match.start()], False))
        pieces.append((match[0], True))
        end = match.end()
    if end < len(text):
        pieces.append((text[end:], False))
    return pieces
