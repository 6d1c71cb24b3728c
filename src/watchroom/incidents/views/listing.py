"""The list of incidents, and declaring one."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from ...accounts.models import Team
from ...accounts.roles import Action
from ...intake.queries import groups_visible_to
from ...kernel import clock
from ...kernel.found import show_all
from ...kernel.numbers import whole, wholes
from ...web.middleware import actor_of
from .. import commands, queries, rules
from ..forms import DeclareForm
from ..models import Incident, IncidentType, Phase
from ..rules import custom_fields
from ..severities import all_severities
from ..states import by_phase, states_visible_to

PAGE = 30


def incidents(request: HttpRequest) -> HttpResponse:
    """All incidents, those that are open first by choice of the filter."""
    by = actor_of(request)
    filters = {
        name: request.GET.get(name, "") for name in ("status", "severity", "team", "service", "type", "state", "q")
    }
    filters |= {name: request.GET.get(name, "") for name in request.GET if name.startswith("field.")}
    rows = queries.filtered(queries.listed_for(by), filters).order_by("-id")
    after, before = whole(request.GET.get("after", "")), whole(request.GET.get("before", ""))
    if before is not None:
        found = list(rows.filter(pk__gt=before).order_by("id")[: PAGE + 1])
        newer, older = len(found) > PAGE, True
        shown = found[:PAGE][::-1]
    else:
        found = list((rows if after is None else rows.filter(pk__lt=after))[: PAGE + 1])
        newer, older = after is not None, len(found) > PAGE
        shown = found[:PAGE]
    now, types, states = clock.now(), list(queries.types_visible_to(by)), list(states_visible_to(by))
    times = queries.times_of_many(shown)
    for incident in shown:
        began, ended = times[incident.pk]["started"].at, times[incident.pk].get("resolved")
        incident.started_at, incident.lasted = began, ended.at - began if ended else None  # type: ignore[attr-defined]
        holders = {row.role: row.person for row in incident.holders}  # type: ignore[attr-defined]
        incident.commander = holders.get("commander")  # type: ignore[attr-defined]
        incident.late = incident.is_open and rules.is_overdue(incident.next_update_at, now)  # type: ignore[attr-defined]
    return render(
        request,
        "incidents/list.html",
        {
            "incidents": shown,
            "filters": filters,
            "teams": Team.objects.all(),
            "levels": all_severities().values(),
            "types": types,
            "states": by_phase(states),
            "closes": any(each.phase == Phase.CLOSED for each in states),
            "by_field": _offered_filters(types, filters),
            "open": queries.visible_to(by).exclude(status=Incident.Status.RESOLVED).count(),
            "waiting": queries.filtered(queries.visible_to(by), {"status": "triage"}).count(),
            "narrowed": any(filters.values()),
            "newer": shown[0].pk if shown and newer else None,
            "older": shown[-1].pk if shown and older else None,
        },
    )


def _offered_filters(types: list[IncidentType], filters: dict[str, str]) -> list[tuple[custom_fields.Field, str]]:
    """The fields of the chosen type that its keepers want above the list, each with what is chosen now."""
    chosen = next((each for each in types if each.slug == filters["type"]), None)
    asked = custom_fields.read(chosen.fields) if chosen else ()
    return [(each, filters.get(f"field.{each.key}", "")) for each in asked if each.filtered]


def _declared_before(request: HttpRequest) -> int | None:
    """The incident that this very form has declared already: its answer was lost, and it was sent again."""
    found: int | None = request.session.get("declared", {}).get(request.POST.get("form_key", ""))
    return found


def _remember(request: HttpRequest, incident_id: int) -> None:
    key = request.POST.get("form_key", "")[:64]
    if key:
        request.session["declared"] = dict([*request.session.get("declared", {}).items(), (key, incident_id)][-5:])


def declare(request: HttpRequest) -> HttpResponse:
    """Say that something is wrong. ``?group=7`` starts from alert groups, ``?drill=1&team=SLUG`` within a drill."""
    by = actor_of(request)
    by.require(Action.DECLARE)
    ids = wholes(request.GET.getlist("group"))
    groups = list(groups_visible_to(by).filter(pk__in=ids)) if ids else []
    if request.method == "GET" and groups and (there := queries.open_incident_of(by, groups)):
        messages.info(request, "These alerts already belong to this incident.")
        return redirect("incident", there.pk)
    first = groups[0] if groups else None
    form = DeclareForm(
        request.POST if request.method == "POST" else None,
        actor=by,
        chosen=request.GET.get("type", ""),
        initial={
            "title": request.GET.get("title", "")[:200] or rules.proposed_title([group.title for group in groups]),
            "alert_groups": [group.pk for group in groups],
            "severity": rules.proposed_severity([group.severity for group in groups]),
            "services": [group.service_id for group in groups if group.service_id],
            "team": first.team_id if first else Team.objects.filter(slug=request.GET.get("team", "")).first(),
            "drill": request.GET.get("drill") == "1" or (bool(groups) and all(group.drill for group in groups)),
        },
    )
    show_all(form, request.GET.get("choices") == "all")
    if request.method == "POST" and form.is_valid():
        incident_id = _declared_before(request)
        if incident_id is None:
            incident_id = commands.declare(by, **form.said()).pk
            _remember(request, incident_id)
        return redirect("incident", incident_id)
    if request.method == "POST":
        groups = list(form.cleaned_data.get("alert_groups", []))
    key = request.POST.get("form_key") or uuid.uuid4().hex
    return render(
        request,
        "incidents/declare.html",
        {"form": form, "groups": groups, "form_key": key},
        status=422 if form.errors else 200,
    )
