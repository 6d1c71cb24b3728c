"""How paging is shown by the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Schema

from .models import ContactMethod, Escalation, EscalationPolicy, Notification


class TraceLine(Schema):
    """One line of what happened or will happen."""

    at: datetime
    kind: str
    text: str
    future: bool
    state: str


class EscalationOut(Schema):
    """One policy being carried out."""

    id: int
    kind: str
    subject_id: int | None
    title: str
    urgency: str
    policy: str | None
    policy_version: int
    drill: bool
    started_at: datetime
    due_at: datetime | None
    ended_at: datetime | None
    end: str
    trace: list[TraceLine] = []

    @classmethod
    def of(cls, row: Escalation, trace: list[dict[str, Any]] | None = None) -> EscalationOut:
        return cls(
            id=row.pk,
            kind=row.kind,
            subject_id=row.subject_id,
            title=row.title,
            urgency=row.urgency,
            policy=row.policy.slug if row.policy else None,
            policy_version=row.policy_version,
            drill=row.drill,
            started_at=row.started_at,
            due_at=row.due_at,
            ended_at=row.ended_at,
            end=row.end,
            trace=[TraceLine(**line) for line in trace or []],
        )


class StepTargetOut(Schema):
    """Whom a step pages: exactly one of the three."""

    person: int | None = None
    schedule: int | None = None
    team: int | None = None


class StepBody(Schema):
    """One line of a policy."""

    wait_seconds: int = 300
    targets: list[StepTargetOut]


class PolicyBody(Schema):
    """A policy as it is written."""

    team: str
    name: str
    description: str = ""
    repeats: int = 2
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
                targets=[
                    StepTargetOut(person=t.person_id, schedule=t.schedule_id, team=t.team_id)
                    for t in step.targets.all()
                ],
            )
            for step in row.steps.all()
        ]
        return cls(
            slug=row.slug,
            version=row.version,
            team=row.team.slug,
            name=row.name,
            description=row.description,
            repeats=row.repeats,
            steps=steps,
        )


class DryRunLine(Schema):
    """One line of what a policy would do."""

    at: datetime
    kind: str
    text: str
    people: list[int]


class ContactMethodBody(Schema):
    """A way to reach oneself; ``settings`` are what its channel asks for."""

    channel: str
    label: str = ""
    settings: dict[str, Any] = {}


class ContactMethodOut(Schema):
    """A way to reach somebody, without its secrets."""

    id: int
    channel: str
    label: str
    description: str
    enabled: bool
    verified_at: datetime | None

    @classmethod
    def of(cls, row: ContactMethod) -> ContactMethodOut:
        return cls(
            id=row.pk,
            channel=row.channel,
            label=row.label,
            description=row.description,
            enabled=row.enabled,
            verified_at=row.verified_at,
        )


class CodeBody(Schema):
    """The code that came by a contact method."""

    code: str


class RuleBody(Schema):
    """Use this method, this long after the page."""

    contact_method: int
    wait_seconds: int = 0


class RulesBody(Schema):
    """The rules of both urgencies."""

    high: list[RuleBody] = []
    low: list[RuleBody] = []


class PageBody(Schema):
    """A direct page. ``people`` are e-mail addresses or ids."""

    people: list[str | int]
    title: str
    body: str = ""
    urgent: bool = True


class AttemptOut(Schema):
    """One try at delivering."""

    number: int
    started_at: datetime
    ended_at: datetime | None
    outcome: str
    provider_id: str
    error: str


class NotificationOut(Schema):
    """One message to one person by one method."""

    id: int
    person: int
    method: str
    purpose: str
    urgency: str
    subject: str
    state: str
    created_at: datetime
    due_at: datetime | None
    ended_at: datetime | None
    seen_at: datetime | None
    escalation: int | None
    attempts: list[AttemptOut]

    @classmethod
    def of(cls, row: Notification) -> NotificationOut:
        return cls(
            id=row.pk,
            person=row.person_id,
            method=row.method_text,
            purpose=row.purpose,
            urgency=row.urgency,
            subject=row.subject,
            state=row.state,
            created_at=row.created_at,
            due_at=row.due_at,
            ended_at=row.ended_at,
            seen_at=row.seen_at,
            escalation=row.escalation_id,
            attempts=[AttemptOut.from_orm(attempt) for attempt in row.attempts.all()],
        )
