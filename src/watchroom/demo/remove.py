"""Takes the made-up company out again, and nothing else."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Model

from ..accounts.models import AuditRecord, Person, Team
from ..actions.models import ActionItem
from ..catalog.models import Service
from ..drills.models import Drill, Scenario
from ..incidents.models import (
    FollowRule,
    Incident,
    IncidentState,
    IncidentType,
    RoleRotation,
    Update,
    UpdateTemplate,
)
from ..intake.journal import forget
from ..intake.models import AlertGroup, InhibitRule, Integration, MaintenanceWindow, Route, Silence, TimeInterval
from ..kernel.errors import Conflict
from ..mitigations.models import Mitigation, Runner
from ..monitors.models import Check, Heartbeat
from ..oncall.models import Schedule
from ..outgoing.models import Event, Webhook
from ..paging.models import Escalation, EscalationPolicy, StepTarget
from ..readiness.models import ProcessVersion
from ..runbooks.models import Runbook
from ..status.models import PublishedUpdate, StakeholderList, StatusPage
from ..venues.models import Bridge, VenuePlan
from ..workflows.models import Workflow
from .make import exists

# What belongs to a team and is not marked itself; what uses something comes before it.
_OWNED: tuple[type[Model], ...] = (
    MaintenanceWindow,
    Silence,
    InhibitRule,
    Route,
    TimeInterval,
    Workflow,
    Webhook,
    Event,
    RoleRotation,
    VenuePlan,
    Bridge,
    Heartbeat,
    Check,
)

_MARKED: tuple[type[Model], ...] = (
    ActionItem,
    Incident,
    IncidentState,
    StatusPage,
    StakeholderList,
    UpdateTemplate,
    ProcessVersion,
    Runbook,
    Mitigation,
    Runner,
    IncidentType,
    AlertGroup,
    Integration,
    Route,
    Service,
    EscalationPolicy,
    Schedule,
    Team,
    Person,
)


def remove() -> int:
    """Remove all that is marked as made up, and what somebody has tried out in its teams. Returns how many rows went.

    :raises Conflict: there is none, or something real uses it.
    """
    if not exists():
        raise Conflict("There is no made-up company here.", fix="Nothing needs to be done.")
    real = Service.objects.filter(team__is_demo=True, is_demo=False).first()
    if real:
        raise Conflict(f"The real service {real} belongs to a made-up team.", fix="Give it to a team of yours first.")
    gone = 0
    with transaction.atomic():
        for model in _MARKED:
            if any(field.name == "team" for field in model._meta.fields):  # also what somebody has tried out there
                model.objects.filter(team__is_demo=True).update(is_demo=True)  # type: ignore[attr-defined]
        drills = Drill.objects.filter(team__is_demo=True)
        Incident.objects.filter(pk__in=drills.values("incident")).update(is_demo=True)
        drills.delete()
        Scenario.objects.filter(team__is_demo=True).delete()
        PublishedUpdate.objects.filter(update__incident__is_demo=True).delete()
        Update.objects.filter(incident__is_demo=True).delete()
        Escalation.objects.filter(team__is_demo=True).delete()
        StepTarget.objects.filter(step__policy__is_demo=True).delete()
        AuditRecord.objects.filter(team__is_demo=True).delete()
        for owned in _OWNED:
            owned.objects.filter(team__is_demo=True).delete()  # type: ignore[attr-defined]
        RoleRotation.objects.filter(service__team__is_demo=True).delete()
        FollowRule.objects.filter(group__is_demo=True).delete()
        for integration in Integration.objects.filter(is_demo=True):
            forget(integration.pk)
        for model in _MARKED:
            gone += model.objects.filter(is_demo=True).delete()[0]  # type: ignore[attr-defined]
    return gone
