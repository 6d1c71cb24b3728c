"""From stored signals to alerts and groups. Run by the engine.

One integration is read by one engine at a time (its row is locked), in the order in which its signals came; a batch is
one transaction, which also starts the escalations. Machine traffic writes history rows but no audit records: those are
for what people do.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import OperationalError, transaction

from ...accounts.actors import Actor
from ...catalog.models import Service
from ...kernel import clock, wake
from ...kernel.db import announce, claimable, locked
from ...kernel.plugins import one_of
from ...sources.base import Draft, Inbound
from ..models import Alert, AlertGroup, GroupEvent, Integration, Signal
from ..routing import tree
from ..rules import Node, Outcome, group_key, group_labels, routes_of, urgency_of, worst
from .lifecycle import end_alert, start_paging

log = logging.getLogger(__name__)
Kind = GroupEvent.Kind


def read_signals(most: int) -> int:
    """Read up to ``most`` waiting signals of each integration that has any; none can starve another."""
    waiting = (
        Signal.objects.filter(state=Signal.State.PENDING).order_by().values_list("integration_id", flat=True).distinct()
    )
    return sum(_read_integration(pk, most) for pk in list(waiting))


def _read_integration(integration_id: int, most: int) -> int:
    try:
        return _read_batch(integration_id, most)
    except OperationalError:
        raise  # the database is busy or away: everything is still there for the next turn
    except Exception:
        # One signal of the batch can't be read, for a reason of ours. Alone it can't hold up the others.
        log.exception("A batch of signals of integration %s failed; reading them one by one", integration_id)
    handled = 0
    for _ in range(most):
        try:
            done = _read_batch(integration_id, 1)
        except OperationalError:
            raise
        except Exception as error:
            done = _refuse_first(integration_id, error)
        if not done:
            break
        handled += done
    return handled


def _refuse_first(integration_id: int, error: Exception) -> int:
    """Put the first waiting signal into the tray of refused ones: kept, visible, and it can be read again."""
    first = Signal.objects.filter(integration=integration_id, state=Signal.State.PENDING).order_by("id").first()
    if first is None:
        return 0
    log.exception("Signal %s can't be read", first.pk)
    problem = {
        "field": "",
        "value": "",
        "fix": f"Watchroom failed on it ({type(error).__name__}: {error}). Please report it, then replay it.",
    }
    Signal.objects.filter(pk=first.pk).update(state=Signal.State.REJECTED, problems=[problem], processed_at=clock.now())
    return 1


def _read_batch(integration_id: int, most: int) -> int:
    with transaction.atomic():
        integration = (
            claimable(Integration.objects.filter(pk=integration_id)).select_related("team", "service__team").first()
        )
        if integration is None:
            return 0  # another engine is at it
        pending = Signal.objects.filter(integration=integration, state=Signal.State.PENDING).order_by("id")[:most]
        signals = list(pending)
        reading = _Reading(integration, tree())
        for signal in signals:
            reading.read(signal)
        reading.finish(signals)
    return len(signals)


class _Reading:
    """One batch of one integration's signals being read."""

    def __init__(self, integration: Integration, routes: Node) -> None:
        self.integration, self.routes = integration, routes
        self.source = one_of("watchroom.sources", integration.source)
        self.by = Actor(kind="integration", name=integration.name)
        self.touched: set[int] = set()
        self.refreshed: dict[int, Alert] = {}
        self.groups: dict[int, AlertGroup] = {}
        self.services: dict[int, Service] = {}

    def read(self, signal: Signal) -> None:
        inbound = Inbound(
            path=signal.path,
            body=bytes(signal.body),
            content_type=signal.content_type,
            received_at=signal.received_at,
            query=signal.query,
        )
        parsed = self.source.parse(inbound)
        drafts: Sequence[Draft] = parsed.drafts
        known: dict[str, list[Alert]] = defaultdict(list)
        for alert in Alert.objects.filter(
            integration=self.integration, ended_at__isnull=True, dedup_key__in={draft.dedup_key for draft in drafts}
        ):
            known[alert.dedup_key].append(self.refreshed.get(alert.pk, alert))
        for draft in drafts:
            ended = draft.ends_at is not None and draft.ends_at <= signal.received_at
            alerts = known.get(draft.dedup_key, [])
            if ended:
                for alert in alerts:
                    self._end(alert, draft)
                known.pop(draft.dedup_key, None)
            elif alerts:
                for alert in alerts:
                    self._refresh(alert, draft, signal)
            else:
                known[draft.dedup_key] = [
                    self._fire(draft, signal, outcome) for outcome in routes_of(self.routes, draft.labels)
                ]

    def _refresh(self, alert: Alert, draft: Draft, signal: Signal) -> None:
        alert.last_seen_at, alert.expires_at, alert.times = (
            signal.received_at,
            self._expires(draft, signal),
            alert.times + 1,
        )
        alert.title, alert.annotations, alert.severity = draft.title[:300], draft.annotations, draft.severity
        alert.last_signal = signal
        self.refreshed[alert.pk] = alert

    def _expires(self, draft: Draft, signal: Signal) -> datetime:
        return draft.ends_at or signal.received_at + timedelta(seconds=self.source.resolve_timeout_seconds)

    def _fire(self, draft: Draft, signal: Signal, outcome: Outcome) -> Alert:
        group = self._group(draft, signal, outcome)
        alert = Alert.objects.create(
            integration=self.integration,
            group=group,
            dedup_key=draft.dedup_key[:255],
            title=draft.title[:300],
            severity=draft.severity,
            labels=draft.labels,
            annotations=draft.annotations,
            link=draft.link[:2000],
            starts_at=draft.starts_at,
            first_seen_at=signal.received_at,
            last_seen_at=signal.received_at,
            expires_at=self._expires(draft, signal),
            last_signal=signal,
        )
        GroupEvent.objects.create(group=group, at=signal.received_at, kind=Kind.FIRED, alert=alert, text=alert.title)
        group.firing += 1
        group.total += 1
        group.last_alert_at = max(group.last_alert_at, signal.received_at)
        group.severity = worst((group.severity, draft.severity))
        group.save(update_fields=["firing", "total", "last_alert_at", "severity"])
        self.touched.add(group.pk)
        return alert

    def _group(self, draft: Draft, signal: Signal, outcome: Outcome) -> AlertGroup:
        service_id = outcome.service or self.integration.service_id
        shared = group_labels(outcome.group_by, draft.labels)
        key = group_key(outcome.route, service_id, shared)
        # The database allows one open group per key; the lock keeps two engines from opening it at once.
        group = locked(AlertGroup.objects.filter(group_key=key, resolved_at__isnull=True)).first()
        if group is not None:
            return self.groups.setdefault(group.pk, group)
        service = self._service(service_id)
        policy_id = outcome.policy or (service.policy_id if service else None)
        now = clock.now()
        group, created = AlertGroup.objects.get_or_create(
            group_key=key,
            resolved_at=None,
            defaults={
                "route_id": outcome.route or None,
                "group_labels": shared,
                "integration": self.integration,
                "service": service,
                "team": service.team if service else self.integration.team,
                "policy_id": policy_id,
                "title": draft.title[:300],
                "severity": draft.severity,
                "urgency": urgency_of(draft.severity, outcome.urgency),
                "drill": self.integration.drill,
                "opened_at": signal.received_at,
                "last_alert_at": signal.received_at,
                "notify_at": now + timedelta(seconds=outcome.group_wait_seconds),
            },
        )
        if created:
            GroupEvent.objects.create(
                group=group, at=signal.received_at, kind=Kind.OPENED, text=" → ".join(outcome.path)
            )
            if outcome.group_wait_seconds == 0:
                start_paging(group)
        return self.groups.setdefault(group.pk, group)

    def _service(self, pk: int | None) -> Service | None:
        if pk is None:
            return None
        if pk not in self.services:
            self.services[pk] = Service.objects.select_related("team").get(pk=pk)
        return self.services[pk]

    def _end(self, alert: Alert, draft: Draft) -> None:
        self.refreshed.pop(alert.pk, None)
        end_alert(alert, draft.ends_at or clock.now(), by=self.by, why="the sender says so")
        self.groups.pop(alert.group_id, None)
        self.touched.add(alert.group_id)

    def finish(self, signals: list[Signal]) -> None:
        now = clock.now()
        Alert.objects.bulk_update(
            self.refreshed.values(),
            ["last_seen_at", "expires_at", "times", "title", "annotations", "severity", "last_signal"],
        )
        if signals:
            Signal.objects.filter(pk__in=[signal.pk for signal in signals]).update(
                state=Signal.State.DONE, processed_at=now
            )
            Integration.objects.filter(pk=self.integration.pk).update(last_signal_at=signals[-1].received_at)
        topics = {f"group:{pk}" for pk in self.touched} | {f"alert_group:{pk}" for pk in self.touched}
        announce({f"integration:{self.integration.pk}", wake.DUE, *topics, *({"alert-groups"} if topics else ())})
