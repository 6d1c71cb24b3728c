"""Words that ask who, not what: in the running log, in updates and in postmortems alike. Pure. Whoever writes is told before
anybody else reads it; nothing is forbidden but in a postmortem's root cause."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .naming import MARK, masked


@dataclass(frozen=True)
class Finding:
    """Words that blame: what stands there, why it does not help, what would, and how that could read."""

    phrase: str
    why: str
    better: str
    instead: str


_PERSON = rf"(?:he|she|@[\w.+-]+|{MARK}+)"  # names of people are masked, see :mod:`.naming`
_WHOM = rf"(?:they|you|somebody|someone|{_PERSON})"
# What may stand between whom and what they are said to have done.
_SO = (
    r"(?:\s+(?:\([^()\n]{1,40}\)|just|really|totally|accidentally|apparently|simply|probably|clearly|also|even|again|already|then|once again|who|that|has|have|had"
    r"|(?:must|may|might|could) have|(?:is|was) the (?:one|person) (?:who|that))){0,3}\s+"
)
_ALL = (
    r"(?:it|us|everything|prod(?:uction)?|(?:the |our )?(?:whole |entire )?(?:site|website|shop|service|cluster|database|db|network|platform|system|app|api"
    r"|checkout|website|backend))"
)
_NOT_TO_BLAME = (  # “broke the glass”, “broke it down into tasks”
    r"(?!\s+(?:off|out|in|up|even|ground)\b|\s+(?:the\s+)?glass\b|\s+(?:(?:the|an?|it|this|that|them)\s+)?(?:[\w-]+\s+){0,2}(?:into|down)\b)"
)
_FAULTS = (
    rf"(?:broke(?:n)?{_NOT_TO_BLAME}|managed to break|keeps breaking|screwed|messed|fucked|botched|bungled|ruined|wrecked|trashed|blew (?:it|this)"
    rf"|(?:crashed|killed|wiped|nuked|took down|brought down|taken down) {_ALL}|(?:took|brought|taken) {_ALL} down|caused"
    r"|misconfigured|mishandled|mistyped|fat-fingered|overlooked|ignored|slipped up|dropped the ball|let (?:us|everybody|everyone|the team) down"
    r"|introduced (?:the|this|that|an?) (?:[\w-]+ )?(?:bug|regression|fault|error|problem|issue|defect|leak)|made (?:an?|the|this|that) (?:[\w-]+ )?(?:mistake|error|blunder)"
    r"|(?:pushed|deployed|merged|shipped|released|committed|applied|ran|wrote) (?:(?:an?|the|some|his|her|their) )?(?:bad|broken|buggy|faulty|untested)"
    r"|(?:pushed|deployed|merged|shipped|released|committed|applied|ran|deleted|dropped|restarted|changed|typed|picked|chose)(?: [\w-]+){0,3} the wrong)"
)
_CHANGE = (
    r"(?:change|commit|deploy(?:ment)?|release|merge|migration|pr|pull request|push|patch|config(?:uration)?|script|command|code|query|rollout"
    r"|refactoring|upgrade|edit)"
)
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
        r"(?:should|ought to) (?:not )?have|should['’]ve|shouldn['’]t have|could have easily"
        rf"|{_PERSON} was (?:supposed|meant) to (?!be\b)\w+",
        "It compares with a world in which the end was known. Nobody had that view.",
        "Say what was done, and what made it reasonable at the time.",
        "The backup was not tested before the switch.",
    ),
    (
        rf"forgot|forgotten to|(?:always |constantly )?forgets|keeps? (?:on )?forgetting|{_WHOM} (?:never|always fails? to) (?:tests?|checks?|reads?|looks?"
        rf"|thinks?|listens?|documents?)|failed to (?:notice|check|follow|realize|realise|remember|see|read)|neglected to|{_WHOM} missed"
        rf"|{_PERSON} failed to (?:tests?|tell|warn|document|announce|review|verify|escalate)"
        rf"|{_PERSON} (?:didn['’]t|did not) (?:even |bother to )?(?:test|check|review|verify|read|follow|think|listen|care|tell|warn|document|pay attention)"
        r"(?! any)(?![^.!?\n]{0,60}\byet\b)",
        "Whatever depends on memory or attention alone will fail again.",
        "What could remind, check or do it by itself?",
        "The migration was not run; nothing asked for it.",
    ),
    (
        r"(?:the )?(?:fault|mistake|error) of|(?:his|her|their|my|your) (?:own )?(?:fault|mistake)|to blame|is guilty|blame[sd]?"
        # From its first letter only: tried from each part of a-b-c, a long run of them would be read again and again.
        r"|(?!(?:it|that|this|what|here|there|who)['’])(?:@|(?<![.+-]))[\w.+-]+['’]s (?:own )?(?:fault|mistake)(?![\s-]+toleran)"
        rf"|{MARK}+['’]s? (?:own )?(?:fault|mistake)|{_PERSON} (?:is|was|who is|who was) (?:at fault|the (?:culprit|root cause|cause of|reason for)"
        r"|responsible for (?:the |this |that )?(?:[\w-]+ )?(?:outage|incident|mess|failure|breakage|bug|downtime|loss|error|problem))"
        rf"|culprit (?:is|was|:) {_PERSON}|(?:because of|broken by|caused by|ruined by|messed up by|botched by|taken down by) {_PERSON}(?!['’])"
        rf"|(?:bug|regression|error) (?:introduced|made) by {_PERSON}",
        "It asks who. Only asking what in the system leads to something that can be mended.",
        "Name the condition that allowed it, not the person.",
        "The change of 14:02 took the limit away.",
    ),
    (
        # “the query from Ada broke it” speaks of the query.
        rf"(?<!\bfrom )(?<!\bfor )(?<!\bby )(?<!\bwith )(?<!\bto )(?<!\bof )(?<!\bvia ){_PERSON}{_SO}{_FAULTS}"
        rf"|(?:they|you|somebody|someone) (?:just |really |totally )?(?:broke{_NOT_TO_BLAME}|screwed|messed|botched|ruined|(?:crashed|killed) {_ALL})"
        rf"|(?:his|her|your|{_PERSON}['’]s?) (?:[\w-]+ )?{_CHANGE}(?: of [\d:]+| {_CHANGE})?{_SO}(?:broken?|crashed|killed|ruined|caused|took {_ALL} down|took down)"
        rf"|{_CHANGE} (?:by|of) {_PERSON}{_SO}(?:broken?|crashed|killed|ruined|caused|took {_ALL} down|took down)",
        "It names a person where a change would help: a change can be taken back.",
        "Say which change it was, and when.",
        "It broke with the deploy of 14:02.",
    ),
    (
        r"who (?:on earth |the hell |the heck )?(?:broke|did|pushed|deployed|merged|approved|touched|changed) (?:this|that|it)"
        rf"|why did {_PERSON} (?:break|push|deploy|merge|approve|delete|touch|ignore|not (?!get|receive|hear))"
        rf"|did {_PERSON} (?:break|screw|mess|cause)",
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
    (re.compile(rf"(?<![\w{MARK}])(?:{pattern})(?![\w{MARK}])", re.IGNORECASE), why, better, instead)
    for pattern, why, better, instead in _BLAME
)
HUMAN_ERROR = _PATTERNS[0][0]
# The same with any word where a name would be.
_IF_NAMED = tuple(
    re.compile(pattern.pattern.replace(f"{MARK}+", r"[^\W\d_][\w'’-]{0,60}"), re.IGNORECASE)
    for pattern, *_ in _PATTERNS
    if f"{MARK}+" in pattern.pattern
)


def may_name(text: str) -> bool:
    """Whether ``text`` would blame somebody, if one of its words were a name; else nobody's name has to be looked up."""
    return any(pattern.search(text) for pattern in _IF_NAMED)


