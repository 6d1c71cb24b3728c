"""The routing tree, and what it does with labels that one tries."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import yaml
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...accounts.actors import Actor
from ...accounts.models import Team
from ...accounts.roles import Action
from ...catalog.models import Service
from ...incidents.models import IncidentType
from ...insights.grouping import suggestions_visible_to
from ...kernel import clock, yamls
from ...kernel.errors import Conflict, NotAllowed, Refused
from ...kernel.finding import one
from ...kernel.numbers import whole
from ...paging.models import EscalationPolicy
from ...web.middleware import actor_of
from .. import commands
from ..models import Route, Severity, TimeInterval
from ..queries import intervals_visible_to, routes_visible_to
from ..rules import Declares
from ..rules.declaring import Said
from ..rules.intervals import in_words, interval
from ..trying import labels_in, try_labels


def route_for(actor: Actor, pk: int) -> Route:
    """One route. Raises ``NotFound`` when there is none that ``actor`` may see."""
    return one(routes_visible_to(actor), "route", pk=pk)


def interval_for(actor: Actor, pk: int) -> TimeInterval:
    """One time interval. Raises ``NotFound`` when there is none that ``actor`` may see."""
    return one(intervals_visible_to(actor), "time interval", pk=pk)


def index(request: HttpRequest) -> HttpResponse:
    """The tree, its hours, and the tester."""
    actor = actor_of(request)
    text = request.GET.get("labels", "")
    error, way = None, None
    try:
        labels = labels_in(text)
        way = try_labels(labels) if labels else None
    except Refused as refused:
        error = refused
    context = {
        "manages": actor.teams_where(Action.MANAGE).exists(),
        "responds": actor.may(Action.RESPOND) or actor.teams_where(Action.RESPOND).exists(),
        "routes": [(range(depth), route) for depth, route in _ordered(list(routes_visible_to(actor)))],
        "intervals": [_interval(row) for row in intervals_visible_to(actor)],
        "labels": text,
        "way": way,
        "visits": [(range(each.depth), each) for each in way.visits] if way else [],
        "administers": actor.may(Action.ADMINISTER),
        "suggested": suggestions_visible_to(actor).filter(state="open").count(),
        "error": error,
    }
    return render(request, "intake/routes.html", context, status=422 if error else 200)


def _interval(row: TimeInterval) -> dict[str, Any]:
    read = interval(row.name, row.intervals)
    return {"row": row, "text": in_words(read), "now": read.holds(clock.now())}


@require_POST
def drill(request: HttpRequest) -> HttpResponse:
    """Send a drill through the routes."""
    text = request.POST.get("labels", "")
    try:
        commands.send_drill(actor_of(request), labels_in(text))
    except (Refused, NotAllowed) as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "The drill is on its way: it pages like a real alert, and ends after 15 minutes.")
    return redirect(f"/routes?{urlencode({'labels': text})}")


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
        "values": _given(given) if request.method == "POST" else _values_of(route),
        "error": error,
        "parents": Route.objects.exclude(pk=pk or 0),
        "teams": Team.objects.all(),
        "services": Service.objects.order_by("name"),
        "policies": EscalationPolicy.objects.all(),
        "intervals": intervals_visible_to(actor),
        "severities": Severity.choices,
        "types": IncidentType.objects.filter(offered=True),
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
        "group_by": _group_by(given.get("group_by", "")),
        "group_wait_seconds": _number(given.get("group_wait_seconds"), "group_wait_seconds"),
        "group_interval_seconds": _number(given.get("group_interval_seconds"), "group_interval_seconds"),
        "repeat_interval_seconds": _number(given.get("repeat_interval_seconds"), "repeat_interval_seconds"),
        "service": Service.objects.filter(slug=given.get("service", "")).first(),
        "service_label": given.get("service_label", ""),
        "severities": _severities(given.get("severities", "")),
        "mute_intervals": given.getlist("mute_intervals"),
        "active_intervals": given.getlist("active_intervals"),
        "low_urgency_intervals": given.getlist("low_urgency_intervals") or None,
        "policy": EscalationPolicy.objects.filter(slug=given.get("policy", "")).first(),
        "urgency": given.get("urgency", ""),
        "declares": _declares(given),
    }


def _declares(given: QueryDict) -> Said:
    """The rule for incidents; None: as above, False: none is declared."""
    if given.get("declares") != "yes":
        return False if given.get("declares") == "no" else None
    return Declares(
        at_least=given.get("declares_at_least", ""),
        after_minutes=_number(given.get("declares_after_minutes"), "declares_after_minutes") or 0,
        severity=_number(given.get("declares_severity"), "declares_severity") or 0,
        type=given.get("declares_type", ""),
        private=bool(given.get("declares_private")),
        triage=bool(given.get("declares_triage")),
        each=bool(given.get("declares_each")),
    )


def _group_by(text: str) -> list[str] | None:
    """Labels; ``-`` is none of them, all in one group; nothing is inherited."""
    words = text.replace(",", " ").split()
    return [] if words == ["-"] else words or None


def _severities(text: str) -> list[commands.SeverityRule] | None:
    """Lines such as ``critical priority="P1"``; None of none."""
    rules = []
    for line in text.splitlines():
        if line.strip():
            severity, _, test = line.strip().partition(" ")
            rules.append(commands.SeverityRule(severity, test.strip()))
    return rules or None


def _given(given: QueryDict) -> dict[str, Any]:
    """What was written, to be shown again."""
    many = ("mute_intervals", "active_intervals", "low_urgency_intervals")
    return {**given.dict(), **{name: given.getlist(name) for name in many}}


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
        "group_by": "-" if route.group_by == [] else " ".join(route.group_by or []),
        "group_wait_seconds": "" if route.group_wait_seconds is None else route.group_wait_seconds,
        "group_interval_seconds": "" if route.group_interval_seconds is None else route.group_interval_seconds,
        "repeat_interval_seconds": "" if route.repeat_interval_seconds is None else route.repeat_interval_seconds,
        "service": route.service.slug if route.service else "",
        "service_label": route.service_label,
        "severities": "\n".join(f"{each['severity']} {each['matcher']}" for each in route.severities or ()),
        "mute_intervals": route.mute_intervals,
        "active_intervals": route.active_intervals,
        "low_urgency_intervals": route.low_urgency_intervals or [],
        "policy": route.policy.slug if route.policy else "",
        "urgency": route.urgency,
        "declares": {None: "", False: "no"}.get(route.declares if not route.declares else True, "yes"),
        **{f"declares_{name}": value for name, value in (route.declares or {}).items()},
    }


def _number(text: str | None, field: str) -> int | None:
    if not text:
        return None
    if (number := whole(text, 9)) is None:
        raise Refused("That is not a number.", field=field, value=text[:40], fix="Use a whole number.")
    return number


@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a route and those below it."""
    actor = actor_of(request)
    commands.delete_route(actor, route_for(actor, pk))
    return redirect("routes")


