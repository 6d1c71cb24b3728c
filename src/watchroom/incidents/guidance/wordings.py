"""What sentences about the impact say, as far as a few words show. Pure; a guard that asks too often is no help, so only
what is said plainly counts."""

from __future__ import annotations

import re

_WHO = r"(?:customers?|users?|clients?|shoppers?|visitors?)"
_NO_IMPACT = re.compile(
    rf"\bno (?:{_WHO} )?(?:facing )?(?:impact|effect)\b|\bno {_WHO} (?:is|are|was|were|has been|have been)?\s*(?:affected|impacted)\b"
    rf"|\b{_WHO} (?:do not|don['’]t|won['’]t|will not) notice\b|\b{_WHO} (?:are|is) not (?:affected|impacted)\b|^\s*(?:none|nobody(?: (?:notices|noticed|is affected))?)\s*(?=[.,;!]|$)",
    re.IGNORECASE,
)
_EVERYBODY = re.compile(
    rf"\b(?:all|every|each|most) (?:of (?:our|the) )?{_WHO}\b|\b(?:everybody|everyone)\b|\bnobody can\b|\bno {_WHO} can\b"
    rf"|\b{_WHO} (?:can['’]t|cannot|can not|are unable to|is unable to)\b"
    r"|\bdata (?:loss|leak|breach)\b|\blos(?:t|ing) data\b|\b(?:complete|total|full) outage\b|\b100 ?%",
    re.IGNORECASE,
)


def says_no_impact(text: str) -> bool:
    """Whether it says that no customer notices anything."""
    return _NO_IMPACT.search(text) is not None


def says_everybody(text: str) -> bool:
    """Whether it says that customers can't do what they came for, all of them notice, or data is at risk."""
    return _EVERYBODY.search(text) is not None and not says_no_impact(text)
