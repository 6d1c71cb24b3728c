"""One voice: who publishes, who is told, in which words, and when the next update is due."""

from __future__ import annotations

from collections.abc import Collection, Mapping

AUDIENCES = ("internal", "customers", "executives")
PARTS = ("happening", "impact", "doing")
VOICES = frozenset({"communications", "commander"})


def may_publish(held: Collection[str], taken: Collection[str]) -> bool:
    """Whether somebody who holds the roles ``held`` publishes, where all roles ``taken`` are held by somebody.

    The communications lead and the commander do. While nobody is either, any responder may: an update in time is worth
    more than an order of speaking.
    """
    voices = VOICES & set(taken)
    return not voices or bool(voices & set(held))


def publishing_rule(taken: Collection[str]) -> str:
    """The same in words, for the page."""
    if VOICES & set(taken):
        return "Anyone may draft. The communications lead or the commander publishes."
    return "Nobody is communications lead or commander yet, so any responder may publish."


def wording(base: Mapping[str, str], wordings: Mapping[str, Mapping[str, str]], audience: str) -> dict[str, str]:
    """What an audience reads: its own words where there are some, part by part, and everybody's elsewhere."""
    own = wordings.get(audience, {})
    return {part: own.get(part) or base.get(part, "") for part in PARTS}


def told_of(audience: str, least_severity: int, severity: int, *, quiet: bool, private: bool) -> bool:
    """Whether a list hears of an incident. Of a drill or a test only colleagues do, marked as such; of a private incident
    no list does: who may know is decided person by person."""
    if private or severity > least_severity:
        return False
    return audience == "internal" or not quiet


def filled(text: str, facts: Mapping[str, str]) -> str:
    """``text`` with ``{title}``, ``{services}`` and so on put in; what is not known stays as it is written."""
    for name, value in facts.items():
        text = text.replace("{" + name + "}", value)
    return text


def stage_now(phase: str, last: str | None) -> str:
    """What an update is proposed to say of how far it is: what the last one said, as long as the incident has not gone on
    since. Customers are not told that somebody looks into what works again."""
    if phase == "mitigated":
        return "monitoring"
    if phase in {"resolved", "closed"}:
        return "resolved"
    return last if last and last != "resolved" else "investigating"
