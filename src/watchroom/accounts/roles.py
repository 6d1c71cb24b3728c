"""Who may do what. Pure: a role and an action in, a yes or no out.

A person has one role everywhere and may have a higher one in a team. The higher of the two counts for what that team
owns; what no team owns is decided by the role everywhere.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Role(IntEnum):
    """What a person may do, each including the one before."""

    VIEWER = 10
    RESPONDER = 20
    MANAGER = 30
    ADMINISTRATOR = 40

    @property
    def word(self) -> str:
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> Role:
        """The role with this name. Raises ``ValueError`` for any other word."""
        try:
            return cls[word.upper()]
        except KeyError:
            raise ValueError(f"{word!r} is not a role; use one of {', '.join(r.word for r in cls)}") from None


class Action(StrEnum):
    """Kinds of things that are done; each command names the one that it needs."""

    SEE = "see"
    DECLARE = "declare"  # anyone who is signed in may say that something is wrong
    RESPOND = "respond"  # acknowledge, log, take a role, publish an update
    MANAGE = "manage"  # a team's services, schedules, policies, integrations
    ADMINISTER = "administer"  # people, teams, roles, the system itself


NEEDED: dict[Action, Role] = {
    Action.SEE: Role.VIEWER,
    Action.DECLARE: Role.VIEWER,
    Action.RESPOND: Role.RESPONDER,
    Action.MANAGE: Role.MANAGER,
    Action.ADMINISTER: Role.ADMINISTRATOR,
}

# What an API token may be limited to; each scope includes the ones before it.
SCOPES: dict[str, frozenset[Action]] = {
    "read": frozenset({Action.SEE}),
    "respond": frozenset({Action.SEE, Action.DECLARE, Action.RESPOND}),
    "manage": frozenset({Action.SEE, Action.DECLARE, Action.RESPOND, Action.MANAGE}),
    "admin": frozenset(Action),
}


def may(action: Action, everywhere: Role, in_team: Role | None, scope: str | None = None) -> bool:
    """Whether someone with these roles, through a token of ``scope`` (None: no token), may do ``action``."""
    if scope is not None and action not in SCOPES.get(scope, frozenset()):
        return False
    return max(everywhere, in_team or everywhere) >= NEEDED[action]
