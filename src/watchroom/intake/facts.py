"""What a policy's conditions may ask about an alert group."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from ..paging.conditions import Facts
from .models import Alert, AlertGroup

_LOOK_BACK = timedelta(days=1)
_MOST = 200


def severities_of_groups(numbers: Collection[int]) -> dict[int, str]:
    """How bad these groups are, by number."""
    return dict(AlertGroup.objects.filter(pk__in=numbers).values_list("pk", "severity"))


def facts_of_group(pk: int, at: datetime) -> Facts | None:
    """Urgency, severity, the labels of what fires, and when alerts began in the day before ``at``."""
    group = AlertGroup.objects.filter(pk=pk).first()
    if group is None:
        return None
    alerts = Alert.objects.filter(group=group)
    firing = alerts.filter(ended_at__isnull=True).order_by("-id").values_list("labels", flat=True)[:_MOST]
    recent = alerts.filter(first_seen_at__gt=at - _LOOK_BACK).order_by("-first_seen_at")
    return Facts(
        urgency=group.urgency,
        severity=group.severity,
        labels=tuple({**labels, **group.group_labels} for labels in firing) or (group.group_labels,),
        alert_times=tuple(recent.values_list("first_seen_at", flat=True)[:_MOST]),
    )
