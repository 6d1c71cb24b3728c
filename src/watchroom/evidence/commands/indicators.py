"""Indicators: what a service is judged by."""

from __future__ import annotations

import math

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.roles import Action
from ...catalog.models import Service
from ...connectors.base import Changes, Dashboards, Logs, Metrics, Traces
from ...kernel.checks import chosen, within, written
from ...kernel.errors import Refused
from ...kernel.names import only_one
from ...kernel.plugins import one_of
from ..models import Connection, Indicator
from ..rules.units import UNITS
from .connections import GROUP

_MOST = 40
ABILITIES: dict[str, type] = {"logs": Logs, "traces": Traces, "changes": Changes, "dashboards": Dashboards}


def needed_ability(kind: str) -> type:
    """The protocol that a connector must fulfil for an indicator of this kind."""
    return ABILITIES.get(kind, Metrics)


def save_indicator(
    by: Actor,
    indicator: Indicator | None,
    *,
    service: Service,
    connection: Connection,
    kind: str,
    name: str = "",
    expression: str,
    unit: str = "",
    threshold: float | None = None,
    worse: str = "above",
    position: int = 0,
) -> Indicator:
    """Say what a service is judged by.

    :raises Refused: an unknown kind or unit, no expression, or a connection that can't answer such a question.
    :raises Conflict: the service has an indicator of this name.
    """
    chosen(kind, Indicator.Kind.values, "kind of indicator", field="kind")
    chosen(unit, UNITS, "unit", field="unit", fix=f"Use one of {', '.join(filter(None, UNITS))}.")
    chosen(worse, ("above", "below"), "side", field="worse")
    if threshold is not None and not math.isfinite(threshold):
        raise Refused("The threshold is no number.", field="threshold", value=threshold, fix="Use a number.")
    name = name.strip() or str(Indicator.Kind(kind).label)
    expression = written(
        expression,
        "An indicator needs an expression",
        4000,
        field="expression",
        fix='For example sum(rate(http_requests_total{service="$service"}[5m])).',
    )
    if not isinstance(one_of(GROUP, connection.kind), needed_ability(kind)):
        raise Refused(
            f"{connection.name} can't answer such a question.",
            field="connection",
            value=connection.slug,
            fix="Choose a connection of another kind.",
        )
    within(position, 0, 32767, "position", field="position")
    indicator = indicator or Indicator()
    created = indicator.pk is None
    if not created:
        by.require(Action.MANAGE, indicator.service.team)
    elif Indicator.objects.filter(service=service).count() >= _MOST:
        raise Refused(
            "The service has very many indicators.", field="service", value=service.slug, fix="Delete some of them."
        )
    verb = "indicator.created" if created else "indicator.changed"
    with change(by, verb, indicator, needs=Action.MANAGE, team=service.team) as made:
        indicator.service, indicator.connection, indicator.kind, indicator.name = service, connection, kind, name
        indicator.expression, indicator.unit, indicator.threshold = expression, unit, threshold
        indicator.worse, indicator.position = worse, position
        with only_one("indicator", name=name):
            indicator.save()
        made.touch(f"service:{service.pk}")
    return indicator


def delete_indicator(by: Actor, indicator: Indicator) -> None:
    """Judge the service by this no more."""
    with change(by, "indicator.deleted", indicator, needs=Action.MANAGE, team=indicator.service.team) as made:
        made.note(service=indicator.service.slug, name=indicator.name)
        made.touch(f"service:{indicator.service_id}")
        made.subject = None
        indicator.delete()
