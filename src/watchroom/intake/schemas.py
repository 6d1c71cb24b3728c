"""How alerts, integrations and routes are shown by the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from ninja import Schema
from pydantic import Field

from ..kernel import clock
from ..kernel.times import Instant
from ..paging.schemas.escalations import EscalationOut
from .models import Alert, AlertGroup, Integration, Route, Signal, TimeInterval
from .queries import shown_settings
from .rules.intervals import in_words, interval


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


class ReasonOut(Schema):
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
    reasons: list[ReasonOut]


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


class IntegrationBody(Schema):
    """An integration as it is written."""

    team: str
    name: str
    source: str = "alertmanager"
    service: str | None = None
    drill: bool = False
    rate_per_minute: int | None = None
    settings: dict[str, Any] | None = None


class SetupOut(Schema):
    """How a sender is pointed at an integration. ``YOUR-KEY`` stands for the key, which is shown only when it is made."""

    address: str
    text: str = Field(description="Markdown.")


class IntegrationOut(IntegrationBody):
    """An integration as it is read. ``key`` is there only in the answer to its creation or to a new key."""

    slug: str
    paused: bool
    last_signal_at: datetime | None
    mapping_rests: bool = Field(
        description="Its mapping took too long on several payloads in a row: what comes is kept, and read when it works."
    )
    mapping_tried_at: datetime | None = Field(description="When a mapping that rests is tried again.")
    key: str | None = None

    @classmethod
    def of(cls, row: Integration, key: str | None = None) -> IntegrationOut:
        return cls(
            slug=row.slug,
            team=row.team.slug,
            name=row.name,
            source=row.source,
            service=row.service.slug if row.service else None,
            drill=row.drill,
            rate_per_minute=row.rate_per_minute,
            settings=shown_settings(row),
            paused=row.paused,
            last_signal_at=row.last_signal_at,
            mapping_rests=row.mapping_rests,
            mapping_tried_at=row.rests_until if row.mapping_rests else None,
            key=key,
        )


class SignalOut(Schema):
    """One inbound message; its body only for those who manage the integration."""

    id: int
    received_at: datetime
    path: str
    state: str
    problems: list[dict[str, str]]
    body: str | None

    @classmethod
    def of(cls, row: Signal, with_body: bool) -> SignalOut:
        body = bytes(row.body).decode(errors="replace") if with_body else None
        return cls(
            id=row.pk, received_at=row.received_at, path=row.path, state=row.state, problems=row.problems, body=body
        )


class SeverityRuleBody(Schema):
    """An alert that this matcher accepts is of this severity; the first that accepts it counts."""

    severity: str
    matcher: str


class DeclaresBody(Schema):
    """When an incident is declared for an alert group by itself, and which."""

    at_least: Literal["", "critical", "error", "warning", "info"] = Field(
        "", description="How bad the group must be; empty: however bad."
    )
    after_minutes: int = Field(
        0, description="Only when nobody has it after so many minutes; 0: when it begins to page."
    )
    severity: int = Field(0, description="Of the incident, 1 to 5; 0: as the alerts say.")
    type: str = Field("", description="The slug of the incident's type.")
    private: bool = False
    triage: bool = Field(False, description="It waits until a responder confirms it.")
    each: bool = Field(
        False,
        description="Each group gets its own. Else one that comes while an incident of the same route and service is open "
        "is linked to that.",
    )


class RouteBody(Schema):
    """A route as it is written. Empty means: as the parent says."""

    name: str
    parent: int | None = None
    position: int = 0
    team: str | None = None
    matchers: list[str]
    goes_on: bool = False
    group_by: list[str] | None = None
    group_wait_seconds: int | None = None
    group_interval_seconds: int | None = Field(None, description="Between two messages about what has joined a group.")
    repeat_interval_seconds: int | None = Field(None, description="0: what still fires is not brought up again.")
    service: str | None = None
    service_label: str = Field("", description="The label whose value is the slug of the service.")
    policy: str | None = None
    urgency: str = ""
    severities: list[SeverityRuleBody] | None = None
    mute_intervals: list[str] = Field([], description="Names of time intervals during which it pages nobody.")
    active_intervals: list[str] = Field([], description="Names of time intervals outside which it pages nobody.")
    low_urgency_intervals: list[str] | None = Field(
        None, description="Names of time intervals for which groups of low urgency wait."
    )
    declares: DeclaresBody | Literal[False] | None = Field(
        None,
        description="The incident that is declared for an alert group by itself; false: none, null: as the parent says.",
    )


class RouteOut(RouteBody):
    """A route as it is read."""

    id: int

    @classmethod
    def of(cls, row: Route) -> RouteOut:
        return cls(
            id=row.pk,
            name=row.name,
            parent=row.parent_id,
            position=row.position,
            team=row.team.slug if row.team else None,
            matchers=row.matchers,
            goes_on=row.goes_on,
            group_by=row.group_by,
            group_wait_seconds=row.group_wait_seconds,
            group_interval_seconds=row.group_interval_seconds,
            repeat_interval_seconds=row.repeat_interval_seconds,
            service=row.service.slug if row.service else None,
            service_label=row.service_label,
            policy=row.policy.slug if row.policy else None,
            urgency=row.urgency,
            severities=row.severities,
            mute_intervals=row.mute_intervals,
            active_intervals=row.active_intervals,
            low_urgency_intervals=row.low_urgency_intervals,
            declares=row.declares,
        )


class LabelsBody(Schema):
    """Labels to try on the routes."""

    labels: dict[str, str]


class OutcomeOut(Schema):
    """Where an alert with these labels goes. Service and policy are null where the integration or service decides, the
    severity empty where its sender does."""

    path: list[str]
    group_by: list[str]
    group_labels: dict[str, str]
    group_wait_seconds: int
    group_interval_seconds: int
    repeat_interval_seconds: int
    service: str | None
    policy: str | None
    severity: str
    urgency: str
    muted: str = Field(description="Why it would page nobody now because of the route's time intervals.")
    waits: str = Field(description="Why it would wait now, because it is of low urgency.")
    declares: str = Field(description="Which incident is declared for its group, and when; empty: none.")
    pages: list[str] = Field(description="What the first steps of the policy would do now.")


class TestOut(Schema):
    """A matcher, the value that it saw, and whether it accepted that."""

    matcher: str
    value: str
    accepted: bool


class VisitOut(Schema):
    """A node of the tree as the labels came by."""

    route: int = Field(description="0: what takes everything else.")
    name: str
    depth: int
    verdict: str = Field(description="takes, passes (to a route below it), refuses or unasked.")
    why: str
    tests: list[TestOut]


class WayOut(Schema):
    """The way of labels through the tree, and where it ends."""

    outcomes: list[OutcomeOut]
    visits: list[VisitOut]


class DrillOut(WayOut):
    """A drill that was sent, and the way that it takes."""

    signal: int
    integration: str


class IntervalBody(Schema):
    """A time interval as it is written."""

    name: str
    intervals: list[dict[str, Any]] = Field(
        description="As in Alertmanager's configuration: times, weekdays, days_of_month, months, years, location."
    )
    team: str | None = None


class IntervalOut(IntervalBody):
    """A time interval as it is read."""

    id: int
    text: str = Field(description="In words.")
    now: bool = Field(description="Whether it holds at this moment.")

    @classmethod
    def of(cls, row: TimeInterval) -> IntervalOut:
        read = interval(row.name, row.intervals)
        return cls(
            id=row.pk,
            name=row.name,
            intervals=row.intervals,
            team=row.team.slug if row.team else None,
            text=in_words(read),
            now=read.holds(clock.now()),
        )
