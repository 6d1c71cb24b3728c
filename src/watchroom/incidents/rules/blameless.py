"""Words that ask who, not what: in the running log, in updates and in postmortems alike. Pure. Whoever writes is told before
anybody else reads it; nothing is forbidden but in a postmortem's root cause."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Words that blame: what stands there, why it does not help, what would, and how that could read."""

    phrase: str
    why: str
    better: str
    instead: str


_WHOM = r"(?:he|she|they|you|somebody|someone|@[\w.+-]+)"
_HUMAN_ERROR = (
    r"(?:human|operator|user|pilot|engineer|manual)(?:['’]s)?[\s-]+(?:error|mistake|failure|oversight|slip)s?"
)
_BLAME: tuple[tuple[str, str, str, str], ...] = (
    (
        _HUMAN_ERROR,
        "A person’s slip is where the questions begin, not where they end.",
        "What let one slip have this effect? What would have caught it?",
        "The command took the wrong cluster without asking.",
    ),
    (
        r"careless(?:ly|ness)?|negligen(?:t|tly|ce)|sloppy|reckless(?:ly)?|incompeten(?:t|ce)|stupid(?:ly|ity)?|laz(?:y|iness)"
        r"|idiots?|idiotic|morons?|dumb|clueless",
        "It judges a person, and explains nothing that could be changed.",
        "Say what they saw and knew at that moment, and why it looked right.",
        "The flag was on, and no page showed it.",
    ),
    (
        r"(?:should|ought to) (?:not )?have|shouldn['’]t have|could have easily",
        "It compares with a world in which the end was known. Nobody had that view.",
        "Say what was done, and what made it reasonable at the time.",
        "The backup was not tested before the switch.",
    ),
    (
        rf"forgot|forgotten to|(?:always |constantly )?forgets|keeps? (?:on )?forgetting|{_WHOM} (?:never|always fails? to) (?:tests?|checks?|reads?|looks?"
        rf"|thinks?|listens?|documents?)|failed to (?:notice|check|follow|realize|realise|remember|see|read)|neglected to|{_WHOM} missed",
        "Whatever depends on memory or attention alone will fail again.",
        "What could remind, check or do it by itself?",
        "The migration was not run; nothing asked for it.",
    ),
    (
        r"(?:the )?(?:fault|mistake|error) of|(?:his|her|their|my|your) (?:own )?(?:fault|mistake)|to blame|is guilty|blame[sd]?"
        r"|(?!(?:it|that|this|what|here|there|who)['’])@?[\w.+-]+['’]s (?:own )?(?:fault|mistake)(?![\s-]+toleran)",
        "It asks who. Only asking what in the system leads to something that can be mended.",
        "Name the condition that allowed it, not the person.",
        "The change of 14:02 took the limit away.",
    ),
    (
        rf"{_WHOM} (?:just |really |totally )?(?:broke|screwed|messed|botched|ruined|crashed|killed)",
        "It names a person where a change would help: a change can be taken back.",
        "Say which change it was, and when.",
        "It broke with the deploy of 14:02.",
    ),
    (
        r"who (?:on earth |the hell |the heck )?(?:broke|did|pushed|deployed|merged|approved|touched|changed) (?:this|that|it)",
        "Nobody can answer that without defending themselves, and it stops no harm.",
        "Ask what changed.",
        "What was deployed or switched since 14:00?",
    ),
    (
        r"obvious(?:ly)?|clearly (?:wrong|a mistake)|any competent",
        "It is obvious only to those who know how it ended.",
        "What did it look like to those who were there?",
        "The graph showed 2 % errors then.",
    ),
)
_PATTERNS = tuple(
    (re.compile(rf"(?<!\w)(?:{pattern})(?!\w)", re.IGNORECASE), why, better, instead)
    for pattern, why, better, instead in _BLAME
)
HUMAN_ERROR = _PATTERNS[0][0]


def findings(text: str) -> list[Finding]:
    """Words in ``text`` that blame, in their order; each phrase once."""
    found: dict[str, tuple[int, Finding]] = {}
    for pattern, why, better, instead in _PATTERNS:
        for match in pattern.finditer(text):
            found.setdefault(match[0].lower(), (match.start(), Finding(match[0], why, better, instead)))
    return [finding for _, finding in sorted(found.values(), key=lambda each: each[0])]


def findings_in(texts: Iterable[str]) -> list[Finding]:
    """The same over several texts; each phrase once."""
    found: dict[str, Finding] = {}
    for text in texts:
        for each in findings(text):
            found.setdefault(each.phrase.lower(), each)
    return list(found.values())


def only_blames(text: str) -> bool:
    """Whether nothing is left of ``text`` without the clauses that blame: it explains nothing that could be changed."""
    clauses = [clause for clause in re.split(r"[.;:,!?\n]|\s[-–—]\s", text) if clause.strip()]
    rest = [clause for clause in clauses if not findings(clause) and len(clause.split()) >= 3]
    return bool(findings(text)) and not rest
