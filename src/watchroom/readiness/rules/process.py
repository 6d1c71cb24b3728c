"""The process page: its sections, what changed between two versions, how long it takes to read, and when somebody is
reminded. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from difflib import SequenceMatcher

SECTIONS = {
    "declare": "Something is wrong: declare it",
    "severity": "How bad is it?",
    "roles": "Who decides",
    "told": "Who is told",
    "meet": "Where we meet",
    "escalate": "When you need somebody",
    "respond": "Stop the bleeding first",
    "updates": "What we say, and how often",
    "after": "Afterwards",
}
PLACES = ("before", "after")
LONGEST = 4000  # characters of one's own words at one place
READABLE = 3  # minutes in which everyone can read it

_WORDS_A_MINUTE = 230
_FIRST = timedelta(days=1)  # until then the page and home have asked
AGAIN = timedelta(days=7)
_DAY = (time(9), time(17))

Words = Mapping[str, Mapping[str, str]]


def plain(words: Words) -> dict[str, dict[str, str]]:
    """``words`` in the order of the page, without what is empty."""
    found = {
        section: {place: text for place in PLACES if (text := words.get(section, {}).get(place, "").strip())}
        for section in SECTIONS
    }
    return {section: said for section, said in found.items() if said}


def minutes(texts: Sequence[str]) -> int:
    """How long it takes to read all of this; at least one minute."""
    return max(1, round(sum(len(text.split()) for text in texts) / _WORDS_A_MINUTE))


@dataclass(frozen=True)
class Line:
    """A line of a comparison: it stayed (`` ``), is new (``+``), or is gone (``-``)."""

    sign: str
    text: str


def changes(before: Sequence[str], after: Sequence[str]) -> list[Line]:
    """What makes ``after`` of ``before``, line by line, what is gone before what came in its place."""
    found: list[Line] = []
    for what, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what == "equal":
            found += [Line(" ", text) for text in before[a:b]]
        else:
            found += [Line("-", text) for text in before[a:b]]
            found += [Line("+", text) for text in after[c:d]]
    return found


@dataclass(frozen=True)
class Changed:
    """A section in which something is another than before."""

    section: str
    title: str
    lines: tuple[Line, ...]


def words_changed(before: Words, after: Words) -> list[Changed]:
    """In which sections the own words differ."""
    return _changed({key: _lines(before, key) for key in SECTIONS}, {key: _lines(after, key) for key in SECTIONS})


def facts_changed(before: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]]) -> list[Changed]:
    """In which sections what is configured differs; only the lines that do."""
    found = _changed({k: before.get(k, ()) for k in SECTIONS}, {k: after.get(k, ()) for k in SECTIONS})
    return [Changed(each.section, each.title, tuple(line for line in each.lines if line.sign != " ")) for each in found]


def _lines(words: Words, section: str) -> list[str]:
    return [line for place in PLACES for line in words.get(section, {}).get(place, "").splitlines() if line.strip()]


def _changed(before: Mapping[str, Sequence[str]], after: Mapping[str, Sequence[str]]) -> list[Changed]:
    return [
        Changed(key, title, tuple(changes(before[key], after[key])))
        for key, title in SECTIONS.items()
        if list(before[key]) != list(after[key])
    ]


def is_time_to_remind(now: datetime, zone: tzinfo, *, asked_at: datetime, last: datetime | None) -> bool:
    """Whether somebody who has been asked since ``asked_at`` and was last reminded then (None: never) is reminded now: at
    daytime of a working day where they are, first after a day, and then once a week."""
    here = now.astimezone(zone)
    if here.weekday() > 4 or not _DAY[0] <= here.time() < _DAY[1]:
        return False
    since = last if last is not None and last > asked_at else None
    return now - since >= AGAIN if since is not None else now - asked_at >= _FIRST
