"""How incidents are responded to."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from ...drills.rules import expectations_of, injects_of
from ...readiness.rules.facts import Thresholds
from ...workflows.rules import Conditions as Met
from ..parts import Line, Text
from ._part import Part


class Mitigation(Part):
    """A way to stop the bleeding."""

    slug: str
    name: str
    team: str
    service: str | None = None
    kind: Literal["roll_back", "disable", "fail_over", "scale_up", "restart", "drain", "block", "other"] = "other"
    how: str
    check_text: str = ""
    undo: str = ""
    risk: Literal["low", "medium", "high"] = "low"
    indicator: str | None = Field(None, description="service/name of an indicator: looked at before and after.")
    runner: str | None = Field(None, description="What carries it out; without it, somebody does by hand.")
    inputs: dict[str, str] = {}
    timeout_seconds: int = Field(900, ge=10, le=86_400)
    needs_approval: bool = False
    managers_only: bool = False


class Indicator(Part):
    """What a service is judged by."""

    service: str
    name: str
    connection: str
    kind: Literal[
        "error_rate",
        "latency",
        "availability",
        "traffic",
        "saturation",
        "metric",
        "logs",
        "traces",
        "changes",
        "dashboards",
    ]
    expression: str
    unit: Literal["", "ratio", "percent", "seconds", "milliseconds", "bytes", "per_second", "bytes_per_second"] = ""
    threshold: float | None = None
    worse: Literal["above", "below"] = "above"
    position: int = Field(0, ge=0, le=32767)

    @property
    def key(self) -> str:
        return f"{self.service}/{self.name}"


class UpdateTemplate(Part):
    """The beginning of an update."""

    slug: str
    name: str
    team: str
    stage: Literal["investigating", "identified", "monitoring", "resolved"] = "investigating"
    severities: list[Annotated[int, Field(ge=1, le=5)]] = []
    audience: Literal["", "internal", "customers", "executives"] = ""
    happening: str = ""
    impact: str = ""
    doing: str = ""


class IncidentField(Part):
    """One question of an incident type."""

    key: str
    label: str
    kind: Literal["text", "number", "choice", "date", "person", "link"] = "text"
    options: list[str] = []
    required: Literal["never", "declared", "resolved"] = "never"
    shown: bool = True
    filtered: bool = False
    help: str = ""


class IncidentType(Part):
    """A kind of incident with its own fields."""

    slug: str
    name: str
    team: str
    description: str = ""
    private: bool = False
    offered: bool = True
    fields: list[IncidentField] = []


class IncidentState(Part):
    """A state of one's own in the life of incidents, within a fixed phase; of all teams, or of one."""

    slug: str
    name: Line
    phase: Literal["active", "mitigated", "resolved", "closed"]
    team: str | None = None
    order: int = Field(0, ge=0, le=999)
    description: Text = ""
    types: list[str] = []
    retired: bool = False

    @field_validator("types")
    @classmethod
    def _in_order(cls, types: list[str]) -> list[str]:
        return sorted(set(types))


class Severity(Part):
    """What a severity means here. A field whose line is taken out is as Watchroom came."""

    level: int = Field(ge=1, le=5)
    name: str | None = None
    definition: str | None = None
    update_minutes: int | None = Field(None, ge=1, le=43_200)
    roles: list[Literal["commander", "operations", "communications", "scribe", "expert"]] | None = None
    customers: bool | None = Field(None, description="Customers notice it.")
    urgent: bool | None = Field(None, description="People are woken for it.")

    @property
    def key(self) -> str:
        return f"SEV{self.level}"


class RoleRotation(Part):
    """Who is asked for a role by itself: whoever is on call in a schedule, or one person (an e-mail address); in
    incidents about a service, of a team, or (neither) in all."""

    slug: str
    role: Literal["commander", "operations", "communications", "scribe", "expert"]
    team: str | None = None
    service: str | None = None
    schedule: str | None = None
    person: str | None = None
    least_severity: int = Field(5, ge=1, le=5)
    answer_minutes: int = Field(5, ge=1, le=120)


class TriageRule(Part):
    """What waits until a responder has confirmed it: what escalation policies, strangers or e-mails declare."""

    of: Literal["rules", "strangers", "mail"]


class FollowRule(Part):
    """Who follows which incidents by itself: a person (an e-mail address), or everybody in a team (``group``)."""

    slug: str
    person: str | None = None
    group: str | None = None
    least_severity: int = Field(2, ge=1, le=5)
    team: str | None = None
    service: str | None = None
    type: str | None = None
    level: Literal["updates", "important", "everything"] = "updates"


