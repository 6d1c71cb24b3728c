"""Reads about alerts, groups and integrations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import F, Q, QuerySet

from ..accounts.actors import Actor
from ..accounts.roles import Action
from ..kernel import clock
from ..kernel.errors import Refused
from ..kernel.finding import one
from ..kernel.plugins import all_of
from ..sources.base import Configured, Inbound
from .gate.rates import OURSELVES
from .models import (
    Alert,
    AlertGroup,
    Inbox,
    InhibitRule,
    Integration,
    MaintenanceWindow,
    Route,
    Signal,
    Silence,
    TimeInterval,
)

PARTLY_LOOKED_AT = 1_000


def groups_visible_to(actor: Actor) -> QuerySet[AlertGroup]:
    """Alert groups that ``actor`` may read."""
    rows = AlertGroup.objects.select_related("service", "team", "acknowledged_by", "integration")
    return rows if actor.may(Action.SEE) else rows.filter(team__in=actor.teams_where(Action.SEE))


def folded_under(group: AlertGroup, actor: Actor) -> QuerySet[AlertGroup]:
    """The open alert groups of services behind this one's that page nobody because it is down, as far as ``actor`` may read
    them; newest first."""
    held = groups_visible_to(actor).filter(resolved_at__isnull=True, held__isnull=False)
    if group.service_id is None:
        return held.none()
    return held.filter(held__kind="upstream", held__id=group.pk).exclude(service=None).order_by("-id")


def alerts_visible_to(actor: Actor) -> QuerySet[Alert]:
    """Alerts that ``actor`` may read."""
    rows = Alert.objects.select_related("group", "integration")
    return rows if actor.may(Action.SEE) else rows.filter(group__team__in=actor.teams_where(Action.SEE))


def alerts_of(group: AlertGroup) -> QuerySet[Alert]:
    """The alerts of a group: those that fire first, then as they ended."""
    return group.alerts.order_by(F("ended_at").asc(nulls_first=True), "-id")


def integrations_visible_to(actor: Actor) -> QuerySet[Integration]:
    """Integrations that ``actor`` may read; never their keys."""
    rows = Integration.objects.select_related("team", "service")
    return rows if actor.may(Action.SEE) else rows.filter(team__in=actor.teams_where(Action.SEE))


def routes_visible_to(actor: Actor) -> QuerySet[Route]:
    """Routes that ``actor`` may read."""
    rows = Route.objects.select_related("team", "service", "policy", "parent")
    return rows if actor.may(Action.SEE) else rows.none()


def intervals_visible_to(actor: Actor) -> QuerySet[TimeInterval]:
    """Time intervals that ``actor`` may read: as the routes that go by them."""
    rows = TimeInterval.objects.select_related("team")
    return rows if actor.may(Action.SEE) else rows.none()


def signals_of(integration: Integration) -> QuerySet[Signal]:
    """The signals of an integration, newest first. Bodies may carry secrets: show them to managers only."""
    return integration.signals.all()


def tray_of(integration: Integration) -> QuerySet[Signal]:
    """What was refused, in whole or (of the last thousand signals) in part, and has not been read again; newest first."""
    stored = Inbox.objects.filter(pk=integration.pk).values_list("stored", flat=True).first() or 0
    partly = Q(number__gt=stored - PARTLY_LOOKED_AT) & ~Q(problems=[])
    return (
        Signal.objects.filter(Q(refused=True) | partly, integration=integration.pk, replayed_at__isnull=True)
        .select_related(None)
        .order_by("-number")
    )


@dataclass(frozen=True)
class Payload:
    """What a mapping sees of a signal that really came."""

    signal: Signal
    content: Any
    problem: str = ""


def last_payloads(integration: Integration, most: int = 5) -> list[Payload]:
    """The payloads of the last signals of an integration that may have a mapping, newest first."""
    kind: Any = all_of("watchroom.sources").get(integration.source)
    if not getattr(kind, "mapped", False):
        return []
    found = []
    for signal in (
        Signal.objects.filter(integration=integration.pk).exclude(remote=OURSELVES).order_by("-number")[:most]
    ):
        try:
            found.append(Payload(signal, kind.payload(as_inbound(signal, integration))))
        except Refused as refused:
            found.append(Payload(signal, None, str(refused)))
    return found


class Came(NamedTuple):
    """A stored signal as the engine reads it: thousands at once, and a model instance costs more than what is in it."""

    pk: int
    number: int
    received_at: datetime
    path: str
    query: str
    content_type: str
    headers: Mapping[str, str]
    body: bytes
    remote: str
    refused: bool
    problems: list[dict[str, str]]


def as_inbound(signal: Signal | Came, integration: Integration) -> Inbound:
    """A stored signal as its source reads it."""
    return Inbound(
        path=signal.path,
        body=bytes(signal.body),
        content_type=signal.content_type,
        received_at=signal.received_at,
        query=signal.query,
        headers=signal.headers,
        settings=integration.settings or {},
    )


def in_state(signals: QuerySet[Signal], integration: Integration, state: str) -> QuerySet[Signal]:
    """Those of an integration's signals that are pending, done or rejected; all of them without a ``state``.

    :raises Refused: there is no such state.
    """
    match state:
        case "":
            return signals
        case "rejected":
            return signals.filter(refused=True)
        case "pending":
            return signals.filter(refused=False, number__gt=integration.read_to)
        case "done":
            return signals.filter(refused=False, number__lte=integration.read_to)
    raise Refused("There is no such state.", field="state", value=state, fix="Use pending, done or rejected.")


def silences_visible_to(actor: Actor) -> QuerySet[Silence]:
    """Silences that ``actor`` may read; one that is about every team's alerts is everybody's business."""
    rows = Silence.objects.select_related("team", "author")
    if actor.may(Action.SEE):
        return rows
    return rows.filter(Q(team__isnull=True) | Q(team__in=actor.teams_where(Action.SEE)))


def silence_for(actor: Actor, pk: int) -> Silence:
    """One silence that ``actor`` may see. :raises NotFound: there is none."""
    return one(silences_visible_to(actor), "silence", pk=pk)


def lasting(at: datetime) -> Q:
    """Silences or maintenance windows that are not over: they run, or come, or come again."""
    return Q(ends_at__gt=at) | ~Q(repeats="")


def silences_in_state(silences: QuerySet[Silence], state: str) -> QuerySet[Silence]:
    """Those that are pending, active or expired; all of them without a ``state``.

    :raises Refused: there is no such state.
    """
    now = clock.now()
    match state:
        case "":
            return silences
        case "pending":
            return silences.filter(starts_at__gt=now)
        case "active":
            return silences.filter(starts_at__lte=now, ends_at__gt=now)
        case "expired":
            return silences.filter(ends_at__lte=now)
    raise Refused("There is no such state.", field="state", value=state, fix="Use pending, active or expired.")


def maintenance_visible_to(actor: Actor) -> QuerySet[MaintenanceWindow]:
    """Maintenance windows that ``actor`` may read."""
    rows = MaintenanceWindow.objects.select_related("team").prefetch_related("services")
    return rows if actor.may(Action.SEE) else rows.filter(team__in=actor.teams_where(Action.SEE))


def window_for(actor: Actor, pk: int) -> MaintenanceWindow:
    """One maintenance window that ``actor`` may see. :raises NotFound: there is none."""
    return one(maintenance_visible_to(actor), "maintenance window", pk=pk)


def inhibitions_visible_to(actor: Actor) -> QuerySet[InhibitRule]:
    """Inhibition rules that ``actor`` may read."""
    rows = InhibitRule.objects.select_related("team")
    if actor.may(Action.SEE):
        return rows
    return rows.filter(Q(team__isnull=True) | Q(team__in=actor.teams_where(Action.SEE)))


def inhibition_for(actor: Actor, pk: int) -> InhibitRule:
    """One inhibition rule that ``actor`` may see. :raises NotFound: there is none."""
    return one(inhibitions_visible_to(actor), "inhibition rule", pk=pk)


def shown_settings(integration: Integration) -> dict[str, Any]:
    """What an integration was told, without its secrets."""
    kind = all_of("watchroom.sources").get(integration.source)
    hidden = {each.name for each in kind.asks if each.secret} if isinstance(kind, Configured) else set()
    return {name: value for name, value in (integration.settings or {}).items() if name not in hidden}