EXAMPLE = """- weekdays: ['monday:friday']
  times: [{start_time: '09:00', end_time: '17:00'}]
  location: Europe/Berlin
"""


def edit_interval(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Make a time interval, or change one."""
    actor = actor_of(request)
    row = interval_for(actor, pk) if pk else None
    error, given = None, request.POST
    if request.method == "POST":
        try:
            commands.save_interval(
                actor,
                row,
                name=given.get("name", ""),
                intervals=_parts(given.get("intervals", "")),
                team=Team.objects.filter(slug=given.get("team", "")).first(),
            )
        except (Refused, Conflict) as refused:
            error = refused
        else:
            return redirect("routes")
    values: Any = given
    if request.method != "POST":
        values = {
            "name": row.name if row else "",
            "team": row.team.slug if row and row.team else "",
            "intervals": yaml.safe_dump(row.intervals, sort_keys=False) if row else EXAMPLE,
        }
    context = {"interval": row, "values": values, "error": error, "teams": Team.objects.all()}
    return render(request, "intake/interval_form.html", context, status=422 if error else 200)


def _parts(text: str) -> list[Any]:
    try:
        said = yamls.read(text)
    except yamls.NotYaml as wrong:
        raise Refused("That is not accepted.", field="intervals", value=text[:100], fix=str(wrong)) from None
    return said if isinstance(said, list) else [said]


@require_POST
def delete_interval(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a time interval that no route names."""
    actor = actor_of(request)
    try:
        commands.delete_interval(actor, interval_for(actor, pk))
    except Conflict as refused:
        messages.error(request, str(refused))
        return redirect("time-interval", pk)
    return redirect("routes")