def findings(text: str, people: Iterable[str] = ()) -> list[Finding]:
    """Words in ``text`` that blame, in their order; each phrase once. ``people`` are the full names of whom it may name."""
    text_of_all = masked(text, people)
    found: dict[str, tuple[int, Finding]] = {}
    for pattern, why, better, instead in _PATTERNS:
        for match in pattern.finditer(text_of_all):
            phrase = text[match.start() : match.end()]
            found.setdefault(phrase.lower(), (match.start(), Finding(phrase, why, better, instead)))
    return [finding for _, finding in sorted(found.values(), key=lambda each: each[0])]


def findings_in(texts: Iterable[str], people: Iterable[str] = ()) -> list[Finding]:
    """The same over several texts; each phrase once."""
    people = list(people)
    found: dict[str, Finding] = {}
    for text in texts:
        for each in findings(text, people):
            found.setdefault(each.phrase.lower(), each)
    return list(found.values())


def only_blames(text: str, people: Iterable[str] = ()) -> bool:
    """Whether nothing is left of ``text`` without the clauses that blame: it explains nothing that could be changed."""
    people = list(people)
    clauses = [clause for clause in re.split(r"[.;:,!?\n]|\s[-–—]\s", text) if clause.strip()]
    rest = [clause for clause in clauses if not findings(clause, people) and len(clause.split()) >= 3]
    return bool(findings(text, people)) and not rest
