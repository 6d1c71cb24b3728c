"""Reads about alerts, groups and integrations."""

from __future__ import annotations

from django.db.models import QuerySet

from ..accounts.actors import Actor
from ..accounts.roles import Action
from ..kernel.errors import Refused
from .models import Alert, AlertGroup, Integration, Route, Signal


def groups_visible_to(actor: Actor) -> QuerySet[AlertGroup]:
    """Alert groups that ``actor`` may read."""
    rows = AlertGroup.objects.select_related("service", "team", "acknowledged_by", "integration")
    return rows if actor.may(Action.SEE) else rows.filter(team__in=actor.teams_where(Action.SEE))


def alerts_visible_to(actor: Actor) -> QuerySet[Alert]:
    """Alerts that ``actor`` may read."""
    return Alert.objects.select_related("group", "integration").filter(
        group__in=groups_visible_to(actor).order_by().values("pk")
    )


def integrations_visible_to(actor: Actor) -> QuerySet[Integration]:
    """Integrations that ``actor`` may read; never their keys."""
    rows = Integration.objects.select_related("team", "service")
    return rows if actor.may(Action.SEE) else rows.filter(team__in=actor.teams_where(Action.SEE))


def routes_visible_to(actor: Actor) -> QuerySet[Route]:
    """Routes that ``actor`` may read."""
    rows = Route.objects.select_related("team", "service", "policy", "parent")
    return rows if actor.may(Action.SEE) else rows.none()


def signals_of(integration: Integration) -> QuerySet[Signal]:
    """The signals of an integration, newest first. Bodies may carry secrets: show them to managers only."""
    return integration.signals.all()


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
