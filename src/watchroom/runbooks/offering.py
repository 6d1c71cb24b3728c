"""Which runbooks fit what is going on, with what earlier runs say of them."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from ..accounts.actors import Actor
from ..incidents.models import Incident
from ..intake.models import Alert, AlertGroup
from .models import Runbook, RunbookRun
from .queries import MOST_LABELS, fitting, fitting_group
from .rules import progress
from .runs import past_of

MOST_OFFERED = 5


def offered_in(by: Actor, incident: Incident) -> list[Runbook]:
    """Runbooks for an incident, by its services and the labels of its alerts, the best first, each with its ``reason`` and
    its ``past``; what runs there already is not offered."""
    groups = list(incident.alert_groups.values_list("pk", flat=True))
    labels = list(Alert.objects.filter(group__in=groups).order_by("-id").values_list("labels", flat=True)[:MOST_LABELS])
    services = incident.services.values_list("pk", flat=True)
    return _best(
        fitting(by, services=services, labels=labels if groups else None), RunbookRun.objects.filter(incident=incident)
    )


def offered_for(by: Actor, group: AlertGroup) -> list[Runbook]:
    """The same for an alert group."""
    return _best(fitting_group(by, group), RunbookRun.objects.filter(of_group(group)))


def of_group(group: AlertGroup) -> Q:
    """Runs for an alert group, and in the incidents of which it is a part."""
    return Q(group=group) | Q(incident__alert_groups=group)


def _best(rows: list[Runbook], here: Any) -> list[Runbook]:
    running = set(here.filter(ended_at__isnull=True).values_list("runbook_id", flat=True)) if rows else set()
    rows = [row for row in rows if row.pk not in running]
    past = past_of([row.pk for row in rows]) if rows else {}
    for row in rows:
        row.past = past.get(row.pk, progress.Past())  # type: ignore[attr-defined]
    # Of those that fit equally well, for the same reason, what has helped comes first.
    order = list(dict.fromkeys(row.reason for row in rows))  # type: ignore[attr-defined]
    rows.sort(key=lambda row: (order.index(row.reason), -row.past.score))  # type: ignore[attr-defined]
    return rows[:MOST_OFFERED]
