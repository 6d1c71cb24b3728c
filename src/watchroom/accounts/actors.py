"""Who is doing something: a person, a person's token, someone with a signed link, an integration, or Watchroom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from django.db import models

from ..kernel.errors import NotAllowed
from .models import Membership, Person, Team
from .roles import NEEDED, SCOPES, Action, Role, may

Kind = Literal["person", "token", "link", "system", "integration"]


@dataclass(frozen=True, eq=False)
class Actor:
    """Whoever acts, with what they may do. Made once per request; roles are read once."""

    kind: Kind
    name: str
    person: Person | None = None
    scope: str | None = None
    address: str = ""

    @property
    def is_system(self) -> bool:
        return self.kind in {"system", "integration"}

    @cached_property
    def _team_roles(self) -> dict[int, Role]:
        if self.person is None:
            return {}
        rows = Membership.objects.filter(person=self.person).values_list("team_id", "role")
        return {team: Role(role) for team, role in rows}

    def may(self, action: Action, team: Team | int | None = None) -> bool:
        """Whether this actor may do ``action`` to what ``team`` owns (None: to what no team owns)."""
        if self.is_system:
            return True
        if self.person is None or not self.person.is_active:
            return False
        team_id = team.pk if isinstance(team, Team) else team
        return may(action, Role(self.person.role), self._team_roles.get(team_id) if team_id else None, self.scope)

    def may_somewhere(self, action: Action) -> bool:
        """Whether this actor may do ``action`` to what some team owns, whichever."""
        return self.may(action) or any(self.may(action, team) for team in self._team_roles)

    def require(self, action: Action, team: Team | int | None = None) -> None:
        """The one permission check.

        :raises NotAllowed: with the role that would be needed.
        """
        if not self.may(action, team):
            needed = NEEDED[action].word
            where = f" of the team {team}" if isinstance(team, Team) else ""
            through = f" This token's scope is “{self.scope}”." if self.scope else ""
            raise NotAllowed(
                f"Only {'an' if needed[0] in 'aeiou' else 'a'} {needed}{where} may do this.{through}",
                fix="Ask a manager of the team or an administrator.",
            )

    def require_change(self) -> None:
        """A token that may only read changes nothing, not even what is its owner's own.

        :raises NotAllowed: this is such a token.
        """
        if self.scope is not None and SCOPES.get(self.scope, frozenset()) <= {Action.SEE}:
            raise NotAllowed(
                f"This token's scope is “{self.scope}”: it changes nothing.",
                fix="Use a token with the scope respond, or more.",
            )

    def teams_where(self, action: Action) -> models.QuerySet[Team]:
        """The teams for whose things this actor may do ``action``."""
        if self.is_system or self.may(action):
            return Team.objects.all()
        allowed = [team for team in self._team_roles if self.may(action, team)]
        return Team.objects.filter(pk__in=allowed)


SYSTEM = Actor(kind="system", name="Watchroom")


def acting(person: Person, *, address: str = "") -> Actor:
    """``person``, signed in."""
    return Actor(kind="person", name=str(person), person=person, address=address)


def acting_many(people: Iterable[Person]) -> dict[int, Actor]:
    """Each of ``people``, signed in, by their number; their roles in teams are read in one query."""
    actors = {person.pk: acting(person) for person in people}
    roles: dict[int, dict[int, Role]] = {pk: {} for pk in actors}
    for person, team, role in Membership.objects.filter(person__in=actors).values_list("person_id", "team_id", "role"):
        roles[person][team] = Role(role)
    for pk, actor in actors.items():
        actor.__dict__["_team_roles"] = roles[pk]
    return actors
