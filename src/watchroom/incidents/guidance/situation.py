"""What is known of an incident at a moment, from its history alone: so that it can be asked for any moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property

from ..rules.severities import DEFAULTS, Severity

WRITTEN = frozenset({"symptom", "hypothesis", "action", "result", "decision", "note", "question"})


@dataclass(frozen=True)
class Line:
    """A line of the running log. ``standing`` is how a hypothesis stands now; ``settled_at`` since when."""

    id: int
    at: datetime
    kind: str
    type: str = ""
    text: str = ""
    author: int | None = None
    parent: int | None = None
    standing: str = ""
    settled_at: datetime | None = None


_LEADS = {"operations": "operations lead", "communications": "communications lead", "expert": "subject expert"}


@dataclass(frozen=True)
class Held:
    """Somebody holds a role, or has been asked to."""

    role: str
    person: int
    assigned_at: datetime
    accepted_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def called(self) -> str:
        """The role within a sentence."""
        return _LEADS.get(self.role, self.role)


@dataclass(frozen=True)
class Told:
    """An update to stakeholders."""

    at: datetime
    next_at: datetime | None = None
    stage: str = ""
    impact: str = ""


@dataclass(frozen=True)
class Shown:
    """An update on a status page."""

    page: str
    at: datetime
    stage: str


@dataclass(frozen=True)
class Mentions:
    """A line or a task speaks of services that are neither the incident's nor their neighbours."""

    at: datetime
    services: frozenset[str]


@dataclass(frozen=True)
class Tried:
    """Something that was done to stop the harm."""

    title: str
    started_at: datetime
    ended_at: datetime | None = None
    worked: bool | None = None


@dataclass(frozen=True)
class Fired:
    """An alert group of the incident."""

    from_at: datetime
    until: datetime | None = None


@dataclass(frozen=True)
class History:
    """All that has happened, in the order in which it did."""

    severity: int
    declared_at: datetime
    mitigated_at: datetime | None = None
    resolved_at: datetime | None = None
    customers: bool = False
    lines: tuple[Line, ...] = ()
    roles: tuple[Held, ...] = ()
    updates: tuple[Told, ...] = ()
    tried: tuple[Tried, ...] = ()
    alerts: tuple[Fired, ...] = ()
    impact: str = ""
    services: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()  # status pages that have a component of its services, or show it
    shown: tuple[Shown, ...] = ()
    elsewhere: tuple[Mentions, ...] = ()
    severities: tuple[tuple[datetime, int], ...] = ()  # from when on it was of which severity; empty: always of this
    meanings: Mapping[int, Severity] = field(default_factory=lambda: DEFAULTS)  # of the severities, here

    def severity_at(self, at: datetime) -> int:
        """How bad it was said to be then."""
        return next((level for since, level in reversed(self.severities) if since <= at), self.severity)


@dataclass(frozen=True)
class Situation:
    """The incident as it stood at ``now``."""

    history: History
    now: datetime

    @cached_property
    def age(self) -> timedelta:
        """Since it was declared."""
        return self.now - self.history.declared_at

    @cached_property
    def is_mitigated(self) -> bool:
        return _past(self.history.mitigated_at, self.now)

    @cached_property
    def is_resolved(self) -> bool:
        return _past(self.history.resolved_at, self.now)

    @cached_property
    def lines(self) -> Sequence[Line]:
        """What people had written."""
        return [line for line in self.history.lines if line.at <= self.now and line.kind in WRITTEN]

    @cached_property
    def hypotheses(self) -> Sequence[Line]:
        """Those that were open; one that was settled later was open still."""
        return [
            line
            for line in self.lines
            if line.kind == "hypothesis"
            and (line.standing in {"open", "testing"} or (line.settled_at is not None and line.settled_at > self.now))
        ]

    @cached_property
    def roles(self) -> Sequence[Held]:
        """Who held a role, or was asked to."""
        found = [each for each in self.history.roles if each.assigned_at <= self.now]
        return [
            replace(each, accepted_at=each.accepted_at if _past(each.accepted_at, self.now) else None)
            for each in found
            if not _past(each.ended_at, self.now)
        ]

    def holder(self, role: str) -> Held | None:
        """Who holds a role, or has been asked to."""
        return next((each for each in self.roles if each.role == role), None)

    @cached_property
    def tried(self) -> Sequence[Tried]:
        """What had been tried, running ones included."""
        return [each for each in self.history.tried if each.started_at <= self.now]

    @cached_property
    def updates(self) -> Sequence[Told]:
        return [each for each in self.history.updates if each.at <= self.now]

    @cached_property
    def severity(self) -> int:
        """How bad it was said to be."""
        return self.history.severity_at(self.now)

    @cached_property
    def meaning(self) -> Severity:
        """What that severity means here."""
        return self.history.meanings.get(self.severity, DEFAULTS[self.severity])

    @cached_property
    def customers(self) -> bool:
        """Whether customers noticed it, by what its severity means."""
        return self.history.customers or self.meaning.customers

    @cached_property
    def shown(self) -> Sequence[Shown]:
        """What stood on status pages."""
        return [each for each in self.history.shown if each.at <= self.now]

    def heard_of(self, person: int) -> datetime | None:
        """When somebody last wrote or did something in it."""
        return max(
            (line.at for line in self.history.lines if line.author == person and line.at <= self.now), default=None
        )

    @cached_property
    def firing(self) -> int:
        """How many alert groups fired."""
        return sum(each.from_at <= self.now and not _past(each.until, self.now) for each in self.history.alerts)

    def since(self, at: datetime) -> timedelta:
        """How long ago that was."""
        return self.now - at


def _past(at: datetime | None, now: datetime) -> bool:
    return at is not None and at <= now


def minutes(length: timedelta) -> str:
    """A length in words."""
    whole = int(length.total_seconds() // 60)
    return f"{whole} min" if whole < 120 else f"{whole // 60} h"
