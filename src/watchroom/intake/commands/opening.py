"""From new alerts to the groups that take them: one that is open, one that ended a moment ago, or a new one.

The groups of all alerts of a batch are looked up at once, and those that are missing are written at once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from ...kernel import clock
from ...kernel.db import insert_all, locked, update_each
from ...kernel.prepared import prepared
from ...sources.base import Draft
from ..models import Alert, AlertGroup, GroupEvent, Integration
from ..rules import Outcome, urgency_of
from ..rules.flapping import QUIET
from .flapping import FIELDS, beginnings, begins, tell_flapping
from .naming import Services
from .worsening import Worsening

REOPEN_WITHIN = timedelta(minutes=5)  # a group that ended by itself and fires again this soon is the same problem
LINK_WITHIN = timedelta(days=30)  # and this soon it is the same again; an older group is just history
_KEYS_PER_QUERY = 1_000
_REOPENED_FIELDS = ["resolved_at", "acknowledged_at", "acknowledged_by", "held", "reopened", "notify_at", "told_at", "hurried",
                    "declare_at", "unattended_since", *FIELDS]  # fmt: skip


@prepared
def _open_groups(keys: Collection[str]) -> QuerySet[AlertGroup]:
    return locked(AlertGroup.objects.filter(group_key__in=keys, resolved_at__isnull=True).order_by("id"))


@prepared
def _recent_groups(keys: Collection[str], since: datetime) -> QuerySet[AlertGroup]:
    return locked(AlertGroup.objects.filter(group_key__in=keys, last_alert_at__gte=since).order_by("id"))


@dataclass
class New:
    """An alert that is not yet in the database, and the group that its route asks for."""

    alert: Alert
    draft: Draft
    outcome: Outcome
    shared: dict[str, str]
    key: str
    service: int | None


class Opening:
    """Finds and opens the groups of one batch. Inside its transaction."""

    def __init__(self, integration: Integration, services: Services, worsening: Worsening) -> None:
        self._integration, self._services, self._worsening = integration, services, worsening

    def groups_for(self, new: Sequence[New]) -> tuple[dict[str, AlertGroup], list[AlertGroup]]:
        """The open group of each key, and which of them have just been opened."""
        wanted: dict[str, New] = {}
        for each in new:
            wanted.setdefault(each.key, each)  # the first one names the group
        groups: dict[str, AlertGroup] = {}
        fresh: list[AlertGroup] = []
        while missing := [key for key in wanted if key not in groups]:
            # The database allows one open group per key; the lock keeps two engines from opening it at once.
            for at in range(0, len(missing), _KEYS_PER_QUERY):
                groups |= {group.group_key: group for group in _open_groups(missing[at : at + _KEYS_PER_QUERY])}
            try:
                with transaction.atomic():
                    opened = self._open([wanted[key] for key in missing if key not in groups])
            except IntegrityError:
                continue  # another engine was faster; its groups are there now
            groups |= {group.group_key: group for group in opened}
            fresh += opened
        return groups, fresh

    def _open(self, wanted: Sequence[New]) -> list[AlertGroup]:
        if not wanted:
            return []
        before = _last_of([each.key for each in wanted])
        self._services.load({each.service for each in wanted if each.service is not None})
        events: list[GroupEvent] = []
        reopened: list[AlertGroup] = []
        created: list[AlertGroup] = []
        flapping: list[AlertGroup] = []
        began = beginnings(before.values(), clock.now())
        for each in wanted:
            at, last = each.alert.first_seen_at, before.get(each.key)
            if last is not None and _is_the_same_again(last, at):
                self._reopen(last, each, at)
                reopened.append(last)
                group, kind, why = last, GroupEvent.Kind.REOPENED, "soon after it had ended"
            else:
                group, kind, why = self._made(each, at, last), GroupEvent.Kind.OPENED, " → ".join(each.outcome.path)
                created.append(group)
            if begins(group, began.get(each.key, ()), at):
                flapping.append(group)
            events.append(GroupEvent(group=group, at=at, kind=kind, text=why))
        insert_all(created)
        update_each(reopened, _REOPENED_FIELDS)
        insert_all(events)
        tell_flapping(flapping)
        return created + reopened

    def _reopen(self, group: AlertGroup, each: New, at: datetime) -> None:
        group.resolved_at = group.acknowledged_at = group.acknowledged_by = group.held = None
        group.reopened += 1
        group.told_at, group.hurried = None, False
        group.notify_at, group.unattended_since = _notify_at(each), at
        self._worsening.declare(group, self._declares_at(each, at, group.notify_at))

    def _made(self, each: New, at: datetime, last: AlertGroup | None) -> AlertGroup:
        service, notify_at = self._services.get(each.service), _notify_at(each)
        group = AlertGroup(
            group_key=each.key,
            route_id=each.outcome.route or None,
            group_labels=each.shared,
            integration=self._integration,
            service=service,
            team=service.team if service else self._integration.team,
            policy_id=each.outcome.policy or (service.policy_id if service else None),
            title=each.alert.title,
            rule=(each.draft.labels.get("alertname") or each.alert.title)[:200],
            severity=each.alert.severity,
            urgency=urgency_of(each.alert.severity, each.outcome.urgency),
            group_interval_seconds=each.outcome.group_interval_seconds,
            repeat_interval_seconds=each.outcome.repeat_interval_seconds,
            drill=self._integration.drill,
            opened_at=at,
            last_alert_at=at,
            notify_at=notify_at,
            previous=last,
        )
        self._worsening.declare(group, self._declares_at(each, at, notify_at))
        return group

    def _declares_at(self, each: New, at: datetime, notify_at: datetime) -> datetime | None:
        """When an incident is declared for a group that begins with this alert; drills declare none."""
        rule = each.outcome.declares
        if rule is None or self._integration.drill:
            return None
        return rule.due(severity=each.alert.severity, since=at, notify_at=notify_at)


def _notify_at(each: New) -> datetime:
    return clock.now() + timedelta(seconds=each.outcome.group_wait_seconds)


def _is_the_same_again(last: AlertGroup, at: datetime) -> bool:
    """Whether a group that ended by itself goes on, for a new alert comes so soon after its end."""
    if not last.resolved_at or last.resolved_by_id is not None:
        return False
    return last.resolved_at > at - (QUIET if last.flapping_since else REOPEN_WITHIN)


def _last_of(keys: Sequence[str]) -> dict[str, AlertGroup]:
    """The newest group of each key, which has ended."""
    found: dict[str, AlertGroup] = {}
    for at in range(0, len(keys), _KEYS_PER_QUERY):
        for group in _recent_groups(keys[at : at + _KEYS_PER_QUERY], clock.now() - LINK_WITHIN):
            found[group.group_key] = group
    return found
