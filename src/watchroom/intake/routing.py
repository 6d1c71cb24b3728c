"""The routing tree as it is stored, in the form that the rules walk."""

from __future__ import annotations

from collections import defaultdict

from .matchers import matcher
from .models import Route
from .rules import Node


def tree() -> Node:
    """The whole tree. Without any stored root there is one that takes everything and inherits from the integration."""
    children: dict[int | None, list[Route]] = defaultdict(list)
    for route in Route.objects.order_by("position", "id"):
        children[route.parent_id].append(route)

    def node(route: Route) -> Node:
        return Node(
            key=route.pk,
            name=route.name,
            matchers=tuple(matcher(text) for text in route.matchers),
            goes_on=route.goes_on,
            group_by=tuple(route.group_by) if route.group_by is not None else None,
            group_wait_seconds=route.group_wait_seconds,
            service=route.service_id,
            policy=route.policy_id,
            urgency=route.urgency,
            children=tuple(node(child) for child in children[route.pk]),
        )

    # Routes without a parent are children of a root that is always there, so that nothing is ever without a route.
    return Node(key=0, name="everything else", children=tuple(node(route) for route in children[None]))
