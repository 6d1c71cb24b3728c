"""What a runbook lacks to be of use to a tired person who has never seen it, and what would mend each. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from .reviews import due
from .steps import PARTS, Part, Step

LONG_TEXT, LONG_LINES = 900, 18  # letters and lines outside of code; more is two steps
NEVER_RUN_FOR = timedelta(days=90)
SHOWN = 3  # titles that are named
_FENCE = re.compile(r"^ {0,3}(```+|~~~+).*?(?:^ {0,3}\1|\Z)", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"https?://[^\s<>\"'`\\^{}|]+", re.IGNORECASE)

MEND: dict[str, str] = {
    "steps": "Write its first step, or paste what your wiki says.",
    "confirm": "Begin with how one sees that it is real, and not a false alarm.",
    "diagnose": "Add what to look at to tell the usual causes apart.",
    "mitigate": "Add what stops the bleeding: best a mitigation of the catalog, which can be started from here.",
    "resolve": "Add how one sees that it is over, and what is to be put back.",
    "call": "Add whom to call when this does not help.",
    "expect": "Say for each what one should see, so that nobody has to guess whether it worked.",
    "long": "Make several steps of it: at night nobody reads a page.",
    "fits": "Name a service, or labels of alerts, so that it is offered when it is needed.",
    "summary": "Say in a sentence when to use it.",
    "dead": "Correct the address, or take it out.",
    "gone": "Choose another one, or take the step out.",
    "review": "Read it once; if it is still right, press “Still right”.",
    "reviews": "Say after how many days somebody looks whether it is still right.",
    "run": "Go through it once in a drill: what nobody has tried surprises at night.",
}
CODES = tuple(MEND)
_WORDS: dict[Part, str] = {
    "confirm": "how to confirm that it is real",
    "diagnose": "how to find out what is wrong",
    "mitigate": "how to stop the bleeding",
    "resolve": "how to see that it is over",
    "call": "whom to call",
}


@dataclass(frozen=True)
class Lack:
    """One thing that it lacks. ``code`` is one of ``CODES``; ``step``: the key of the step that it is about, or empty."""

    code: str
    text: str
    fix: str
    step: str = ""


@dataclass(frozen=True)
class Known:
    """All that is looked at. ``gone``: the keys of steps that name what is no longer there, and what; ``dead``: addresses that
    did not answer well when they were asked; ``ran_at``: when it was last carried out, None never."""

    steps: Sequence[Step]
    created_at: datetime
    summary: str = ""
    fits: bool = True
    gone: Sequence[tuple[str, str]] = ()
    dead: Sequence[str] = ()
    review_days: int | None = None
    reviewed_at: datetime | None = None
    ran_at: datetime | None = None


def lacks(known: Known, at: datetime) -> tuple[Lack, ...]:
    """What it lacks at ``at``; what matters most at night comes first."""
    return tuple(_all(known, at))


def _all(known: Known, at: datetime) -> Iterable[Lack]:
    if not known.steps:
        yield _lack("steps", "It has no steps yet.")
    else:
        parts = {step.part for step in known.steps}
        called = parts | ({"call"} if any(step.target for step in known.steps) else set())
        for key, text in known.gone:
            yield _lack("gone", text, key)
        for part in PARTS:
            if part not in called:
                yield _lack(part, f"It does not say {_WORDS[part]}.")
        blind = [step for step in known.steps if step.kind in {"do", "look", "run"} and not step.expect]
        if blind:
            yield _lack(
                "expect", f"{_count(blind, 'does', 'do')} not say what one should see: {_named(blind)}.", blind[0].key
            )
        long = [step for step in known.steps if is_long(step.text)]
        if long:
            yield _lack("long", f"{_count(long, 'is', 'are')} long: {_named(long)}.", long[0].key)
    for url in known.dead:
        yield _lack(
            "dead", f"A link is dead: {url}", next((step.key for step in known.steps if url in links_in([step])), "")
        )
    if not known.fits:
        yield _lack("fits", "It is offered nowhere: it names neither a service nor labels of alerts.")
    if not known.summary:
        yield _lack("summary", "It does not say when to use it.")
    review = due(known.reviewed_at or known.created_at, known.review_days)
    if review is None:
        yield _lack("reviews", "Nobody is asked whether it is still right.")
    elif review <= at:
        yield _lack("review", f"Its review is due since {review:%d %B %Y}.")
    if known.steps and (known.ran_at is None or at - known.ran_at > NEVER_RUN_FOR):
        told = (
            "Nobody has ever gone through it."
            if known.ran_at is None
            else "Nobody has gone through it for three months."
        )
        yield _lack("run", told)


def _lack(code: str, text: str, step: str = "") -> Lack:
    return Lack(code, text, MEND[code], step)


def _count(steps: Sequence[Step], one: str, many: str) -> str:
    return f"1 step {one}" if len(steps) == 1 else f"{len(steps)} steps {many}"


def _named(steps: Sequence[Step]) -> str:
    said = ", ".join(f"“{step.title}”" for step in steps[:SHOWN])
    return f"{said} and {len(steps) - SHOWN} more" if len(steps) > SHOWN else said


def is_long(text: str) -> bool:
    """Whether this is more than one reads at night. What is to be copied does not count."""
    plain = _FENCE.sub("", text)
    return len(plain) > LONG_TEXT or len(plain.splitlines()) > LONG_LINES


def links_in(steps: Iterable[Step], summary: str = "") -> tuple[str, ...]:
    """The http(s) links of a runbook, each once, in their order; what stands in code is a command, and no link."""
    found: dict[str, None] = {}
    for text in (summary, *(text for step in steps for text in (step.url, step.text, step.expect))):
        for url in _LINK.findall(_CODE.sub(" ", _FENCE.sub("", text))):
            found[_without_tail(url)] = None
    return tuple(url for url in found if len(url) > len("https://"))


def _without_tail(url: str) -> str:
    """Without what belongs to the sentence around it: ``(see https://example.org/a_(b)).``"""
    while url and (
        url[-1] in ".,;:!?*_~" or (url[-1] in ")]" and url.count(url[-1]) > url.count("(["[")]".index(url[-1])]))
    ):
        url = url[:-1]
    return url
