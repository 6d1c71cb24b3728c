"""Routes in the API, and which way labels take through them."""

from __future__ import annotations

from typing import Literal

from ninja import Schema
from pydantic import Field

from ..models import Route


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


class RouteDrillOut(WayOut):
    """A drill that was sent, and the way that it takes."""

    signal: int
    integration: str
