"""What a configuration file may say. Things name each other by slug, people by e-mail address, routes by name.

A field that is left out keeps its value where the thing exists, and takes the default shown here where it does not.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from ..kernel.errors import Refused
from ..kernel.plugins import all_of
from ..sources import mapping
from ..workflows.rules import Conditions as Met
from . import parts
from .parts import MatcherText


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Member(_Part):
    """A person's place in a team."""

    email: str
    role: Literal["viewer", "responder", "manager"] = "responder"


ClockTime = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class Quiet(_Part):
    """When what can wait waits, by the person's own clock; in quotes: "22:00"."""

    starts: ClockTime
    ends: ClockTime


class Way(_Part):
    """Every way of a channel; where somebody has several of it, perhaps only the one with this label."""

    channel: str = Field(description="Such as push, sms, voice, email or ntfy; see `watchroom contact channels`.")
    label: str = ""
    wait_seconds: int = Field(0, ge=0, le=3600)


class NotificationRules(_Part):
    """In what order somebody is reached, for what is urgent and for what can wait. Empty: at once by everything."""

    high: list[Way] = Field([], description="One must have no wait.")
    low: list[Way] = []

    @field_validator("high", "low")
    @classmethod
    def _in_order(cls, ways: list[Way]) -> list[Way]:
        """In the order in which they are kept, so that the same file changes nothing the second time."""
        found = {(way.wait_seconds, way.channel, way.label): way for way in ways}
        return [found[key] for key in sorted(found)]


class Person(_Part):
    """Somebody who signs in or is paged. Numbers, addresses and whether they are confirmed are their own, and never in a file."""

    email: str
    name: str
    role: Literal["viewer", "responder", "manager", "administrator"] = "viewer"
    timezone: str = "UTC"
    quiet_hours: Quiet | None = Field(None, description="Null: none.")
    notification_rules: NotificationRules | None = Field(
        None,
        description="Ways that they have not added yet are used once they do. Null: as they set it themselves.",
    )


class Limits(_Part):
    """What a team bears of on-call; 0: no limit. Whoever crosses one is told, and the team's managers."""

    pages_per_shift: int = Field(2, ge=0, le=1000, description="Within twelve hours.")
    nights_per_week: int = Field(2, ge=0, le=7, description="With a page, within seven.")
    hours_per_month: int = Field(336, ge=0, le=672, description="On call within 28 days.")
    weeks_in_a_row: int = Field(1, ge=0, le=52, description="On call without a break.")
    share_percent: int = Field(60, ge=0, le=100, description="Of the team's pages in 28 days.")


class PayPart(_Part):
    """By which rules on-call is paid, all as text: rates for an hour on call of each kind, for a page, and hours off."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    unit: str = "hours"
    work: str = "0"
    weekday: str = "0"
    night: str = "0"
    weekend: str = "0"
    holiday: str = "0"
    page_out_of_hours: str = "0"
    page_at_night: str = "0"
    off_per_night: str = "0"
    off_per_weekend_day: str = "0"
    off_per_holiday: str = "0"
    night_from: str = "22:00"
    night_to: str = "06:00"
    work_from: str = "09:00"
    work_to: str = "18:00"


class Team(_Part):
    """Owns services, schedules, policies and integrations."""

    slug: str
    name: str
    description: str = ""
    members: list[Member] = []
    limits: Limits | None = Field(None, description="Null: the defaults only warn on the page, and nobody is told.")
    weekly_list: bool = Field(False, description="Whether its managers get the alerts to fix on Mondays.")
    pay: PayPart | None = Field(None, description="Null: hours are counted, and nothing is paid.")


class Rotation(_Part):
    """People taking turns; each turn is one or more e-mail addresses."""

    name: str
    precedence: int = 0
    unit: Literal["hours", "days", "weeks", "months"] = "weeks"
    length: int = 1
    starts_at: str = Field(description="The first hand-off in the schedule's local time: 2026-03-02T09:00")
    restrictions: list[dict[str, str]] = []
    members: list[list[str]]
    shadows: list[list[str]] = Field([], description="Turn by turn, who learns beside them: shown, never paged.")


class Temporary(_Part):
    """What replaces a schedule's rotations for a while: another schedule, or people who take turns. One whose end has passed is
    left alone."""

    name: str
    starts_at: parts.Time
    ends_at: parts.Time
    other: str | None = Field(None, description="Slug of the schedule that stands in.")
    unit: Literal["hours", "days", "weeks", "months"] = "weeks"
    length: int = 1
    restrictions: list[dict[str, str]] = []
    members: list[list[str]] = []


class Schedule(_Part):
    """Who is on call when."""

    slug: str
    name: str
    team: str
    timezone: str = "UTC"
    description: str = ""
    remind_hours: int = Field(12, ge=0, le=168, description="Before a shift, for whoever comes; 0: no reminder.")
    rotations: list[Rotation] = []
    temporary: list[Temporary] = []


class Target(_Part):
    """Exactly one of: a person's e-mail address, a schedule's slug (with ``who``: current, next or all), a team's slug,
    a role of the incident, a webhook's address, the severity of an incident to declare (0: as the alerts say), the slug
    of a mitigation to propose, or a chat workspace's slug (with ``room``, such as #alerts)."""

    person: str | None = None
    schedule: str | None = None
    who: Literal["current", "next", "all"] | None = None
    team: str | None = None
    webhook: str | None = None
    incident: int | None = Field(None, ge=0, le=5)
    role: str | None = None
    mitigation: str | None = None
    chat: str | None = None
    room: str | None = None


