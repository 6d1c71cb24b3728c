"""The routing tree."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import IntegrityError

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Team
from ...accounts.roles import Action
from ...catalog.models import Service
from ...kernel.errors import Conflict, Refused
from ...paging.models import EscalationPolicy, Urgency
from ..matchers import matcher
from ..models import Route


def save_route(
    by: Actor,
    route: Route | None,
    *,
    name: str,
    parent: Route | None = None,
    position: int = 0,
    team: Team | None = None,
    matchers: Sequence[str] = (),
    goes_on: bool = False,
    group_by: Sequence[str] | None = None,
    group_wait_seconds: int | None = None,
    service: Service | None = None,
    policy: EscalationPolicy | None = None,
    urgency: str = "",
) -> Route:
    """Create a route or change it.

    :raises Refused: a matcher can't be read, no matcher at all, an unknown urgency, or a parent below itself.
    """
    if not name.strip():
        raise Refused("A route needs a name.", field="name", value=name, fix="Say what it catches.")
    if not matchers:
        raise Refused(
            "A route without matchers would take everything.",
            field="matchers",
            value=[],
            fix='Add at least one, such as team="payments".',
        )
    clean = []
    for number, text in enumerate(matchers):
        try:
            clean.append(str(matcher(text)))
        except ValueError as error:
            raise Refused(
                "That matcher is not accepted.", field=f"matchers[{number}]", value=text, fix=f"{error}."
            ) from None
    if urgency and urgency not in Urgency.values:
        raise Refused(
            "There is no such urgency.", field="urgency", value=urgency, fix="Use high, low, or leave it empty."
        )
    if group_wait_seconds is not None and not 0 <= group_wait_seconds <= 3600:
        raise Refused(
            "That wait is not accepted.",
            field="group_wait_seconds",
            value=group_wait_seconds,
            fix="Use 0 to 3600 seconds.",
        )
    above = parent
    while above is not None:
        if route is not None and above.pk == route.pk:
            raise Refused(
                "A route can't be below itself.", field="parent", value=str(parent), fix="Choose another parent."
            )
        above = above.parent
    route = route or Route()
    if route.pk:
        by.require(Action.MANAGE, route.team)
    with change(by, "route.changed" if route.pk else "route.created", route, needs=Action.MANAGE, team=team) as made:
        route.name, route.parent, route.position, route.team = name.strip(), parent, position, team
        route.matchers, route.goes_on = clean, goes_on
        route.group_by = list(group_by) if group_by is not None else None
        route.group_wait_seconds, route.service, route.policy, route.urgency = (
            group_wait_seconds,
            service,
            policy,
            urgency,
        )
        try:
            route.save()
        except IntegrityError:
            raise Conflict(
                f"There is already a route {name!r}.", field="name", value=name, fix="Choose another name."
            ) from None
        made.note(matchers=clean)
        made.touch("routes")
    return route


def delete_route(by: Actor, route: Route) -> None:
    """Delete a route and those below it. What it has opened stays as it is."""
    with change(by, "route.deleted", None, needs=Action.MANAGE, team=route.team) as made:
        made.note(name=route.name)
        made.touch("routes")
        route.delete()
