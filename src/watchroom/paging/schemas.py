"""How paging is shown by the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Field, Schema

from .commands import plan_of
from .conditions import WORKDAYS
from .models import Approval, ContactMethod, Escalation, EscalationPolicy, Notification, PagingDefect
from .rules import Target


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
    conditions: ConditionsBody = ConditionsBody()
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


class ApprovalOut(Schema):
    """A mitigation or a runbook that a step has proposed: open, approved, declined or withdrawn."""

    id: int
    escalation: int
    mitigation: str
    runbook: str
    runbook_step: str
    title: str
    text: str
    state: str
    proposed_at: datetime
    decided_at: datetime | None
    decided_by: int | None
    outcome: str

    @classmethod
    def of(cls, row: Approval) -> ApprovalOut:
        return cls(
            id=row.pk,
            escalation=row.escalation_id,
            mitigation=row.mitigation,
            runbook=row.runbook,
            runbook_step=row.runbook_step,
            title=row.title,
            text=row.text,
            state=row.state,
            proposed_at=row.proposed_at,
            decided_at=row.decided_at,
            decided_by=row.decided_by_id,
            outcome=row.outcome,
        )


class DefectOut(Schema):
    """What kept a page from reaching anybody (``nobody``, ``ran_out``, ``impaired``), or will (``ahead``)."""

    id: int
    kind: str
    text: str
    fix: str
    path: str
    team: str | None
    policy: str | None
    count: int
    first_at: datetime
    last_at: datetime
    starts_at: datetime | None
    resolved_at: datetime | None
    resolved_by: int | None
    note: str

    @classmethod
    def of(cls, row: PagingDefect) -> DefectOut:
        return cls(
            id=row.pk,
            kind=row.kind,
            text=row.text,
            fix=row.fix,
            path=row.path,
            team=row.team.slug if row.team else None,
            policy=row.policy.slug if row.policy else None,
            count=row.count,
            first_at=row.first_at,
            last_at=row.last_at,
            starts_at=row.starts_at,
            resolved_at=row.resolved_at,
            resolved_by=row.resolved_by_id,
            note=row.note,
        )


class NoteBody(Schema):
    """Why."""

    note: str = ""


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


class ContactMethodBody(Schema):
    """A way to reach oneself; ``settings`` are what its channel asks for."""

    channel: str
    label: str = ""
    settings: dict[str, Any] = {}


class LimitBody(Schema):
    """At most ``limit_count`` messages in ``limit_seconds``; the first word about a problem never waits for it.
    ``collect_seconds``: in a storm, how long a further problem may wait so that several come as one; 0: not at all."""

    limit_count: int | None = None
    limit_seconds: int | None = None
    collect_seconds: int = 0


class PushKeyOut(Schema):
    """What a browser gives its push service to subscribe."""

    key: str


class QuietHoursBody(Schema):
    """Times such as 22:00 and 07:00, or nulls."""

    starts: str | None = None
    ends: str | None = None


class ReasonOut(Schema):
    """One thing that explains why a phone rang or did not. ``kind``: setup, hours, message, not_asked."""

    kind: str
    text: str
    fix: str
    at: datetime | None
    path: str


class ContactMethodOut(Schema):
    """A way to reach somebody, without its secrets."""

    id: int
    channel: str
    label: str
    description: str
    enabled: bool
    trouble: str
    taken_back: str
    verified_at: datetime | None
    limit_count: int | None
    limit_seconds: int | None
    collect_seconds: int

    @classmethod
    def of(cls, row: ContactMethod) -> ContactMethodOut:
        return cls(
            id=row.pk,
            channel=row.channel,
            label=row.label,
            description=row.description,
            enabled=row.enabled,
            trouble=row.trouble,
            taken_back=row.taken_back,
            verified_at=row.verified_at,
            limit_count=row.limit_count,
            limit_seconds=row.limit_seconds,
            collect_seconds=row.collect_seconds,
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


class PlannedWay(Schema):
    """Every way of a channel; where somebody has several of it, perhaps only the one with this label."""

    channel: str = Field(max_length=32)
    label: str = Field("", max_length=100)
    wait_seconds: int = 0


class NotificationPlanBody(Schema):
    """In what order somebody is to be reached, by kinds of ways, also those that they have not added yet."""

    high: list[PlannedWay] = Field([], max_length=50)
    low: list[PlannedWay] = Field([], max_length=50)


class NotificationPlanOut(NotificationPlanBody):
    """The same, with what they have not added yet."""

    missing: list[PlannedWay]


class PageBody(Schema):
    """A direct page. ``people`` are e-mail addresses or ids, ``teams`` slugs: everybody there who may respond; or ``policy``, the
    slug of an escalation policy, which is carried out as it stands."""

    people: list[str | int] = []
    teams: list[str] = []
    policy: str = ""
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
    person_name: str
    channel: str | None
    method: str
    purpose: str
    urgency: str
    subject: str
    state: str
    created_at: datetime
    due_at: datetime | None
    ended_at: datetime | None
    seen_at: datetime | None
    note: str
    bundle: int | None
    escalation: int | None
    possible_duplicate: bool
    attempts: list[AttemptOut]

    @classmethod
    def of(cls, row: Notification) -> NotificationOut:
        return cls(
            id=row.pk,
            person=row.person_id,
            person_name=str(row.person),
            channel=row.contact_method.channel if row.contact_method else None,
            method=row.method_text,
            purpose=row.purpose,
            urgency=row.urgency,
            subject=row.subject,
            state=row.state,
            created_at=row.created_at,
            due_at=row.due_at,
            ended_at=row.ended_at,
            seen_at=row.seen_at,
            note=row.note,
            bundle=row.bundle_id,
            escalation=row.escalation_id,
            possible_duplicate=row.possible_duplicate,
            attempts=[AttemptOut.from_orm(attempt) for attempt in row.attempts.all()],
        )