class Hours(_Part):
    """Hours of some days; with ``outside`` all the others."""

    zone: str = "UTC"
    start: str
    end: str
    days: list[str] = ["monday", "tuesday", "wednesday", "thursday", "friday"]
    outside: bool = False


class Conditions(_Part):
    """A step is taken when all that is set here holds."""

    urgency: Literal["", "high", "low"] = ""
    severities: list[str] = []
    hours: Hours | None = None
    labels: dict[str, str] = {}
    alerts: int = 0
    minutes: int = 0


class Step(_Part):
    """Page these, then wait; with ``pause`` only wait."""

    wait_seconds: int = 300
    urgency: Literal["", "high", "low"] = ""
    round_robin: bool = False
    conditions: Conditions = Conditions()
    pause: bool = False
    targets: list[Target] = []


class Policy(_Part):
    """Whom to page, in what order. ``answers``: how many people have to acknowledge until paging stops."""

    slug: str
    name: str
    team: str
    description: str = ""
    repeats: int = 2
    answers: int = Field(1, ge=1, le=20)
    steps: list[Step]


class Link(_Part):
    """Where something about a service is."""

    kind: Literal["runbook", "dashboard", "logs", "traces", "repository", "docs", "other"] = "other"
    label: str
    url: str


class Service(_Part):
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


class Integration(_Part):
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
        description="What its kind of sender can be told, such as a mapping, without secrets; what is left out keeps its value.",
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


class SeverityRule(_Part):
    """An alert that this matcher accepts is of this severity."""

    severity: Literal["critical", "error", "warning", "info"]
    matcher: MatcherText


class Route(_Part):
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


class Mitigation(_Part):
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


class Component(_Part):
    """A part of what customers use."""

    name: str
    service: str | None = None
    description: str = ""
    group: str = ""
    automatic: Literal["off", "proposed", "direct"] = "off"
    only_if_degraded: bool = False


class StatusPage(_Part):
    """A page that strangers read. Its password, its logo and the keys of its copies are never in a file."""

    slug: str
    name: str
    team: str
    description: str = ""
    public: bool = True
    networks: list[str] = []
    domain: str = ""
    language: Literal["en", "de", "fr", "es"] = "en"
    timezone: str = "UTC"
    colour: str = "#1f5fbf"
    colour_dark: str = "#8ab4f8"
    support_url: str = ""
    components: list[Component] = []


class StakeholderList(_Part):
    """People and channels that hear every update. Its addresses are never in a file: some are secrets."""

    slug: str
    name: str
    team: str
    audience: Literal["internal", "customers", "executives"] = "internal"
    least_severity: int = Field(3, ge=1, le=5)
    every_team: bool = False


class UpdateTemplate(_Part):
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


