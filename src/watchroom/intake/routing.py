"""The routing tree as it is stored, in the form that the rules walk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from django.db.models import QuerySet

from ..kernel.prepared import prepared
from .matchers import Matcher, matcher
from .models import Route, TimeInterval
from .rules import Node
from .rules.declaring import stored
from .rules.intervals import Interval, interval


def tree() -> Node:
    """The whole tree. Without any stored root there is one that takes everything and inherits from the integration."""
    children: dict[int | None, list[Route]] = defaultdict(list)
    for route in _routes():
        children[route.parent_id].append(route)

    intervals = _intervals(children)

    def named(names: list[str] | None) -> tuple[Interval, ...]:
        return tuple(intervals[name] for name in names or () if name in intervals)

    def node(route: Route) -> Node:
        return Node(
            key=route.pk,
            name=route.name,
            matchers=tuple(matcher(text) for text in route.matchers),
            goes_on=route.goes_on,
            group_by=tuple(route.group_by) if route.group_by is not None else None,
            group_wait_seconds=route.group_wait_seconds,
            group_interval_seconds=route.group_interval_seconds,
            repeat_interval_seconds=route.repeat_interval_seconds,
            service=route.service_id,
            service_label=route.service_label,
            policy=route.policy_id,
            urgency=route.urgency,
            severities=_severities(route),
            mute=named(route.mute_intervals),
            active=named(route.active_intervals),
            low_during=None if route.low_urgency_intervals is None else named(route.low_urgency_intervals),
            declares=stored(route.declares),
            children=tuple(node(child) for child in children[route.pk]),
        )

    # Routes without a parent are children of a root that is always there, so that nothing is ever without a route.
    return Node(key=0, name="everything else", children=tuple(node(route) for route in children[None]))


@prepared
def _routes() -> QuerySet[Route]:
    return Route.objects.order_by("position", "id")


def _severities(route: Route) -> tuple[tuple[str, Matcher], ...] | None:
    if route.severities is None:
        return None
    return tuple((each["severity"], matcher(each["matcher"])) for each in route.severities)


def _intervals(routes: Mapping[int | None, Iterable[Route]]) -> dict[str, Interval]:
    """The time intervals by name; without a query where no route names one."""
    each = (route for below in routes.values() for route in below)
    if not any(route.mute_intervals or route.active_intervals or route.low_urgency_intervals for route in each):
        return {}
    return {row.name: interval(row.name, row.intervals) for row in TimeInterval.objects.all()}
