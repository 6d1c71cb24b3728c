"""Reads about evidence."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q, QuerySet

from ..accounts.actors import Actor
from ..accounts.roles import Action
from ..catalog.models import Service
from ..incidents.queries import seen_by
from ..intake.queries import groups_visible_to
from ..kernel.finding import one
from .models import Change, Connection, Indicator, Snapshot


def connections_visible_to(actor: Actor) -> QuerySet[Connection]:
    """Connections; everybody who is signed in may know of them. Their settings are for managers."""
    rows = Connection.objects.select_related("team")
    return rows if actor.may(Action.SEE) else rows.none()


def connection_by(actor: Actor, slug: str) -> Connection:
    """One connection. :raises NotFound: there is none."""
    return one(connections_visible_to(actor), "connection", slug=slug)


def indicators_visible_to(actor: Actor) -> QuerySet[Indicator]:
    """What services are judged by; everybody who is signed in may read it."""
    rows = Indicator.objects.select_related("service__team", "connection")
    return rows if actor.may(Action.SEE) else rows.none()


def indicator_for(actor: Actor, pk: int) -> Indicator:
    """One indicator. :raises NotFound: there is none."""
    return one(indicators_visible_to(actor), "indicator", pk=pk, fix="See the service's page.")


def changes_visible_to(actor: Actor) -> QuerySet[Change]:
    """Recorded changes; everybody who is signed in may read them."""
    rows = Change.objects.select_related("service")
    return rows if actor.may(Action.SEE) else rows.none()


def changes_between(services: Iterable[Service], start: datetime, end: datetime, most: int = 100) -> list[Change]:
    """Changes of ``services``, the newest first."""
    ids = [service.pk for service in services]
    return list(Change.objects.filter(service__in=ids, at__gte=start, at__lte=end).select_related("service")[:most])


def snapshots_visible_to(actor: Actor) -> QuerySet[Snapshot]:
    """Snapshots in what ``actor`` may see."""
    seen = seen_by(actor, "incident__") | Q(group__in=groups_visible_to(actor).order_by())
    return Snapshot.objects.filter(seen).select_related("taken_by", "incident__team", "group__team")


def snapshot_for(actor: Actor, pk: int) -> Snapshot:
    """One snapshot. :raises NotFound: there is none that ``actor`` may see."""
    return one(snapshots_visible_to(actor), "snapshot", pk=pk)