class IncidentField(_Part):
    """One question of an incident type."""

    key: str
    label: str
    kind: Literal["text", "number", "choice", "date", "person", "link"] = "text"
    options: list[str] = []
    required: Literal["never", "declared", "resolved"] = "never"
    shown: bool = True
    filtered: bool = False
    help: str = ""


class IncidentType(_Part):
    """A kind of incident with its own fields."""

    slug: str
    name: str
    team: str
    description: str = ""
    private: bool = False
    offered: bool = True
    fields: list[IncidentField] = []


class IncidentState(_Part):
    """A state of one's own in the life of incidents, within a fixed phase; of all teams, or of one."""

    slug: str
    name: str
    phase: Literal["active", "mitigated", "resolved", "closed"]
    team: str | None = None
    order: int = Field(0, ge=0, le=999)
    description: str = ""
    types: list[str] = []
    retired: bool = False


class Severity(_Part):
    """What a severity means here. What is left out stays as Watchroom came, or as it was."""

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


class RoleRotation(_Part):
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


class TriageRule(_Part):
    """What waits until a responder has confirmed it: what escalation policies, strangers or e-mails declare."""

    of: Literal["rules", "strangers", "mail"]


class FollowRule(_Part):
    """Who follows which incidents by itself: a person (an e-mail address), or everybody in a team (``group``)."""

    slug: str
    person: str | None = None
    group: str | None = None
    least_severity: int = Field(2, ge=1, le=5)
    team: str | None = None
    service: str | None = None
    type: str | None = None


def _not_secret(name: str) -> str:
    """:raises ValueError: a connector keeps this setting secret; a file is no place for it."""
    connectors = all_of("watchroom.connectors").values()
    if any(each.secret and each.name == name for connector in connectors for each in connector.fields):
        raise ValueError("a secret does not belong into a file; set it with `watchroom connection secret`")
    return name


class Connection(_Part):
    """A server that is asked for evidence. Its secrets are never in a file."""

    slug: str
    name: str
    team: str
    kind: str
    settings: dict[Annotated[str, AfterValidator(_not_secret)], str]


class Runner(_Part):
    """What carries mitigations out. Its secrets are never in a file: set them with `watchroom runner secret`."""

    slug: str
    name: str
    team: str
    kind: str
    settings: dict[str, str] = {}

    @model_validator(mode="after")
    def _without_secrets(self) -> Runner:
        plugin = all_of("watchroom.runners").get(self.kind)
        secret = {each.name for each in plugin.fields if each.secret} if plugin else set()
        if found := sorted(secret & set(self.settings)):
            raise ValueError(f"{', '.join(found)} does not belong into a file; use `watchroom runner secret`")
        return self


class Workspace(_Part):
    """A chat in which people are reached. Its secrets are never in a file. ``team`` null: everybody's."""

    slug: str
    name: str
    team: str | None = None
    kind: str
    settings: dict[str, str] = {}

    @model_validator(mode="after")
    def _without_secrets(self) -> Workspace:
        product = all_of("watchroom.workspaces").get(self.kind)
        secret = {each.name for each in product.fields if each.secret} if product else set()
        if found := sorted(secret & self.settings.keys()):
            raise ValueError(f"{found[0]} is secret; set it with `watchroom workspace secret {self.slug} {found[0]}`")
        return self


class Bridge(_Part):
    """What opens calls. Its secrets are never in a file: set them with `watchroom bridge secret`. ``team`` null: everybody's."""

    slug: str
    name: str
    team: str | None = None
    kind: str
    settings: dict[str, str] = {}

    @model_validator(mode="after")
    def _without_secrets(self) -> Bridge:
        plugin = all_of("watchroom.bridges").get(self.kind)
        secret = {each.name for each in plugin.fields if each.secret} if plugin else set()
        if found := sorted(secret & self.settings.keys()):
            raise ValueError(f"{found[0]} is secret; set it with `watchroom bridge secret {self.slug} {found[0]}`")
        return self


class VenuePlan(_Part):
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


class Workflow(_Part):
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


