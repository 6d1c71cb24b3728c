"""Whom a step calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ..accounts.models import Person, Team
from ..kernel.errors import NotFound, Refused
from ..oncall.queries import who
from ..paging.models import EscalationPolicy
from .queries import called


@dataclass(frozen=True)
class Called:
    """Whom to page, and in words."""

    name: str
    people: list[Person] = field(default_factory=list)
    teams: list[Team] = field(default_factory=list)
    policy: EscalationPolicy | None = None


def whom(target: str, at: datetime) -> Called:
    """Who is meant at ``at`` by ``person:ada@example.org``, ``team:shop``, ``schedule:primary`` or ``policy:shop``.

    :raises Refused: nobody is on call.
    :raises NotFound: whom it names is gone.
    """
    kind, _, key = target.partition(":")
    found = called(kind, key)
    if isinstance(found, Person):
        return Called(str(found), people=[found])
    if isinstance(found, Team):
        return Called(f"everybody in {found}", teams=[found])
    if isinstance(found, EscalationPolicy):
        return Called(f"by the policy {found}", policy=found)
    if found is None:
        raise NotFound(f"There is no {kind} {key!r} any more.", field="target", value=target, fix="Page somebody else.")
    people = who(found, at)
    if not people:
        raise Refused(
            f"Nobody is on call in {found}.",
            field="target",
            value=target,
            fix="Page somebody else, then skip this step.",
        )
    return Called(", ".join(str(each) for each in people), people=people)
