"""Whom to call in when one person carries too much: on call, knows the service, rested. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MOST = 3


@dataclass(frozen=True)
class Candidate:
    """Somebody who could come. ``schedules``: where they are on call now; ``incidents``: how many of these services they
    had a role in lately; ``paged``: how often they were paged in the last hours; ``owns``: of a team that owns the
    service."""

    person: int
    name: str
    schedules: tuple[str, ...] = ()
    incidents: int = 0
    owns: bool = False
    paged: int = 0


@dataclass(frozen=True)
class Help:
    """Somebody to call, and why."""

    person: int
    name: str
    why: str


def whom_to_call(candidates: Iterable[Candidate]) -> list[Help]:
    """The best first, three at most. Who is on call comes before who is not, who knows the service before who does not,
    and of those who was paged least."""
    ranked = sorted(
        candidates,
        key=lambda each: (not each.schedules, each.paged > 0, -each.incidents, not each.owns, each.paged, each.name),
    )
    return [Help(each.person, each.name, _why(each)) for each in ranked[:MOST]]


def _why(each: Candidate) -> str:
    said = [f"on call for {each.schedules[0]}"] if each.schedules else []
    if each.incidents:
        said.append(f"was in {each.incidents} incident{'' if each.incidents == 1 else 's'} of this service")
    elif each.owns:
        said.append("of the team that owns it")
    said.append(
        "not paged in the last hours"
        if not each.paged
        else f"paged {'once' if each.paged == 1 else f'{each.paged} times'} in the last hours"
    )
    return ", ".join(said)
