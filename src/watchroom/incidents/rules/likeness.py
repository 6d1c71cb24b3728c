"""Which of what is known a few words look like. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]{3,}")
# Words that say nothing about what is wrong.
_EMPTY = frozenset(
    [
        "the",
        "and",
        "for",
        "are",
        "not",
        "with",
        "from",
        "that",
        "this",
        "has",
        "have",
        "had",
        "was",
        "were",
        "its",
        "all",
        "any",
        "but",
        "can",
        "does",
        "too",
        "very",
        "since",
        "while",
        "into",
        "our",
        "der",
        "die",
        "das",
        "und",
        "ist",
        "nicht",
        "mit",
        "von",
        "für",
        "ein",
        "eine",
        "den",
        "dem",
        "auf",
        "bei",
    ]
)
_MOST_WORDS = 40
LIKE = 0.34  # two of what a title of four words says, and both of two


def words(text: str) -> frozenset[str]:
    """What a line is about: its words of three letters and more, small, without a plural's s, without those that say
    nothing."""
    found = (each.lower() for each in _WORD.findall(text[:500]))
    kept = [_stem(each) for each in found if each not in _EMPTY]
    return frozenset(kept[:_MOST_WORDS])


def _stem(word: str) -> str:
    if len(word) > 4 and word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """How much two lines say the same: 0 nothing, 1 all of it."""
    both = len(one & other)
    return both / len(one | other) if both else 0.0


@dataclass(frozen=True)
class Known:
    """An incident of before, or one that is open."""

    id: int
    title: str
    is_open: bool
    severity: int
    type: int | None = None
    services: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Like:
    """One that looks alike, how much, and what both say."""

    known: Known
    score: float
    shared: tuple[str, ...]


def alike(title: str, services: frozenset[int], known: Iterable[Known]) -> list[Like]:
    """Those that look like a title about these services: the open ones first, then the likest. The same service alone is
    no likeness; together with one word in common it is."""
    said = words(title)
    found = []
    for each in known:
        theirs = words(each.title)
        shared = said & theirs
        if not shared:
            continue
        score = likeness(said, theirs) + (0.25 if services & each.services else 0.0)
        if score >= LIKE:
            found.append(Like(each, min(score, 1.0), tuple(sorted(shared))))
    return sorted(found, key=lambda each: (not each.known.is_open, -each.score, -each.known.id))


def usual(likes: Sequence[Like]) -> tuple[int | None, int | None]:
    """The severity and the type that those which look alike mostly had (severity: the worse one of two that are as
    frequent); None: there are none."""
    severities = Counter(each.known.severity for each in likes)
    types = Counter(each.known.type for each in likes if each.known.type is not None)
    severity = min(severities, key=lambda level: (-severities[level], level)) if severities else None
    type = min(types, key=lambda pk: (-types[pk], pk)) if types else None
    return severity, type


def named(title: str, names: Iterable[tuple[int, str]]) -> list[int]:
    """Which of these (number and name) a title names: all words of the name stand in it."""
    said = words(title)
    return [number for number, name in names if (own := words(name)) and own <= said]
