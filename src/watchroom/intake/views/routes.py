"""The routing tree, and what it does with labels that one tries."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...accounts.actors import Actor
from ...accounts.models import Team
from ...accounts.roles import Action
from ...catalog.models import Service
from ...kernel.errors import Conflict, NotFound, Refused
from ...paging.models import EscalationPolicy
from ...web.middleware import actor_of
from .. import commands
from ..models import Route
from ..queries import routes_visible_to
from ..routing import tree
from ..rules import Outcome, routes_of


def route_for(actor: Actor, pk: int) -> Route:
    """One route. Raises ``NotFound`` when there is none that ``actor`` may see."""
    found = routes_visible_to(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound(f"There is no route {pk}.", field="id", value=pk, fix="See the list of routes.")
    return found


def tried(text: str) -> tuple[dict[str, str], list[Outcome]]:
    """Labels written as ``name=value`` (by spaces or lines), and the routes that take them.

    :raises Refused: a word is not ``name=value``.
    """
    labels = {}
    for word in text.split():
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise Refused(
                "That is not a label.", field="labels", value=word, fix="Write name=value, such as team=payments."
            )
        labels[name] = value.strip('"')
    return labels, routes_of(tree(), labels) if labels else []


def index(request: HttpRequest) -> HttpResponse:
    """The tree and the tester."""
    actor = actor_of(request)
    text = request.GET.get("labels", "")
    labels, outcomes = tried(text)
    services, policies = Service.objects.in_bulk(), EscalationPolicy.objects.in_bulk()
    context = {
        "manages": actor.teams_where(Action.MANAGE).exists(),
        "routes": [(range(depth), route) for depth, route in _ordered(list(routes_visible_to(actor)))],
        "labels": text,
        "outcomes": [
            {
                "path": " → ".join(each.path),
                "group_by": ", ".join(each.group_by),
                "wait": each.group_wait_seconds,
                "service": services.get(each.service or 0),
                "policy": policies.get(each.policy or 0),
            }
            for each in outcomes
        ],
        "tried": bool(labels),
    }
    return render(request, "intake/routes.html", context)


def _ordered(routes: list[Route]) -> list[tuple[int, Route]]:
    """Depth first, as they are tried: (depth, route)."""
    children: dict[int | None, list[Route]] = {}
    for route in sorted(routes, key=lambda each: (each.position, each.pk)):
        children.setdefault(route.parent_id, []).append(route)

    def below(parent: int | None, depth: int) -> list[tuple[int, Route]]:
        found: list[tuple[int, Route]] = []
        for route in children.get(parent, []):
            found += [(depth, route), *below(route.pk, depth + 1)]
        return found

    return below(None, 0)


def edit(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Make a route, or change one."""
    actor = actor_of(request)
    route = route_for(actor, pk) if pk else None
    error, given = None, request.POST
    if request.method == "POST":
        try:
            commands.save_route(actor, route, **_fields(given))
        except (Refused, Conflict) as refused:
            error = refused
        else:
            return redirect("routes")
    context = {
        "route": route,
        "values": given if request.method == "POST" else _values_of(route),
        "error": error,
        "parents": Route.objects.exclude(pk=pk or 0),
        "teams": Team.objects.all(),
        "services": Service.objects.order_by("name"),
        "policies": EscalationPolicy.objects.all(),
    }
    return render(request, "intake/route_form.html", context, status=422 if error else 200)


def _fields(given: QueryDict) -> dict[str, Any]:
    """What the form says, as the command wants it."""
    return {
        "name": given.get("name", ""),
        "parent": Route.objects.filter(pk=_number(given.get("parent"), "parent") or 0).first(),
        "position": _number(given.get("position"), "position") or 0,
        "team": Team.objects.filter(slug=given.get("team", "")).first(),
        "matchers": [line for line in given.get("matchers", "").splitlines() if line.strip()],
        "goes_on": bool(given.get("goes_on")),
        "group_by": given.get("group_by", "").replace(",", " ").split() or None,
        "group_wait_seconds": _number(given.get("group_wait_seconds"), "group_wait_seconds"),
        "service": Service.objects.filter(slug=given.get("service", "")).first(),
        "policy": EscalationPolicy.objects.filter(slug=given.get("policy", "")).first(),
        "urgency": given.get("urgency", ""),
    }


def _values_of(route: Route | None) -> dict[str, Any]:
    """A route as its form shows it."""
    if route is None:
        return {"position": 0}
    return {
        "name": route.name,
        "parent": str(route.parent_id or ""),
        "position": route.position,
        "team": route.team.slug if route.team else "",
        "matchers": "\n".join(route.matchers),
        "goes_on": route.goes_on,
        "group_by": " ".join(route.group_by or []),
        "group_wait_seconds": "" if route.group_wait_seconds is None else route.group_wait_seconds,
        "service": route.service.slug if route.service else "",
        "policy": route.policy.slug if route.policy else "",
        "urgency": route.urgency,
    }


def _number(text: str | None, field: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal():
        raise Refused("That is not a number.", field=field, value=text, fix="Use a whole number.")
    return int(text)


@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a route and those below it."""
    actor = actor_of(request)
    commands.delete_route(actor, route_for(actor, pk))
    return redirect("routes")
