"""What policies, and pages sent by hand, do and did, in the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Schema

from ..models import Approval, Escalation, PagingDefect


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


class AnswerNoteBody(Schema):
    """Why."""

    note: str = ""


class PageBody(Schema):
    """A direct page. ``people`` are e-mail addresses or ids, ``teams`` slugs: everybody there who may respond; or ``policy``, the
    slug of an escalation policy, which is carried out as it stands."""

    people: list[str | int] = []
    teams: list[str] = []
    policy: str = ""
    title: str
    body: str = ""
    urgent: bool = True
