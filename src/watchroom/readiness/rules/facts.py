"""What is known of a team when it is asked what it still lacks. Pure: values only."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime


@dataclass(frozen=True)
class Thresholds:
    """From when on something counts as lacking; in days where nothing else is said. 0: it is not looked at."""

    silent_days: int = 28  # an integration from which nothing has come
    tray_most: int = 20  # messages of an integration that could not be read and wait in its tray
    waiting_days: int = 1  # a heartbeat that has not been pinged since it was made
    practised_days: int = 90  # since the last drill
    postmortem_days: int = 14  # since an incident that needs one was declared
    unread_days: int = 14  # since somebody was asked to read the process


MOST = {each.name: 10_000 if each.name == "tray_most" else 1_000 for each in fields(Thresholds)}


@dataclass(frozen=True)
class OnCall:
    """Somebody who may be paged for the team. ``ways``: how many that are switched on, ``verified``: of them those that have been
    answered once. ``wakes``: an urgent page may wake them."""

    pk: int
    name: str
    ways: int
    verified: int
    wakes: bool


@dataclass(frozen=True)
class Defect:
    """Of paging, open. ``ahead``: it lies ahead."""

    pk: int
    text: str
    path: str
    ahead: bool


@dataclass(frozen=True)
class Policy:
    """``people``: who may be paged by it, in all of its steps; None: nobody can say. ``used``: services or routes rely on it."""

    slug: str
    name: str
    people: frozenset[int] | None
    used: bool


@dataclass(frozen=True)
class Service:
    """A service, and which of what a response needs it has."""

    pk: int
    slug: str
    name: str
    tier: int
    policy: bool
    runbook: bool
    indicator: bool
    needs: bool  # it is written down what it does not work without, or what does not work without it


@dataclass(frozen=True)
class Integration:
    """An integration. ``last_at``: when it last sent; ``tray``: how many it sent that could not be read."""

    slug: str
    name: str
    last_at: datetime | None
    created_at: datetime
    tray: int
    service: int | None = None


@dataclass(frozen=True)
class Monitor:
    """``kind``: heartbeats or checks. ``heard``: it was pinged, or tried, at least once."""

    kind: str
    slug: str
    name: str
    created_at: datetime
    heard: bool
    service: int | None = None


@dataclass(frozen=True)
class Route:
    """A route. ``caught``: alerts have taken it at least once."""

    pk: int
    name: str
    caught: bool


@dataclass(frozen=True)
class Mitigation:
    """``outcome``: of its last run; empty: it was never run."""

    slug: str
    name: str
    outcome: str
    last_at: datetime | None
    service: int | None = None


@dataclass(frozen=True)
class Runbook:
    """``lacks``: what the rules of runbooks find, each with its code; what matters most comes first."""

    slug: str
    name: str
    lacks: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Item:
    """Something with a number that waits: an action item, an incident without its postmortem, a warning of load."""

    pk: int
    name: str
    since: datetime


@dataclass(frozen=True)
class Page:
    """A status page, and how many components it shows."""

    slug: str
    name: str
    components: int


@dataclass(frozen=True)
class TeamFacts:
    """All of it."""

    managers: int = 0
    on_call: tuple[OnCall, ...] = ()
    defects: tuple[Defect, ...] = ()
    policies: tuple[Policy, ...] = ()
    services: tuple[Service, ...] = ()
    integrations: tuple[Integration, ...] = ()
    monitors: tuple[Monitor, ...] = ()
    routes: tuple[Route, ...] = ()
    mitigations: tuple[Mitigation, ...] = ()
    runbooks: tuple[Runbook, ...] = ()
    practised_at: datetime | None = None
    unread: tuple[Item, ...] = ()
    overdue: tuple[Item, ...] = ()
    postmortems: tuple[Item, ...] = ()
    load: tuple[Item, ...] = ()
    pages: tuple[Page, ...] = ()


@dataclass(frozen=True)
class InstallationFacts:
    """What concerns everybody, and is the administrators' to mend."""

    administrators: int
    published: bool
    dead_man: bool
    alarm: bool
    mail: str  # why none can be sent; empty: it can
    routes: tuple[Route, ...] = ()
    teamless: int = 0  # people in no team
