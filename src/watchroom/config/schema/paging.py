"""Whom to page, in what order."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from ._part import Part


class Target(Part):
    """Exactly one of: a person's e-mail address, a schedule's slug (with ``who``: current, next or all), a team's slug,
    a role of the incident, a webhook's address, the severity of an incident to declare (0: as the alerts say), the slug
    of a mitigation or a runbook to propose (with ``runbook_step``: the key of the step to begin), or a chat workspace's slug (with ``room``, such as #alerts)."""

    person: str | None = None
    schedule: str | None = None
    who: Literal["current", "next", "all"] | None = None
    team: str | None = None
    webhook: str | None = None
    incident: int | None = Field(None, ge=0, le=5)
    role: str | None = None
    mitigation: str | None = None
    runbook: str | None = None
    runbook_step: str | None = None
    chat: str | None = None
    room: str | None = None

    @field_validator("who")
    @classmethod
    def _as_kept(cls, who: str | None) -> str | None:
        """Whoever is on call is meant where nothing is said, so that the same file changes nothing the second time."""
        return None if who == "current" else who


class Hours(Part):
    """Hours of some days; with ``outside`` all the others."""

    zone: str = "UTC"
    start: str
    end: str
    days: list[str] = ["monday", "tuesday", "wednesday", "thursday", "friday"]
    outside: bool = False


class Conditions(Part):
    """A step is taken when all that is set here holds."""

    urgency: Literal["", "high", "low"] = ""
    severities: list[str] = []
    hours: Hours | None = None
    labels: dict[str, str] = {}
    alerts: int = 0
    minutes: int = 0


class Step(Part):
    """Page these, then wait; with ``pause`` only wait."""

    wait_seconds: int = 300
    urgency: Literal["", "high", "low"] = ""
    round_robin: bool = False
    conditions: Conditions = Conditions()
    pause: bool = False
    targets: list[Target] = []


class Policy(Part):
    """Whom to page, in what order. ``answers``: how many people have to acknowledge until paging stops."""

    slug: str
    name: str
    team: str
    description: str = ""
    repeats: int = 2
    answers: int = Field(1, ge=1, le=20)
    steps: list[Step]
