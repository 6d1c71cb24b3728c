"""What an identity provider vouches for, whatever it speaks, and what its groups decide. Pure: values in, values out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .roles import Role


@dataclass(frozen=True)
class Vouched:
    """Somebody for whom a provider vouches. ``subject`` is its own name for them, which outlives another address.
    ``groups`` None: it said nothing of groups, which is not the same as none."""

    subject: str
    email: str
    name: str = ""
    groups: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Grant:
    """Whoever is in ``group`` has ``role``: in the team with this number, or everywhere (None)."""

    group: str
    role: Role
    team: int | None = None


@dataclass(frozen=True)
class Decided:
    """What groups make of somebody: their role everywhere (None: it stays), roles in teams, and the teams that they leave."""

    role: Role | None = None
    joins: Mapping[int, Role] = field(default_factory=dict)
    leaves: frozenset[int] = frozenset()

    @property
    def nothing(self) -> bool:
        return self.role is None and not self.joins and not self.leaves


def speaks_for(domains: Iterable[str], email: str) -> bool:
    """Whether a provider that is limited to ``domains`` (empty: to none) may speak for whoever has this address."""
    known = {each.strip().lstrip("@").lower() for each in domains}
    return not known or email.rpartition("@")[2].lower() in known


def same_group(one: str, other: str) -> bool:
    """Providers write a group as ``oncall``, or as its path: ``/oncall``."""
    return one.strip().lstrip("/").casefold() == other.strip().lstrip("/").casefold()


def decide(grants: Iterable[Grant], groups: Iterable[str] | None, *, role: Role, teams: Mapping[int, Role]) -> Decided:
    """What changes for somebody with ``role`` everywhere and these roles in ``teams``, who is in ``groups``.

    Of what grants are about, groups decide alone: whoever is in none that gives a role everywhere is a viewer, and whoever is in
    none that belongs to a team is not in that team. Nobody stops being an administrator for groups that make nobody one.
    """
    if groups is None:
        return Decided()
    known, said = list(grants), list(groups)
    mine = [grant for grant in known if any(same_group(grant.group, each) for each in said)]
    everywhere = [grant for grant in known if grant.team is None]
    wanted = max((grant.role for grant in mine if grant.team is None), default=Role.VIEWER)
    spared = role is Role.ADMINISTRATOR and all(grant.role < Role.ADMINISTRATOR for grant in everywhere)
    joins: dict[int, Role] = {}
    for grant in mine:
        if grant.team is not None:
            joins[grant.team] = max(grant.role, joins.get(grant.team, grant.role))
    governed = {grant.team for grant in known if grant.team is not None}
    return Decided(
        role=wanted if everywhere and wanted != role and not spared else None,
        joins={team: role for team, role in joins.items() if teams.get(team) != role},
        leaves=frozenset((governed & teams.keys()) - joins.keys()),
    )
