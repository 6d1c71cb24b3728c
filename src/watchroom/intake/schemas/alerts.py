"""Alerts and alert groups in the API, and why they paged."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Schema
from pydantic import Field

from ...kernel.times import Instant
from ...paging.schemas.escalations import EscalationOut
from ..models import Alert, AlertGroup


class AlertOut(Schema):
    """One deduplicated problem."""

    id: int
    group: int
    title: str
    state: str
    severity: str
    labels: dict[str, str]
    annotations: dict[str, str]
    link: str
    starts_at: datetime
    last_seen_at: datetime
    ended_at: datetime | None
    times: int
    held: dict[str, str | int | None] | None = Field(
        None, description="Why it pages nobody now, also where others of its group do: kind, id, name, until."
    )

    @classmethod
    def of(cls, row: Alert) -> AlertOut:
        return cls(
            id=row.pk,
            group=row.group_id,
            title=row.title,
            state=row.state,
            severity=row.severity,
            labels=row.labels,
            annotations=row.annotations,
            link=row.link,
            starts_at=row.starts_at,
            last_seen_at=row.last_seen_at,
            ended_at=row.ended_at,
            times=row.times,
            held=row.held if row.ended_at is None else None,
        )


class VerdictBody(Schema):
    """What an alert group was."""

    verdict: str = Field(description="acted, nothing (to do), duplicate (known already) or false (alarm).")


class WhyReasonOut(Schema):
    """One decision on the way to a page, or to none."""

    at: datetime
    step: str = Field(
        description="arrived, routed, grouped, policy, urgency, waits, held, released, paged or answered."
    )
    text: str
    link: str = Field(description="What decided, relative to Watchroom's address; empty where there is nothing to see.")
    future: bool


class MineOut(Schema):
    """Whether and by what one person was paged, or why not."""

    at: datetime
    text: str
    link: str = Field(description="What decided it, relative to Watchroom's address.")
    future: bool = Field(description="Still to come, unless somebody answers.")


class WhyOut(Schema):
    """Why somebody was paged, or nobody."""

    answer: str
    you: MineOut | None = Field(description="Why you were paged, or not; nothing for a token of no person.")
    reasons: list[WhyReasonOut]


class GroupOut(Schema):
    """Alerts that belong together."""

    id: int
    title: str
    state: str
    severity: str
    urgency: str
    service: str | None
    team: str | None
    group_labels: dict[str, str]
    rule: str
    verdict: str
    firing: int
    total: int
    drill: bool
    opened_at: datetime
    last_alert_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: int | None
    snoozed: bool
    returns_at: datetime | None = Field(None, description="When the acknowledgement or snooze ends by itself.")
    resolved_at: datetime | None
    told_at: datetime | None = Field(None, description="When somebody was last told what fires in it.")
    update_at: datetime | None = Field(None, description="When those engaged are told of what has joined it.")
    repeat_at: datetime | None = Field(None, description="When it is brought up again, if it still fires.")
    flapping_since: datetime | None = Field(None, description="Since when it begins and ends again and again.")
    held: dict[str, str | int] | None = Field(
        None, description="Why it pages nobody now: kind, id, name, until, since."
    )

    @classmethod
    def of(cls, row: AlertGroup, **more: Any) -> Any:
        return cls(
            id=row.pk,
            title=row.title,
            state=row.state,
            severity=row.severity,
            urgency=row.urgency,
            service=row.service.slug if row.service else None,
            team=row.team.slug if row.team else None,
            group_labels=row.group_labels,
            rule=row.rule,
            verdict=row.verdict,
            firing=row.firing,
            total=row.total,
            drill=row.drill,
            opened_at=row.opened_at,
            last_alert_at=row.last_alert_at,
            acknowledged_at=row.acknowledged_at,
            acknowledged_by=row.acknowledged_by_id,
            snoozed=row.snoozed,
            returns_at=row.returns_at,
            resolved_at=row.resolved_at,
            told_at=row.told_at,
            update_at=row.update_at,
            repeat_at=row.repeat_at,
            flapping_since=row.flapping_since,
            held=row.held,
            **more,
        )


class EventOut(Schema):
    """Something that happened to a group."""

    at: datetime
    kind: str
    text: str
    person_id: int | None


class CountedOut(Schema):
    """A label of which the alerts of a group have several values, and how many have which (the twenty most frequent)."""

    label: str
    distinct: int
    values: list[tuple[str, int]]


class GroupDetail(GroupOut):
    """A group with its alerts (the newest 200), history and escalation."""

    alerts: list[AlertOut]
    differing: list[CountedOut]
    folded: int = Field(0, description="Open groups of services behind it that page nobody while this one is open.")
    events: list[EventOut]
    escalation: EscalationOut | None


class NoteBody(Schema):
    """A note."""

    text: str


class AcknowledgeBody(Schema):
    """What one wants to say while acknowledging; may be empty. ``until``: it returns by itself then."""

    note: str = ""
    until: Instant | None = None


class SnoozeBody(Schema):
    """Until when to leave it alone."""

    until: Instant
    note: str = ""


class GivenBody(Schema):
    """To whom, by e-mail address or id."""

    person: str | int
    note: str = ""
