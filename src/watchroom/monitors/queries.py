"""Reads about heartbeats and checks."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TypeVar

from django.db.models import QuerySet

from ..accounts.actors import Actor
from ..accounts.roles import Action
from ..kernel import clock
from ..kernel import settings as conf
from ..kernel.finding import one
from .models import Check, Heartbeat, Monitor, MonitorDay

M = TypeVar("M", bound=Monitor)
Bar = list[tuple[date, str, str]]


def heartbeats_visible_to(actor: Actor) -> QuerySet[Heartbeat]:
    """Heartbeats, with team and service: everybody who is signed in may see them."""
    rows = Heartbeat.objects.select_related("team", "service")
    return rows if actor.may(Action.SEE) else rows.none()


def checks_visible_to(actor: Actor) -> QuerySet[Check]:
    """Checks, with team and service: everybody who is signed in may see them."""
    rows = Check.objects.select_related("team", "service")
    return rows if actor.may(Action.SEE) else rows.none()


def heartbeat_by(actor: Actor, slug: str) -> Heartbeat:
    """:raises NotFound: there is none."""
    return _found(heartbeats_visible_to(actor), "heartbeat", slug)


def check_by(actor: Actor, slug: str) -> Check:
    """:raises NotFound: there is none."""
    return _found(checks_visible_to(actor), "check", slug)


def _found(rows: QuerySet[M], noun: str, slug: str) -> M:
    return one(rows, noun, slug=slug)


def ping_url(actor: Actor, heartbeat: Heartbeat) -> str | None:
    """The address to ping; None for those who may not manage it."""
    if not actor.may(Action.MANAGE, heartbeat.team):
        return None
    return f"{conf.current().url.rstrip('/')}/ping/{heartbeat.key}"


def bars(monitors: list[Heartbeat] | list[Check], days: int) -> dict[int, Bar]:
    """What each of the last days was like, for each monitor; one query."""
    if not monitors:
        return {}
    field = "heartbeat" if isinstance(monitors[0], Heartbeat) else "monitor"
    today = clock.now().date()
    first = today - timedelta(days=days - 1)
    rows = MonitorDay.objects.filter(**{f"{field}__in": monitors}, day__gte=first)
    found = {(getattr(row, f"{field}_id"), row.day): row for row in rows}
    return {
        each.pk: [_day(found.get((each.pk, day)), day) for day in (first + timedelta(days=n) for n in range(days))]
        for each in monitors
    }


def _day(row: MonitorDay | None, day: date) -> tuple[date, str, str]:
    if row is None or not row.good + row.bad:
        return day, "unknown", "no data"
    if not row.bad:
        return day, "ok", f"{row.good} good"
    state = "partial_outage" if row.good else "major_outage"
    return day, state, f"{row.good} good, {row.bad} bad"
