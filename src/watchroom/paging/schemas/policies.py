"""Escalation policies in the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Field, Schema

from ..commands import plan_of
from ..conditions import WORKDAYS
from ..models import EscalationPolicy
from ..rules import Target


class StepTargetOut(Schema):
    """What a step does: exactly one of ``person``, ``schedule``, ``team``, ``role`` (whoever has it in the incident, such
    as commander), ``webhook`` (an address), ``incident`` (the severity to declare it with, 1 to 5; 0: as the alerts say),
    ``mitigation`` or ``runbook`` (the slug of one that is proposed and started when somebody approves it; with
    ``runbook_step``, the key of a step, the mitigation of that step is started with it) and ``chat`` (a workspace, with its
    ``room``, such as #alerts). ``who``, of a schedule: current, next or all."""

    person: int | None = None
    schedule: int | None = None
    who: str | None = None
    team: int | None = None
    webhook: str | None = None
    incident: int | None = None
    role: str | None = None
    mitigation: str | None = None
    runbook: str | None = None
    runbook_step: str | None = None
    chat: int | None = None
    room: str | None = None

    @classmethod
    def of(cls, target: Target) -> StepTargetOut:
        if target.kind == "chat":
            return cls(chat=target.id, room=target.detail or None)
        if target.kind == "runbook":
            return cls(runbook=target.slug, runbook_step=target.step or None)
        if target.kind in ("webhook", "role", "mitigation"):
            named: dict[str, Any] = {target.kind: target.detail}
            return cls(**named)
        numbers: dict[str, Any] = {target.kind: target.id}
        return cls(**numbers, who=target.detail or None)


class HoursBody(Schema):
    """Hours of some days; with ``outside`` all the others."""

    zone: str = "UTC"
    start: str
    end: str
    days: list[str] = list(WORKDAYS)
    outside: bool = False


class ConditionsBody(Schema):
    """A step is taken when all that is set here holds. ``alerts`` in the last ``minutes``: at least that many."""

    urgency: str = ""
    severities: list[str] = []
    hours: HoursBody | None = None
    labels: dict[str, str] = {}
    alerts: int = 0
    minutes: int = 0


class StepBody(Schema):
    """One line of a policy. ``urgency`` (high, low) overrides that of what happened; with ``round_robin`` only the one
    whose turn it is gets paged; with ``pause`` it does nothing and only waits."""

    wait_seconds: int = 300
    urgency: str = ""
    round_robin: bool = False
    conditions: ConditionsBody = Field(default_factory=ConditionsBody)
    pause: bool = False
    targets: list[StepTargetOut] = []


class PolicyBody(Schema):
    """A policy as it is written. ``answers``: how many people have to acknowledge until paging stops."""

    team: str
    name: str
    description: str = ""
    repeats: int = 2
    answers: int = 1
    steps: list[StepBody]


class PolicyOut(PolicyBody):
    """A policy as it is read."""

    slug: str
    version: int

    @classmethod
    def of(cls, row: EscalationPolicy) -> PolicyOut:
        steps = [
            StepBody(
                wait_seconds=step.wait_seconds,
                urgency=step.urgency,
                round_robin=step.round_robin,
                conditions=ConditionsBody(**step.conditions.as_json()),
                pause=step.pause,
                targets=[StepTargetOut.of(target) for target in step.targets],
            )
            for step in plan_of(row).steps
        ]
        return cls(
            slug=row.slug,
            version=row.version,
            team=row.team.slug,
            name=row.name,
            description=row.description,
            repeats=row.repeats,
            answers=row.answers,
            steps=steps,
        )


class PolicyVersionOut(Schema):
    """A policy as it was with one version."""

    version: int
    saved_at: datetime
    saved_by: str
    running: int
    repeats: int
    answers: int
    steps: list[str]


class WarningOut(Schema):
    """A step (counted from 1) that will have nobody to page within four weeks, and from when."""

    step: int
    text: str
    fix: str
    starts_at: datetime
    nobody_at_all: bool


class WebhookKeyOut(Schema):
    """The secret with which a receiver checks the signature of what a policy's steps send."""

    key: str


class DryRunLine(Schema):
    """One line of what a policy would do."""

    at: datetime
    kind: str
    text: str
    people: list[int]
