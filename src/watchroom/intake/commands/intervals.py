"""Time intervals, and the moments at which they change what a route does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Team
from ...accounts.roles import Action
from ...kernel import clock
from ...kernel.db import claimable
from ...kernel.errors import Conflict, Refused
from ...kernel.names import only_one
from ..models import AlertGroup, Route, TimeInterval
from ..routing import tree
from ..rules import intervals as rules
from ..rules import outcomes_by_route
from .marking import mark

_NAMED_IN = ("mute_intervals", "active_intervals", "low_urgency_intervals")


def save_interval(
    by: Actor, interval: TimeInterval | None, *, name: str, intervals: Sequence[Any], team: Team | None = None
) -> TimeInterval:
    """Make or change a time interval; routes that name it follow at once, also when it gets another name.

    :raises Refused: no name, or a part that can't be read.
    :raises Conflict: another one has this name.
    """
    name = name.strip()
    if not name:
        raise Refused("A time interval needs a name.", field="name", value=name, fix="Say what times it is about.")
    try:
        read = rules.interval(name, intervals)
    except rules.IntervalError as error:
        raise Refused(
            "That time is not accepted.", field=error.field, value=error.value, fix=f"{error.fix.capitalize()}."
        ) from None
    if interval is not None:
        by.require(Action.MANAGE, interval.team)
    verb = "time_interval.changed" if interval else "time_interval.created"
    with change(by, verb, interval, needs=Action.MANAGE, team=team) as made:
        before = interval.name if interval else name
        interval = interval or TimeInterval()
        interval.name, interval.team, interval.intervals = name, team, rules.as_data(read)
        with only_one("time interval", name=name):
            interval.save()
        users = routes_that_name(before)
        if before != name:
            for route in users:
                for field in _NAMED_IN:
                    names = getattr(route, field)
                    if names:
                        setattr(route, field, [name if each == before else each for each in names])
                route.save(update_fields=_NAMED_IN)
        made.note(intervals=interval.intervals)
        made.touch("routes")
        follow_times(users)
        made.due()
    return interval


def delete_interval(by: Actor, interval: TimeInterval) -> None:
    """Delete a time interval that no route names.

    :raises Conflict: a route names it.
    """
    by.require(Action.MANAGE, interval.team)
    users = routes_that_name(interval.name)
    if users:
        raise Conflict(
            f"The route {users[0]} names this time interval.",
            field="name",
            value=interval.name,
            fix="Take it out of the route first.",
        )
    with change(by, "time_interval.deleted", None, needs=Action.MANAGE, team=interval.team) as made:
        made.note(name=interval.name)
        made.touch("routes")
        interval.delete()


def routes_that_name(name: str) -> list[Route]:
    """The routes that mute, page or wait by the interval with this name."""
    return [
        route
        for route in Route.objects.all()
        if any(name in (getattr(route, field) or ()) for field in _NAMED_IN)
    ]  # fmt: skip


def follow_times(changed: Iterable[Route]) -> None:
    """Have the engine look when the intervals of these routes, and of those below them, next change anything, and now at
    what is open there. Inside the caller's transaction."""
    outcomes = outcomes_by_route(tree())
    children: dict[int | None, list[Route]] = {}
    for route in Route.objects.all():
        children.setdefault(route.parent_id, []).append(route)
    reached: dict[int, Route] = {}
    edge = list(changed)
    while edge:
        route = edge.pop()
        if route.pk not in reached:
            reached[route.pk] = route
            edge += children.get(route.pk, [])
    now = clock.now()
    for route in reached.values():
        Route.objects.filter(pk=route.pk).update(turns_at=rules.next_change(outcomes[route.pk].times, now))
    _look_at(reached)


def turn_routes(most: int) -> int:
    """Routes whose time intervals begin or end: what is open there is looked at again."""
    now = clock.now()
    with transaction.atomic():
        routes = list(claimable(Route.objects.filter(turns_at__lte=now).order_by("turns_at"))[:most])
        outcomes = outcomes_by_route(tree()) if routes else {}
        for route in routes:
            outcome = outcomes.get(route.pk)
            route.turns_at = rules.next_change(outcome.times, now) if outcome else None
            route.save(update_fields=["turns_at"])
        _look_at(route.pk for route in routes)
    return len(routes)


def _look_at(routes: Iterable[int]) -> None:
    mark(AlertGroup.objects.filter(route__in=list(routes), resolved_at__isnull=True).values_list("pk", flat=True))


def turns_due() -> datetime | None:
    """When the next route turns."""
    return (
        Route.objects.filter(turns_at__isnull=False)
        .order_by("turns_at")
        .values_list("turns_at", flat=True)
        .first()
    )  # fmt: skip
