"""Services, and what is sent about them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from ...kernel.errors import Refused
from ...sources import mapping
from ..parts import MatcherText
from ._part import Part


class Link(Part):
    """Where something about a service is."""

    kind: Literal["runbook", "dashboard", "logs", "traces", "repository", "docs", "other"] = "other"
    label: str
    url: str


class Service(Part):
    """Something that users or other services rely on."""

    slug: str
    name: str
    team: str
    description: str = ""
    tier: int = Field(2, ge=1, le=4)
    labels: dict[str, str] = {}
    links: list[Link] = []
    needs: list[str] = Field([], description="Slugs of the services that it does not work without.")
    policy: str | None = None


class Integration(Part):
    """A configured sender. Its key is never in a file; a new one's is printed once."""

    slug: str
    name: str
    team: str
    source: str = "alertmanager"
    service: str | None = None
    drill: bool = False
    rate_per_minute: int | None = Field(None, ge=0, description="Signals a minute; 0: no limit; null: as installed.")
    paused: bool = False
    settings: dict[str, Any] | None = Field(
        None,
        description="What its kind of sender can be told, such as a mapping, without secrets; a setting that is left out "
        "stays, and so do all of them when it is null.",
    )

    @field_validator("settings")
    @classmethod
    def _as_kept(cls, settings: dict[str, Any] | None) -> dict[str, Any] | None:
        """A mapping in the form in which it is kept, so that the same file changes nothing the second time."""
        if settings and "mapping" in settings:
            try:
                settings = {**settings, "mapping": mapping.checked(settings["mapping"])}
            except Refused as refused:
                raise ValueError(f"{refused.field}: {refused.fix}") from None
        return settings


class SeverityRule(Part):
    """An alert that this matcher accepts is of this severity."""

    severity: Literal["critical", "error", "warning", "info"]
    matcher: MatcherText


class Declares(Part):
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
        False, description="Each group gets its own, also while one of the same route and service is open."
    )


class Route(Part):
    """A node of the routing tree. What is null is inherited."""

    name: str
    parent: str | None = None
    position: int = 0
    team: str | None = None
    matchers: list[MatcherText]
    goes_on: bool = False
    group_by: list[str] | None = None
    group_wait_seconds: int | None = None
    group_interval_seconds: int | None = Field(None, description="Between two messages about what joins a group.")
    repeat_interval_seconds: int | None = Field(None, description="0: what still fires is not brought up again.")
    service: str | None = None
    service_label: str = Field("", description="The label whose value is the slug of the service.")
    policy: str | None = None
    urgency: Literal["", "high", "low"] = ""
    severities: list[SeverityRule] | None = None
    mute_intervals: list[str] = Field([], description="Names of time intervals during which it pages nobody.")
    active_intervals: list[str] = Field([], description="Names of time intervals outside which it pages nobody.")
    low_urgency_intervals: list[str] | None = Field(None, description="For which groups of low urgency wait.")
    declares: Declares | Literal[False] | None = Field(
        None,
        description="The incident that is declared for an alert group by itself; false: none, null: as the parent says.",
    )