class Webhook(_Part):
    """A program that is told of events. Its secret is never in a file: a new one's is printed once."""

    slug: str
    name: str
    team: str | None = Field(None, description="Null: it hears of everybody's events.")
    url: str
    events: list[str] = Field(description="Names, beginnings such as incident.*, or * for everything.")
    private: bool = False
    drills: bool = False
    enabled: bool = True

    @field_validator("events")
    @classmethod
    def _in_order(cls, events: list[str]) -> list[str]:
        return sorted({each.strip() for each in events})


class Indicator(_Part):
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


class Guidance(_Part):
    """A rule that watches live incidents, where it is not as it comes. Pruned, it is as it comes again."""

    rule: str
    enabled: bool = True
    after_minutes: dict[Annotated[int, Field(ge=1, le=5)], Annotated[int, Field(ge=0, le=10_080)]] | None = Field(
        None, description="Severity to minutes; a severity that is left out is not watched; null: as it comes."
    )


class Document(_Part):
    """The whole configuration, or a part of it."""

    version: Literal[1] = 1
    people: list[Person] = []
    teams: list[Team] = []
    schedules: list[Schedule] = []
    workspaces: list[Workspace] = []
    webhooks: list[Webhook] = []
    bridges: list[Bridge] = []
    policies: list[Policy] = []
    services: list[Service] = []
    integrations: list[Integration] = []
    time_intervals: list[parts.TimeIntervalPart] = []
    routes: list[Route] = []
    inhibit_rules: list[parts.InhibitRulePart] = []
    silences: list[parts.SilencePart] = []
    maintenance_windows: list[parts.MaintenancePart] = []
    heartbeats: list[parts.HeartbeatPart] = []
    checks: list[parts.CheckPart] = []
    connections: list[Connection] = []
    indicators: list[Indicator] = []
    runners: list[Runner] = []
    mitigations: list[Mitigation] = []
    status_pages: list[StatusPage] = []
    stakeholder_lists: list[StakeholderList] = []
    update_templates: list[UpdateTemplate] = []
    incident_types: list[IncidentType] = []
    incident_states: list[IncidentState] = []
    venue_plans: list[VenuePlan] = []
    workflows: list[Workflow] = []
    severities: list[Severity] = []
    guidance: list[Guidance] = []
    role_rotations: list[RoleRotation] = []
    triage: list[TriageRule] = []
    follow_rules: list[FollowRule] = []


# In the order in which things can be made: each names only what stands before it (services' needs are set at the end).
KEYS = {
    "people": "email",
    "teams": "slug",
    "schedules": "slug",
    "workspaces": "slug",
    "webhooks": "slug",
    "bridges": "slug",
    "policies": "slug",
    "services": "slug",
    "integrations": "slug",
    "time_intervals": "name",
    "routes": "name",
    "inhibit_rules": "name",
    "silences": "id",
    "maintenance_windows": "key",
    "heartbeats": "slug",
    "checks": "slug",
    "connections": "slug",
    "indicators": "key",
    "runners": "slug",
    "mitigations": "slug",
    "status_pages": "slug",
    "stakeholder_lists": "slug",
    "update_templates": "slug",
    "incident_types": "slug",
    "incident_states": "slug",
    "venue_plans": "slug",
    "workflows": "slug",
    "severities": "key",
    "guidance": "rule",
    "role_rotations": "slug",
    "triage": "of",
    "follow_rules": "slug",
}
State = dict[str, dict[str, dict[str, Any]]]  # kind → key → fields


def state_of(document: Document) -> State:
    """A document by kind and key, each thing with the fields that were said."""
    found: State = {}
    for kind, key in KEYS.items():
        if kind in document.model_fields_set:
            found[kind] = {getattr(each, key): _said(each) for each in getattr(document, kind)}
    return found


def _said(part: BaseModel) -> dict[str, Any]:
    """The fields of one thing that were said, its parts whole: a rotation without a unit means the default one."""
    return {name: part.model_dump()[name] for name in part.model_fields_set}


def defaults(kind: str) -> dict[str, Any]:
    """The fields that a new thing of this kind takes where nothing is said."""
    model = Document.model_fields[kind].annotation.__args__[0]  # type: ignore[union-attr]
    return {name: field.get_default() for name, field in model.model_fields.items() if not field.is_required()}
