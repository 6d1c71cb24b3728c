"""What the packages above lend to alerts. They may not be imported from here; they register when Django starts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.db import DatabaseError

from ..accounts.actors import Actor
from ..accounts.models import Person
from ..sources.base import ChangeSaid

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Beat:
    """A heartbeat, as a sender may ask for it."""

    name: str
    period_seconds: int
    paused: bool
    late: bool
    severity: str
    last_ping_at: datetime | None
    description: str
    alert_title: str
    labels: Mapping[str, str]


class Heartbeats(Protocol):
    """The heartbeats of a team."""

    def ping(self, team_id: int, name: str, *, method: str, remote: str, body: str) -> bool:
        """A success of the heartbeat with this name or slug; false when the team has none."""
        ...

    def all(self, team_id: int) -> Sequence[Beat]: ...

    def find(self, team_id: int, name: str) -> Beat | None:
        """The one with this name or slug; none when the team has none, or several."""
        ...

    def save(
        self,
        by: Actor,
        team_id: int,
        name: str,
        *,
        new: bool,
        period_seconds: int | None = None,
        severity: str | None = None,
        paused: bool | None = None,
        description: str | None = None,
        alert_title: str | None = None,
        labels: Mapping[str, str | None] | None = None,
    ) -> Beat:
        """Make one, or change what is given of one; a label that is None is taken away.

        :raises NotFound: there is none to be changed.
        :raises Conflict: there is one of this name already, or it follows an expression.
        :raises Refused: something is not accepted.
        """
        ...

    def delete(self, by: Actor, team_id: int, name: str) -> None:
        """:raises NotFound: there is none."""
        ...


_heartbeats: list[Heartbeats] = []


def heartbeats_are(found: Heartbeats) -> None:
    """Ask ``found`` about heartbeats."""
    _heartbeats[:] = [found]


def heartbeats() -> Heartbeats:
    """Heartbeats as monitors, above intake, keep them."""
    return _heartbeats[0]


class Changes(Protocol):
    """What was changed, as senders tell it."""

    def take(self, integration: Any, said: ChangeSaid) -> str:
        """Write it down, once for its key. Returns why not; empty: it is there. Inside the caller's transaction."""
        ...


_changes: list[Changes] = []


def changes_go_to(found: Changes) -> None:
    """Give ``found`` what senders say was changed."""
    _changes[:] = [found]


def changes() -> Changes:
    """Changes of services as evidence, above intake, keeps them."""
    return _changes[0]


_problem_of_type: list[Callable[[str], str]] = []


def incident_types_are_judged_by(problem: Callable[[str], str]) -> None:
    """``problem(slug)`` says why no incident can be declared by itself as one of that type; empty: it can."""
    _problem_of_type[:] = [problem]


def problem_of_incident_type(slug: str) -> str:
    """Why no incident of this type can be declared by itself; empty: it can."""
    return _problem_of_type[0](slug)


@dataclass(frozen=True)
class Practice:
    """A team's drill that is on. ``people``: whom its alerts page; None: whoever the policy says. ``rests``: nobody for now."""

    people: Sequence[Person] | None = None
    rests: bool = False


Practised = Callable[[Sequence[int]], Mapping[int, Practice]]
_practised: list[Practised] = []


def drills_page(who: Practised) -> None:
    """``who(teams)`` says of these teams' drills that are on whom their alerts page."""
    _practised[:] = [who]


def practising(teams: Sequence[int]) -> Mapping[int, Practice]:
    """The drills of scenarios of these teams that are on."""
    return _practised[0](teams) if _practised and teams else {}


Asked = tuple[int, int | None, Mapping[str, str]]  # a group's number, its service's, and the labels of what fires in it
_runbooks: list[Callable[[Sequence[Asked]], Mapping[int, str]]] = []


def runbooks_come_from(find: Callable[[Sequence[Asked]], Mapping[int, str]]) -> None:
    """``find(groups)`` says which runbook fits each of these best, in a line, by the group's number; one question for all."""
    _runbooks[:] = [find]


def runbooks_for(groups: Sequence[Asked]) -> Mapping[int, str]:
    """A page goes out without that line rather than not at all."""
    try:
        return _runbooks[0](groups) if _runbooks and groups else {}
    except DatabaseError:  # the whole transaction fails, and is tried again
        raise
    except Exception:
        log.exception("No runbook can be named for the alert groups %s.", [pk for pk, *_ in groups])
        return {}