class VenuePlan(Part):
    """Where people of an incident meet, and for which incidents a channel and a call are made by themselves."""

    slug: str
    name: str
    team: str | None = Field(None, description="Null: for everybody's incidents, where a team has no plan of its own.")
    workspace: str | None = Field(None, description="In which chat a channel is made.")
    bridge: str | None = Field(None, description="By which bridge a call is opened.")
    least_severity: int = Field(2, ge=0, le=5, description="From SEV1 up to this one; 0: when somebody asks.")
    types: list[str] = Field([], description="Slugs of incident types; empty: all.")
    private: bool = False
    drills: bool = False

    @field_validator("types")
    @classmethod
    def _in_order(cls, types: list[str]) -> list[str]:
        return sorted(set(types))


class Workflow(Part):
    """When one of the triggers happens in an incident and all conditions hold, the actions are done, in order."""

    slug: str
    name: str
    team: str | None = Field(None, description="Null: for everybody's incidents.")
    triggers: list[str] = Field(description="Events of incidents, such as incident.declared.")
    conditions: dict[str, Any] = Field(
        {}, description="severities, types, states, teams, services, labels, hours, private, drills."
    )
    actions: list[dict[str, Any]] = Field(description="Each with do, and what it takes: `watchroom workflow actions`.")
    enabled: bool = True

    @field_validator("triggers")
    @classmethod
    def _in_order(cls, triggers: list[str]) -> list[str]:
        return sorted({each.strip() for each in triggers})

    @field_validator("actions")
    @classmethod
    def _without_what_is_empty(cls, actions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{name: value for name, value in each.items() if value not in (None, "", [], False)} for each in actions]

    @field_validator("conditions")
    @classmethod
    def _as_kept(cls, conditions: dict[str, Any]) -> dict[str, Any]:
        try:
            return Met.of(conditions).as_json()
        except (KeyError, TypeError, AttributeError, OSError) as error:
            raise ValueError(f"the conditions make no sense: {error}") from None


class Scenario(Part):
    """A story to practise: what happens in it, and what a good response does."""

    slug: str
    name: Line
    team: str
    story: Text = ""
    services: list[str] = Field([], description="Slugs; {service} in labels and texts is the first by name.")
    severity: int = Field(2, ge=1, le=5)
    minutes: int = Field(45, ge=5, le=480)
    injects: list[dict[str, Any]] = Field([], description="Each with kind, minutes and what it takes: docs/drills.md.")
    expectations: list[dict[str, Any]] = Field([], description="Each with kind, and minutes, role or severity.")

    @field_validator("services")
    @classmethod
    def _once(cls, services: list[str]) -> list[str]:
        return sorted(set(services))

    @field_validator("injects")
    @classmethod
    def _injects(cls, injects: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [each.as_json() for each in injects_of(injects)]

    @field_validator("expectations")
    @classmethod
    def _expectations(cls, expected: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [each.as_json() for each in expectations_of(expected)]


class Guidance(Part):
    """A rule that watches live incidents, where it is not as it comes. Pruned, it is as it comes again."""

    rule: str
    enabled: bool = True
    after_minutes: dict[Annotated[int, Field(ge=1, le=5)], Annotated[int, Field(ge=0, le=10_080)]] | None = Field(
        None, description="Severity to minutes; a severity that is left out is not watched; null: as it comes."
    )


class ProcessWords(Part):
    """One's own words at a section of the process, Markdown."""

    before: Text = ""
    after: Text = ""


class Process(Part):
    """The process that everybody reads: one's own words before and after what is configured. Each change is a new
    version; pruned, nobody is asked to read it any more."""

    of: Literal["everybody"] = "everybody"
    sections: dict[
        Literal["declare", "severity", "roles", "told", "meet", "escalate", "respond", "updates", "after"], ProcessWords
    ] = {}
    big_change: Line | None = Field(
        None,
        max_length=300,
        description="What the last big change was. Another text than before asks everybody to read it again, and says why.",
    )

    @field_validator("sections")
    @classmethod
    def _without_what_is_empty(cls, sections: dict[str, ProcessWords]) -> dict[str, ProcessWords]:
        return {name: said for name, said in sections.items() if said.before or said.after}


class Readiness(Part):
    """From when on something counts as lacking, for every team; 0: it is not looked at. Pruned, as Watchroom comes."""

    of: Literal["everybody"] = "everybody"
    silent_days: int = Field(Thresholds.silent_days, ge=0, le=1000)
    tray_most: int = Field(Thresholds.tray_most, ge=0, le=10_000)
    waiting_days: int = Field(Thresholds.waiting_days, ge=0, le=1000)
    practised_days: int = Field(Thresholds.practised_days, ge=0, le=1000)
    postmortem_days: int = Field(Thresholds.postmortem_days, ge=0, le=1000)
    unread_days: int = Field(Thresholds.unread_days, ge=0, le=1000)
