"""What a policy's conditions may ask about an alert group."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db.models import QuerySet

from ..kernel.prepared import prepared
from ..paging.conditions import Facts
from .models import Alert, AlertGroup

_LOOK_BACK = timedelta(days=1)
_MOST = 200  # alerts of one group: groups of no more are read together


def severities_of_groups(numbers: Collection[int]) -> dict[int, str]:
    """How bad these groups are, by number."""
    return dict(_severities(numbers))


@prepared
def _severities(numbers: Collection[int]) -> QuerySet[AlertGroup, tuple[int, str]]:
    return AlertGroup.objects.filter(pk__in=numbers).order_by().values_list("pk", "severity")


def facts_of_groups(numbers: Collection[int], at: datetime) -> dict[int, Facts]:
    """Of each of these groups: urgency, severity, the labels of what fires, and when alerts began in the day before
    ``at``."""
    groups = AlertGroup.objects.in_bulk(numbers)
    labels: dict[int, list[dict[str, str]]] = defaultdict(list)
    times: dict[int, list[datetime]] = defaultdict(list)
    for together in _portions(groups.values()):
        alerts = Alert.objects.filter(group__in=together)
        most = _MOST * len(together)
        firing = alerts.filter(ended_at__isnull=True).order_by("-id").values_list("group_id", "labels")
        for group, each in firing[:most]:
            labels[group].append({**each, **groups[group].group_labels})
        recent = alerts.filter(first_seen_at__gt=at - _LOOK_BACK).order_by("-first_seen_at")
        for group, began in recent.values_list("group_id", "first_seen_at")[:most]:
            times[group].append(began)
    return {
        pk: Facts(
            urgency=group.urgency,
            severity=group.severity,
            labels=tuple(labels[pk]) or (group.group_labels,),
            alert_times=tuple(times[pk]),
        )
        for pk, group in groups.items()
    }


def _portions(groups: Iterable[AlertGroup]) -> list[list[int]]:
    """Small groups together, and each large one alone: of that only the newest alerts are read."""
    small = [group.pk for group in groups if group.total <= _MOST]
    return [small] * bool(small) + [[group.pk] for group in groups if group.total > _MOST]
