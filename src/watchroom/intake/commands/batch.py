"""What a batch of one integration's drafts does to alerts and groups.

The work is gathered and written in bulk: one look-up of the alerts that are known, one of the groups that are open, one
insert of the new ones. Order counts only for one and the same key; there the batch is written in between. Which group takes a
new alert is decided in `opening.py`, what that means for the group in `worsening.py`, which service it is about in `naming.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.db import connection
from django.db.models import QuerySet

from ...accounts.actors import Actor
from ...accounts.listeners import Happened, tell
from ...kernel import clock
from ...kernel.db import insert_all, locked, update_each
from ...kernel.prepared import prepared
from ...paging.commands import take_first_turns
from ...paging.models import Escalation
from ...sources.base import Draft, Source
from ..models import Alert, AlertGroup, GroupEvent, Integration
from ..rules import (
    Node,
    group_key,
    group_labels,
    routes_of,
    says_severity,
    service_labels,
    stands_alone,
    urgency_of,
    worst,
)
from .holds import weigh
from .lifecycle import acknowledge_group, end_alerts, start_paging
from .naming import Services
from .opening import New, Opening
from .worsening import Worsening

Kind = GroupEvent.Kind
_KEYS_PER_QUERY = 1_000
_JOINED_FIELDS = ["firing", "total", "last_alert_at", "severity", "urgency", "review_at", "update_at",
                  "group_interval_seconds", "repeat_interval_seconds", "declare_at"]  # fmt: skip


class Came(Protocol):
    """What is to be known of a signal here."""

    @property
    def pk(self) -> int: ...

    @property
    def received_at(self) -> datetime: ...


@dataclass(slots=True)
class Known:
    """An alert that fires already: no more of it than is compared and refreshed, for there are many."""

    pk: int
    group_id: int
    dedup_key: str
    title: str
    severity: str
    annotations: dict[str, str]
    times: int
    last_seen_at: datetime | None = None
    expires_at: datetime | None = None
    last_signal_id: int | None = None


_KNOWN = ("pk", "group_id", "dedup_key", "title", "severity", "annotations", "times")


@prepared
def _known(integration: int, keys: Collection[str]) -> QuerySet[Alert, tuple[Any, ...]]:
    rows = Alert.objects.filter(integration=integration, ended_at__isnull=True, dedup_key__in=keys)
    return rows.order_by("id").values_list(*_KNOWN)


class Batch:
    """Takes signals in order; :meth:`finish` writes whatever is still to be written. Inside one transaction."""

    def __init__(self, integration: Integration, source: Source, routes: Node | None) -> None:
        self.integration, self.source, self.routes = integration, source, routes
        self.by = Actor(kind="integration", name=integration.name)
        self.topics: set[str] = set()
        self._firing: dict[str, list[Alert | Known]] = {}  # by dedup key: what fires, in the database or about to be
        self._new: list[New] = []
        self._ended: dict[int, datetime] = {}
        self._ended_keys: set[str] = set()
        self._refreshed: dict[int, Alert | Known] = {}
        self._changed: set[int] = set()  # those of the refreshed whose words have changed
        self._worse: dict[int, list[tuple[str, bool]]] = {}  # by group: what has become worse, and whether it is urgent
        self._started: list[Escalation] = []
        self._services = Services(service_labels(routes) if routes is not None else frozenset())
        self._worsening = Worsening(routes, self.topics)
        self._opening = Opening(integration, self._services, self._worsening)
        self._routes_say = routes is not None and says_severity(routes)

    def look_up(self, drafts: Sequence[Draft]) -> None:
        """Find out which of the alerts of which these speak fire already; to be called with all that will be taken."""
        for draft in drafts:
            self._firing.setdefault(draft.dedup_key, [])
            self._services.expect(draft.labels)
        unknown = list(self._firing)
        for at in range(0, len(unknown), _KEYS_PER_QUERY):
            for row in _known(self.integration.pk, unknown[at : at + _KEYS_PER_QUERY]):
                self._firing[row[2]].append(Known(*row))

    def take(self, signal: Came, drafts: Sequence[Draft]) -> None:
        for draft in drafts:
            key = draft.dedup_key
            alerts = self._firing[key]
            if draft.act == "fire" and not (draft.ends_at and draft.ends_at <= signal.received_at):
                if alerts:
                    for alert in alerts:
                        self._refresh(alert, draft, signal)
                else:
                    self._fire(key, draft, signal)
                continue
            if any(alert.pk is None for alert in alerts):
                self._write()
            if draft.act == "acknowledge":
                for group in self._groups_of(alerts):
                    acknowledge_group(group, by=self.by, text=draft.note or f"by {self.by.name}")
            elif draft.act == "note":
                self._note(alerts, draft)
            else:
                for alert in alerts:
                    self._refreshed.pop(alert.pk, None)
                    self._ended[alert.pk] = draft.ends_at or signal.received_at
                    self._ended_keys.add(key)
                self._firing[key] = []

    def finish(self) -> None:
        self._write()
        self._write_refreshed()
        self._write_worse()
        take_first_turns(self._started)

    def _groups_of(self, alerts: Sequence[Alert | Known]) -> list[AlertGroup]:
        return list(locked(AlertGroup.objects.filter(pk__in={alert.group_id for alert in alerts})).order_by("id"))

    # --- What is said ---

    def _refresh(self, alert: Alert | Known, draft: Draft, signal: Came) -> None:
        alert.last_seen_at, alert.last_signal_id = signal.received_at, signal.pk
        alert.expires_at, alert.times = self._expires(draft, signal), alert.times + 1
        title, severity = draft.title[:300], self._severity(draft)
        if alert.severity != severity and alert.pk is not None and alert.severity != worst((alert.severity, severity)):
            self._worse.setdefault(alert.group_id, []).append((severity, self._is_urgent(draft, severity)))
        if (alert.title, alert.severity, alert.annotations) != (title, severity, draft.annotations):
            alert.title, alert.severity, alert.annotations = title, severity, draft.annotations
            self._changed.add(alert.pk)
        if alert.pk is not None:
            self._refreshed[alert.pk] = alert

    def _severity(self, draft: Draft) -> str:
        """What the first route that takes it says, or its sender."""
        if not self._routes_say or self.routes is None:
            return draft.severity
        said = (each.severity_of(draft.labels) for each in routes_of(self.routes, draft.labels))
        return next(filter(None, said), draft.severity)

    def _is_urgent(self, draft: Draft, severity: str) -> bool:
        found = routes_of(self.routes, draft.labels) if self.routes is not None else ()
        return any(urgency_of(severity, outcome.urgency) == "high" for outcome in found)

    def _expires(self, draft: Draft, signal: Came) -> datetime | None:
        timeout = self.source.resolve_timeout_seconds
        if draft.ends_at is not None or timeout is None:
            return draft.ends_at
        return signal.received_at + timedelta(seconds=timeout)

    def _fire(self, key: str, draft: Draft, signal: Came) -> None:
        if key in self._ended_keys:
            self._write()  # it ended and fires again, both in this batch
        assert self.routes is not None
        for outcome in routes_of(self.routes, draft.labels):
            alert = Alert(
                integration=self.integration,
                dedup_key=key,
                title=draft.title[:300],
                severity=outcome.severity_of(draft.labels) or draft.severity,
                labels=draft.labels,
                annotations=draft.annotations,
                link=draft.link[:2000],
                starts_at=draft.starts_at,
                first_seen_at=signal.received_at,
                last_seen_at=signal.received_at,
                expires_at=self._expires(draft, signal),
                last_signal_id=signal.pk,
            )
            shared = group_labels(outcome.group_by, draft.labels)
            service = self._services.named(outcome, draft.labels) or outcome.service or self.integration.service_id
            alone = key if stands_alone(outcome.group_by, draft.labels) else ""
            drill = self.integration.pk if self.integration.drill else None
            key_of_group = group_key(outcome.route, service, self.integration.team_id, shared, alone, drill=drill)
            self._new.append(New(alert, draft, outcome, shared, key_of_group, service))
            self._firing[key].append(alert)

    def _note(self, alerts: Sequence[Alert | Known], draft: Draft) -> None:
        now = clock.now()
        for group in self._groups_of(alerts):
            GroupEvent.objects.create(group=group, at=now, kind=Kind.NOTE, text=draft.note[:1000])
            self._touch(group.pk)

    # --- What is written ---

    def _write(self) -> None:
        if self._new:
            self._write_new()
        if self._ended:
            ended, self._ended, self._ended_keys = self._ended, {}, set()
            named = Alert.objects.filter(pk__in=ended)
            # Groups before their alerts; meanwhile some may have run out, or somebody may have resolved their group.
            list(locked(AlertGroup.objects.filter(pk__in=named.values("group")).order_by("id").only("id")))
            alerts = list(locked(named.filter(ended_at__isnull=True)).order_by("id"))
            end_alerts([(alert, ended[alert.pk]) for alert in alerts], by=self.by, why="the sender says so")
            for alert in alerts:
                self._touch(alert.group_id)

    def _write_new(self) -> None:
        new, self._new = self._new, []
        groups, fresh = self._opening.groups_for(new)
        fresh_keys = {group.group_key for group in fresh}
        two_routes: set[tuple[str, int]] = set()
        rows: list[Alert] = []
        for each in new:
            group = groups[each.key]
            if (each.alert.dedup_key, group.pk) in two_routes:  # two routes, one group: it is one alert there
                self._firing[each.alert.dedup_key].remove(each.alert)
                continue
            two_routes.add((each.alert.dedup_key, group.pk))
            each.alert.group = group
            rows.append(each.alert)
            group.firing += 1
            group.total += 1
            group.last_alert_at = max(group.last_alert_at, each.alert.first_seen_at)
            self._worsening.joined(group, each.alert.severity, each.outcome, fresh=each.key in fresh_keys)
        insert_all(rows)
        insert_all(
            [
                GroupEvent(group=row.group, at=row.first_seen_at, kind=Kind.FIRED, alert=row, text=row.title)
                for row in rows
            ]
        )
        update_each(list(groups.values()), _JOINED_FIELDS)
        for group in groups.values():
            self._touch(group.pk)
        if fresh:
            tell([self._told(group) for group in fresh])
        weigh(rows, groups.values(), fresh)
        now = clock.now()
        self._started += start_paging([g for g in fresh if g.notify_at is not None and g.notify_at <= now])

    def _told(self, group: AlertGroup) -> Happened:
        verb = "reopened" if group.reopened else "opened"
        return Happened(f"alert_group.{verb}", clock.now(), self.by, group, group.team_id)

    def _write_worse(self) -> None:
        """A problem that is known has become worse, and so has its group."""
        if not self._worse:
            return
        for group in locked(AlertGroup.objects.filter(pk__in=self._worse, resolved_at__isnull=True)).order_by("id"):
            said = self._worse[group.pk]
            self._worsening.worsen(group, [severity for severity, _ in said])
            if group.urgency == "low" and any(urgent for _, urgent in said):
                self._worsening.make_urgent(group)
            group.save(update_fields=["severity", "urgency", "review_at", "declare_at"])
            self._touch(group.pk)

    def _write_refreshed(self) -> None:
        if not self._refreshed:
            return
        table = connection.ops.quote_name(Alert._meta.db_table)
        stored = connection.ops.adapt_datetimefield_value
        prepared = [
            (stored(alert.last_seen_at), stored(alert.expires_at), alert.times, alert.last_signal_id, alert.pk)
            for alert in self._refreshed.values()
        ]
        with connection.cursor() as cursor:  # a known alert that fires on is the common case: no ORM for it
            cursor.executemany(
                f"UPDATE {table} SET last_seen_at = %s, expires_at = %s, times = %s, last_signal_id = %s WHERE id = %s",
                prepared,
            )
        changed = [
            Alert(pk=pk, title=each.title, annotations=each.annotations, severity=each.severity)
            for pk, each in self._refreshed.items()
            if pk in self._changed
        ]
        update_each(changed, ["title", "annotations", "severity"])

    def _touch(self, group_id: int) -> None:
        self.topics |= {f"group:{group_id}", f"alert_group:{group_id}", "alert-groups"}
