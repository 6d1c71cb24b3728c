"""The delivery log in the API."""

from __future__ import annotations

from datetime import datetime

from ninja import Schema

from ..models import Notification


class QuietReasonOut(Schema):
    """One thing that explains why a phone rang or did not. ``kind``: setup, hours, message, not_asked."""

    kind: str
    text: str
    fix: str
    at: datetime | None
    path: str


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
