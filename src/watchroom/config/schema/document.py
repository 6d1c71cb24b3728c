"""What a configuration file may say. Things name each other by slug, people by e-mail address, routes by name.

A field that is left out takes the default shown here where the thing is new, or where it is taken back (``saying.py``).
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from .. import parts
from ..difference import State
from ._part import Part
from .before import Practice, PutOff
from .incidents import (
    FollowRule,
    Guidance,
    IncidentState,
    IncidentType,
    Indicator,
    Mitigation,
    Process,
    Readiness,
    RoleRotation,
    Scenario,
    Severity,
    TriageRule,
    UpdateTemplate,
    VenuePlan,
    Workflow,
)
from .outside import Bridge, Connection, Runner, Webhook, Workspace
from .paging import Policy
from .people import GroupGrant, IdentityProvider, Person, Team
from .runbooks import Runbook
from .schedules import Schedule
from .services import Integration, Route, Service
from .status import PageMaintenance, StakeholderList, StatusPage


class Document(Part):
    """The whole configuration, or a part of it. A new thing takes the default of each field that is left out. Of a thing that is
    there, a field that is not said stays as it is; with prune, one that the same source has said goes back to its default."""

    version: Literal[1] = 1
    source: str = Field(
        "", max_length=100, description="Tells this file, or these, from others: whose lines they take back."
    )
    people: list[Person] = []
    teams: list[Team] = []
    identity_providers: list[IdentityProvider] = []
    group_grants: list[GroupGrant] = []
    workspaces: list[Workspace] = []
    schedules: list[Schedule] = []
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
    runbooks: list[Runbook] = []
    status_pages: list[StatusPage] = []
    page_maintenance: list[PageMaintenance] = []
    stakeholder_lists: list[StakeholderList] = []
    update_templates: list[UpdateTemplate] = []
    incident_types: list[IncidentType] = []
    incident_states: list[IncidentState] = []
    venue_plans: list[VenuePlan] = []
    workflows: list[Workflow] = []
    scenarios: list[Scenario] = []
    practice: list[Practice] = []
    severities: list[Severity] = []
    guidance: list[Guidance] = []
    role_rotations: list[RoleRotation] = []
    triage: list[TriageRule] = []
    follow_rules: list[FollowRule] = []
    process: list[Process] = Field([], max_length=1)
    readiness: list[Readiness] = Field([], max_length=1)
    put_offs: list[PutOff] = []


# In the order in which things can be made: each names only what stands before it (services' needs are set at the end).
KEYS = {
    "people": "email",
    "teams": "slug",
    "identity_providers": "slug",
    "group_grants": "key",
    "workspaces": "slug",
    "schedules": "slug",
    "webhooks": "slug",
    "bridges": "slug",
    "policies": "slug",
    "services": "slug",
    "integrations": "slug",
    "time_intervals": "name",
    "incident_types": "slug",
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
    "runbooks": "slug",
    "status_pages": "slug",
    "page_maintenance": "key",
    "stakeholder_lists": "slug",
    "update_templates": "slug",
    "incident_states": "slug",
    "venue_plans": "slug",
    "workflows": "slug",
    "scenarios": "slug",
    "practice": "team",
    "severities": "key",
    "guidance": "rule",
    "role_rotations": "slug",
    "triage": "of",
    "follow_rules": "slug",
    "process": "of",
    "readiness": "of",
    "put_offs": "key",
}


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
