"""When a workflow runs. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from ..paging.conditions import DAYS, WORKDAYS, Hours

MOST_RUNS = 20  # of one workflow in one incident: whatever goes round in circles ends
_ACTOR = "Workflow “"


@dataclass(frozen=True)
class Snapshot:
    """What of an incident decides. ``labels``: of its services and alerts."""

    severity: int
    at: datetime
    type: str = ""
    team: str = ""
    services: frozenset[str] = frozenset()
    labels: frozenset[tuple[str, str]] = frozenset()
    private: bool = False
    drill: bool = False
    state: str = ""


@dataclass(frozen=True)
class Conditions:
    """All that is set here has to hold. Private incidents and drills are left alone unless it says otherwise."""

    severities: tuple[int, ...] = ()
    types: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    hours: Hours | None = None
    private: bool = False
    drills: bool = False

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Conditions:
        """What :meth:`as_json` wrote, or somebody gave: raises ``ValueError``, ``KeyError`` or ``TypeError`` for what makes
        no sense."""
        unknown = set(data) - set(cls.__dataclass_fields__)
        if unknown:
            raise ValueError(f"{sorted(unknown)[0]} is not known")
        found = {
            name: tuple(sorted({str(each) for each in data.get(name) or ()}))
            for name in ("types", "states", "teams", "services")
        }
        severities = tuple(sorted({int(each) for each in data.get("severities") or ()}))
        if any(not 1 <= each <= 5 for each in severities):
            raise ValueError("severities are 1 to 5")
        said = data.get("hours")
        return cls(
            severities=severities,
            labels=tuple(sorted((str(name), str(value)) for name, value in dict(data.get("labels") or {}).items())),
            hours=_hours(said) if said else None,
            private=bool(data.get("private")),
            drills=bool(data.get("drills")),
            **found,
        )

    def as_json(self) -> dict[str, Any]:
        hours = self.hours
        return {
            "severities": list(self.severities),
            "types": list(self.types),
            "states": list(self.states),
            "teams": list(self.teams),
            "services": list(self.services),
            "labels": dict(self.labels),
            "hours": {
                "zone": hours.zone,
                "start": f"{hours.start:%H:%M}",
                "end": f"{hours.end:%H:%M}",
                "days": list(hours.days),
                "outside": hours.outside,
            }
            if hours
            else None,
            "private": self.private,
            "drills": self.drills,
        }

    def __str__(self) -> str:
        parts = [
            " or ".join(f"SEV{each}" for each in self.severities),
            " or ".join(self.types),
            " or ".join(f"in the state {each}" for each in self.states),
            " or ".join(f"the team {each}" for each in self.teams),
            " or ".join(f"the service {each}" for each in self.services),
            " and ".join(f"{name}={value}" for name, value in self.labels),
            str(self.hours) if self.hours else "",
        ]
        return "; ".join(part for part in parts if part) or "any incident"


def _hours(said: Mapping[str, Any]) -> Hours:
    days = tuple(said.get("days") or WORKDAYS)
    if any(day not in DAYS for day in days):
        raise ValueError("days are monday to sunday")
    hours = Hours(
        str(said.get("zone") or "UTC"),
        time.fromisoformat(str(said["start"])),
        time.fromisoformat(str(said["end"])),
        days,
        bool(said.get("outside")),
    )
    hours.hold(datetime.fromisoformat("2026-01-01T00:00:00+00:00"))  # raises KeyError for an unknown zone
    return hours


def unmet(conditions: Conditions, seen: Snapshot) -> list[str]:
    """Why a workflow does not run, in words; empty: all holds."""
    asked: list[tuple[bool, str]] = [
        (not conditions.severities or seen.severity in conditions.severities, f"It is SEV{seen.severity}."),
        (not conditions.types or seen.type in conditions.types, f"Its type is {seen.type or 'not said'}."),
        (not conditions.states or seen.state in conditions.states, f"Its state is {seen.state or 'not said'}."),
        (not conditions.teams or seen.team in conditions.teams, f"Its team is {seen.team or 'not said'}."),
        (not conditions.services or bool(seen.services & set(conditions.services)), "It is about other services."),
        (conditions.private or not seen.private, "It is private."),
        (conditions.drills or not seen.drill, "It is a drill or a test."),
        (conditions.hours is None or conditions.hours.hold(seen.at), f"It is not {conditions.hours}."),
    ]
    asked += [
        ((name, value) in seen.labels, f"Nothing has the label {name}={value}.") for name, value in conditions.labels
    ]
    return [reason for holds, reason in asked if not holds]


def actor_name(workflow: str) -> str:
    """Under which name a workflow acts."""
    return f"{_ACTOR}{workflow}”"


def is_own_doing(actor_kind: str, actor_name: str) -> bool:
    """Whether an event was caused by a workflow: none runs for it, so that none wakes itself or another in circles."""
    return actor_kind == "system" and actor_name.startswith(_ACTOR)


@dataclass(frozen=True)
class Words:
    """What may stand in the texts of actions: ``{title}``, ``{severity}``, ``{number}``, ``{link}``."""

    title: str
    severity: str
    number: int
    link: str

    def into(self, text: str) -> str:
        """``text`` with what stands in braces filled in; braces of anything else stay as they are."""
        known = {"title": self.title, "severity": self.severity, "number": str(self.number), "link": self.link}
        return re.sub(r"\{(\w+)\}", lambda found: known.get(found[1], found[0]), text)


def ended_well(results: Iterable[Mapping[str, Any]]) -> bool:
    """Whether everything was done."""
    return all(each.get("ok") for each in results)
