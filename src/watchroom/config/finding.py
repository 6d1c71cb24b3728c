"""The thing that a file means by a kind and a key."""

from __future__ import annotations

from typing import Any

from ..accounts.models import Person, Team
from ..catalog.models import Service
from ..drills.models import Scenario
from ..evidence.models import Connection, Indicator
from ..incidents.models import (
    FollowRule,
    GuidanceSetting,
    IncidentState,
    IncidentType,
    RoleRotation,
    SeverityDefinition,
    TriageRule,
    UpdateTemplate,
)
from ..intake.models import Integration, Route
from ..kernel.errors import Refused
from ..mitigations.models import Mitigation, Runner
from ..oncall.models import Schedule
from ..outgoing.models import Webhook
from ..paging.models import EscalationPolicy
from ..readiness.models import ReadinessThresholds
from ..readiness.queries import process
from ..runbooks.models import Runbook
from ..status.models import StakeholderList, StatusPage
from ..venues.models import Bridge, VenuePlan
from ..workflows.models import Workflow
from ..workspaces.models import Workspace
from . import alerting, announced
from .schema import KEYS

_MODELS: dict[str, Any] = {
    "people": Person,
    "teams": Team,
    "schedules": Schedule,
    "workspaces": Workspace,
    "webhooks": Webhook,
    "bridges": Bridge,
    "policies": EscalationPolicy,
    "services": Service,
    "integrations": Integration,
    "routes": Route,
    "connections": Connection,
    "indicators": Indicator,
    "runners": Runner,
    "mitigations": Mitigation,
    "runbooks": Runbook,
    "status_pages": StatusPage,
    "stakeholder_lists": StakeholderList,
    "update_templates": UpdateTemplate,
    "incident_types": IncidentType,
    "incident_states": IncidentState,
    "venue_plans": VenuePlan,
    "workflows": Workflow,
    "scenarios": Scenario,
    "guidance": GuidanceSetting,
    "role_rotations": RoleRotation,
    "triage": TriageRule,
    "follow_rules": FollowRule,
}


def find(kind: str, key: str | None) -> Any:
    """The thing with this key; None of none.

    :raises Refused: there is no such thing.
    """
    if key is None:
        return None
    if kind == "indicators":
        service, _, name = key.partition("/")
        return Indicator.objects.filter(service__slug=service, name=name).first()
    if kind in alerting.SAVE:
        return alerting.find(kind, key)
    if kind == announced.KIND:
        return announced.find(key)
    if kind == "severities":
        return SeverityDefinition.objects.filter(pk=int(key.removeprefix("SEV"))).first()
    if kind == "process":
        return process.current()
    if kind == "readiness":
        return ReadinessThresholds.objects.filter(pk=1).first()
    lookup = f"{KEYS[kind]}__iexact" if kind == "people" else KEYS[kind]
    found = _MODELS[kind].objects.filter(**{lookup: key}).first()
    if found is None:
        raise Refused(
            f"There is no {kind.replace('_', ' ')} entry {key!r}.",
            field=kind,
            value=key,
            fix="Add it to the file, or correct the name.",
        )
    return found
