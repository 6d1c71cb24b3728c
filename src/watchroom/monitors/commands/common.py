"""What saving a heartbeat and saving a check have in common."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from ...accounts.actors import Actor
from ...accounts.models import Team
from ...accounts.roles import Action
from ...catalog.models import Service
from ...kernel.errors import Conflict, Refused
from ..models import Monitor, Severity

M = TypeVar("M", bound=Monitor)


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
) -> None:
    """The fields that both have, checked.

    :raises Refused: no name or an unknown severity.
    """
    name = name.strip()
    if not name or len(name) > 100:
        raise Refused(
            "It needs a name of at most 100 characters.",
            field="name",
            value=name[:40],
            fix="Name what is watched, such as “Nightly backup”.",
        )
    if severity not in Severity.values:
        raise Refused(
            "That is not a severity.",
            field="severity",
            value=severity,
            fix=f"Use one of {', '.join(Severity.values)}.",
        )
    if monitor.pk is not None:
        by.require(Action.MANAGE, monitor.team)
    monitor.team, monitor.service, monitor.name, monitor.severity, monitor.drill = team, service, name, severity, drill
    monitor.slug = slug or monitor.slug or slugify(name)[:64] or "monitor"


def save(monitor: Monitor) -> None:
    """:raises Conflict: another one has this slug."""
    try:
        with transaction.atomic():
            monitor.save()
    except IntegrityError as error:
        if "slug" not in str(error):
            raise
        raise Conflict(
            f"There is already one called {monitor.slug!r}.",
            field="slug",
            value=monitor.slug,
            fix="Choose another name.",
        ) from None


def fields_of(monitor: Monitor) -> dict[str, Any]:
    """For the audit trail."""
    return {"slug": monitor.slug, "severity": monitor.severity, "service": getattr(monitor.service, "slug", None)}
