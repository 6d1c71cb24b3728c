"""Shift changes."""

from __future__ import annotations

from datetime import datetime

from ninja import Field, Schema

from ..models import Handoff
from .people import Who


class ReportLine(Schema):
    """One thing in a report; ``path`` is where it is seen."""

    text: str
    path: str
    at: datetime | None
    until: datetime | None
    detail: str


class ReportSection(Schema):
    """A part of a report: how many there are, and the first of them."""

    key: str
    title: str
    count: int
    pages: int | None = Field(None, description="Of what fired: how often somebody was paged.")
    lines: list[ReportLine]


class HandoffCheckOut(Schema):
    """What may keep pages from somebody who comes on call."""

    person: int
    text: str
    fix: str
    deaf: bool = Field(description="Nothing that is known would reach them.")


class HandoffOut(Schema):
    """A shift change. Its report is written when it happens; until then ``written_at`` is null, and it may still move."""

    id: int
    schedule: str
    at: datetime
    since: datetime | None
    outgoing: list[Who]
    incoming: list[Who]
    reminded_at: datetime | None
    written_at: datetime | None
    note: str
    note_by: Who | None
    note_at: datetime | None
    acknowledged_by: Who | None
    acknowledged_at: datetime | None
    checks: list[HandoffCheckOut]
    report: list[ReportSection]

    @classmethod
    def of(cls, row: Handoff) -> HandoffOut:
        """Of a hand-off."""
        return cls(
            id=row.pk,
            schedule=row.schedule.slug,
            at=row.at,
            since=row.since,
            outgoing=[Who.of(person) for person in row.outgoing.all()],
            incoming=[Who.of(person) for person in row.incoming.all()],
            reminded_at=row.reminded_at,
            written_at=row.written_at,
            note=row.note,
            note_by=Who.of(row.note_by) if row.note_by else None,
            note_at=row.note_at,
            acknowledged_by=Who.of(row.acknowledged_by) if row.acknowledged_by else None,
            acknowledged_at=row.acknowledged_at,
            checks=[HandoffCheckOut(**each) for each in row.checks],
            report=[ReportSection(**each) for each in row.report],
        )


class HandoffNoteIn(Schema):
    """What the next person should know."""

    note: str
