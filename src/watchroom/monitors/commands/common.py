"""What saving a heartbeat and saving a check have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from ...accounts.actors import Actor
from ...accounts.models import Team
from ...accounts.roles import Action
from ...catalog.models import Service
from ...intake.models import Severity
from ...kernel.checks import chosen, written
from ...kernel.errors import Refused
from ...kernel.names import short_name
from ..models import Monitor

M = TypeVar("M", bound=Monitor)
OWN_LABELS = ("alertname", "heartbeat", "check", "team", "severity", "service")


def bounded(field: str, value: int, low: int, high: int) -> int:
    """:raises Refused: ``value`` lies outside."""
    if not isinstance(value, int) or not low <= value <= high:
        raise Refused(
            f"{value!r} is not accepted.", field=field, value=value, fix=f"Use a number from {low} to {high}."
        )
    return value


def set_common(
    by: Actor,
    monitor: Monitor,
    *,
    team: Team,
    service: Service | None,
    name: str,
    slug: str,
    severity: str,
    drill: bool,
    description: str = "",
    alert_title: str = "",
    labels: Mapping[str, str] | None = None,
) -> None:
    """The fields that both have, checked.

    :raises Refused: no name, an unknown severity, or a text or label that is not accepted.
    """
    name = written(name, "It needs a name", 100, field="name", fix="Name what is watched, such as “Nightly backup”.")
    chosen(severity, Severity.values, "severity", field="severity")
    if len(description) > 10_000:
        raise Refused(
            "That text is too long.", field="description", value=description[:40], fix="Use at most 10000 characters."
        )
    monitor.description, monitor.alert_title = description.strip(), " ".join(alert_title.split())
    monitor.labels = _labels(labels or {})
    if monitor.pk is not None:
        by.require(Action.MANAGE, monitor.team)
    monitor.team, monitor.service, monitor.name, monitor.severity, monitor.drill = team, service, name, severity, drill
    others = type(monitor)._default_manager
    monitor.slug = short_name(slug, before=monitor.slug, name=name, otherwise="monitor", among=others)


def _labels(given: Mapping[str, str]) -> dict[str, str]:
    """:raises Refused: one that Watchroom sets itself, one without a value, or too many."""
    if len(given) > 30:
        raise Refused("Those are too many labels.", field="labels", value=len(given), fix="Use at most 30.")
    for name, value in given.items():
        if name in OWN_LABELS:
            raise Refused(f"Watchroom sets {name} itself.", field="labels", value=name, fix="Choose another name.")
        if not (
            isinstance(value, str) and 0 < len(name) <= 100 and 0 < len(value) <= 1000 and "\0" not in name + value
        ):
            raise Refused(
                "That is not a label.",
                field="labels",
                value=name[:100],
                fix="Give it a name of at most 100 letters and a value of at most 1000.",
            )
    return dict(given)


def fields_of(monitor: Monitor) -> dict[str, Any]:
    """For the audit trail."""
    return {"slug": monitor.slug, "severity": monitor.severity, "service": getattr(monitor.service, "slug", None)}
