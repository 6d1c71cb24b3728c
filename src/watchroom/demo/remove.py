"""Takes the made-up company out again, and nothing else."""

from __future__ import annotations

from django.db import transaction

from ..accounts.models import AuditRecord, Person, Team
from ..actions.models import ActionItem
from ..catalog.models import Service
from ..drills.models import Drill, Scenario
from ..incidents.models import Incident, IncidentState, Update, UpdateTemplate
from ..intake.journal import forget
from ..intake.models import AlertGroup, Integration, MaintenanceWindow, Route
from ..kernel.errors import Conflict
from ..mitigations.models import Mitigation
from ..oncall.models import Schedule
from ..paging.models import Escalation, EscalationPolicy, StepTarget
from ..readiness.models import ProcessVersion
from ..runbooks.models import Runbook
from ..status.models import PublishedUpdate, StakeholderList, StatusPage
from .make import exists


def remove() -> int:
    """Remove all that is marked as made up. Returns how many rows went.

    :raises Conflict: there is none, or something real uses it.
    """
    if not exists():
        raise Conflict("There is no made-up company here.", fix="Nothing needs to be done.")
    real = Service.objects.filter(team__is_demo=True, is_demo=False).first()
    if real:
        raise Conflict(f"The real service {real} belongs to a made-up team.", fix="Give it to a team of yours first.")
    gone = 0
    with transaction.atomic():
        drills = Drill.objects.filter(team__is_demo=True)  # also what somebody has practised there
        Incident.objects.filter(pk__in=drills.values("incident")).update(is_demo=True)
        practised = Integration.objects.filter(team__is_demo=True).exclude(practises="")
        practised.update(is_demo=True)
        drills.delete()
        Scenario.objects.filter(team__is_demo=True).delete()
        PublishedUpdate.objects.filter(update__incident__is_demo=True).delete()
        Update.objects.filter(incident__is_demo=True).delete()
        Escalation.objects.filter(team__is_demo=True).delete()
        StepTarget.objects.filter(step__policy__is_demo=True).delete()
        AuditRecord.objects.filter(team__is_demo=True).delete()
        MaintenanceWindow.objects.filter(team__is_demo=True).delete()
        for integration in Integration.objects.filter(is_demo=True):
            forget(integration.pk)
        AlertGroup.objects.filter(team__is_demo=True).delete()  # also what real signals have opened there
        for model in (
            ActionItem,
            Incident,
            IncidentState,
            StatusPage,
            StakeholderList,
            UpdateTemplate,
            ProcessVersion,
            Runbook,
            Mitigation,
            AlertGroup,
            Integration,
            Route,
            Service,
            EscalationPolicy,
            Schedule,
            Team,
            Person,
        ):
            gone += model.objects.filter(is_demo=True).delete()[0]  # type: ignore[attr-defined]
    return gone
