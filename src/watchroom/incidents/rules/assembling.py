"""Whom a role is asked of, and who comes after somebody who does not answer. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Rotation:
    """A role rotation as far as it decides: for a service, for a team, or (neither) for all."""

    id: int
    team: int | None = None
    service: int | None = None
    least_severity: int = 5

    def fits(self, team: int | None, services: Collection[int], severity: int) -> bool:
        """Whether it is for an incident of this team and severity about these services."""
        if severity > self.least_severity:
            return False
        if self.service is not None:
            return self.service in services
        return self.team is None or self.team == team


def nearest_first(
    rotations: Iterable[Rotation], *, team: int | None, services: Collection[int], severity: int
) -> list[Rotation]:
    """Those that fit: of a service first, then of the team, then of all."""
    fitting = [each for each in rotations if each.fits(team, services, severity)]
    return sorted(fitting, key=lambda each: (each.service is None, each.team is None, each.id))


def free_first(chain: Iterable[int], busy: Collection[int]) -> list[int]:
    """``chain`` in its order, with those who lead in another incident after all who are free: nobody leads two while
    somebody could take one."""
    return sorted(chain, key=lambda each: each in busy)


def next_to_ask(chain: Sequence[int], asked: Collection[int]) -> int | None:
    """The first of ``chain`` who has not been asked yet; None: nobody is left."""
    return next((each for each in chain if each not in asked), None)
