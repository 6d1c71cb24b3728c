"""Where a text names people of this installation: by their full name, or by the first of its words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Stands for a letter of a name in a masked text; from Unicode's private area, so that nothing else means anything by it.
MARK = "\ue000"

_WORD = re.compile(r"[^\W\d_]\w*(?:[-'’]\w+)*")
_OWNING = re.compile(r"['’]s?$")
_BEFORE_THINGS = re.compile(r"\b(?:the|an?|our)\s+$|@$", re.IGNORECASE)  # nor is a handle masked, it needs none
# Names that are words, too: of them only “Will” counts, not “will”.
_ALSO_WORDS = (
    "amber april art august basil bill chance chase chip cliff crystal dash dawn dean drew faith frank gene grace grant guy hope iris"
    " ivy jack jade joy june lance mark max may miles nick page pat pearl penny ray rich rob robin rose ruby rusty sage sky sue summer"
    " sunny victor will"
)
# First words of names that are none of a person.
_OF_MACHINES = (
    "account admin administrator alert api bot build ci demo deploy dev infra it monitoring on-call oncall ops robot root service site"
    " support system team test the user web"
)


def masked(text: str, people: Iterable[str]) -> str:
    """``text``, as long as it was, with :data:`MARK` instead of each letter where one of ``people`` (full names) is named."""
    text = text.replace(MARK, " ")
    known: dict[str, set[tuple[str, ...]]] = {}
    for name in people:
        words = tuple(_plain(word) for word in name.split())
        if words:
            known.setdefault(words[0], set()).add(words)
    if not known:
        return text
    words_of = [(match.start(), match.start() + len(_OWNING.sub("", match[0]))) for match in _WORD.finditer(text)]
    pieces: list[str] = []
    done = 0
    for at, (start, _) in enumerate(words_of):
        if start < done or not (end := _end_of_name(text, words_of, at, known)):
            continue
        pieces += [text[done:start], MARK * (end - start)]
        done = end
    return "".join([*pieces, text[done:]])


def _end_of_name(text: str, words: list[tuple[int, int]], at: int, known: dict[str, set[tuple[str, ...]]]) -> int:
    """Where the name ends that begins with the word at ``at``; 0 if none does."""
    start, end = words[at]
    first = _plain(text[start:end])
    names = known.get(first)
    if names is None or _BEFORE_THINGS.search(text, max(0, start - 8), start):
        return 0
    for name in sorted(names, key=len, reverse=True):
        last = words[min(at + len(name), len(words)) - 1][1]
        if len(name) > 1 and tuple(_plain(word) for word in text[start:last].split()) == name:
            return last
    is_name = (
        len(first) > 1
        and first not in _OF_MACHINES.split()
        and (first not in _ALSO_WORDS.split() or text[start].isupper())
    )
    return end if is_name else 0


def _plain(word: str) -> str:
    return word.replace("’", "'").casefold()
