"""Where people meet: plans, bridges, and the part of an incident's room that shows its channel and call."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ..accounts.forms import blame
from ..accounts.roles import Action
from ..incidents.models import RoleAssignment
from ..incidents.queries import incident_for, needed_to_act
from ..kernel.errors import WatchroomError
from ..kernel.plugins import all_of, one_of
from ..web.middleware import actor_of
from . import commands, queries
from .commands import GROUP
from .forms import BridgeForm, PlanForm
from .models import Venue


def index(request: HttpRequest) -> HttpResponse:
    """``/venues``: plans and bridges."""
    by = actor_of(request)
    kinds = all_of(GROUP)
    context = {
        "plans": [(row, by.may(queries.needed_for(row), row.team)) for row in queries.plans_visible_to(by)[:200]],
        "bridges": [
            (
                row,
                kinds[row.kind].label if row.kind in kinds else row.kind,
                by.may(queries.needed_for(row), row.team),
            )
            for row in queries.bridges_visible_to(by)[:200]
        ],
        "kinds": kinds.values(),
        "may_add": by.teams_where(Action.MANAGE).exists() or by.may(Action.ADMINISTER),
    }
    return render(request, "venues/list.html", context)


def plan(request: HttpRequest, slug: str = "") -> HttpResponse:
    """A plan, or a new one."""
    by = actor_of(request)
    row = queries.plan_by(by, slug) if slug else None
    if row is not None:
        by.require(queries.needed_for(row), row.team)
    elif not by.teams_where(Action.MANAGE).exists():
        by.require(Action.ADMINISTER)
    if request.method == "POST" and request.POST.get("do") == "delete" and row is not None:
        commands.delete_plan(by, row)
        messages.success(request, f"“{row.name}” is deleted.")
        return redirect("venues")
    form = PlanForm(request.POST or None, actor=by, plan=row)
    if request.method == "POST" and form.is_valid():
        try:
            commands.save_plan(by, row, **form.values())
        except WatchroomError as error:
            blame(form, error)
        else:
            messages.success(request, "Saved.")
            return redirect("venues")
    return render(request, "venues/plan.html", {"form": form, "plan": row}, status=422 if form.errors else 200)


def bridge(request: HttpRequest, slug: str = "") -> HttpResponse:
    """A bridge, or a new one (``?kind=zoom``). Saving tries it at once."""
    by = actor_of(request)
    row = queries.bridge_by(by, slug) if slug else None
    if row is not None:
        by.require(queries.needed_for(row), row.team)
    elif not by.teams_where(Action.MANAGE).exists():
        by.require(Action.ADMINISTER)
    kind = row.kind if row else request.GET.get("kind", "")
    plugin = one_of(GROUP, kind)
    if request.method == "POST" and request.POST.get("do") == "delete" and row is not None:
        commands.delete_bridge(by, row)
        messages.success(request, f"“{row.name}” is deleted.")
        return redirect("venues")
    form = BridgeForm(request.POST or None, actor=by, kind=kind, bridge=row)
    if request.method == "POST" and form.is_valid():
        said = {"team": form.cleaned_data["team"], "name": form.cleaned_data["name"]}
        try:
            saved = commands.save_bridge(by, row, kind=kind, settings=form.settings(), **said)
        except WatchroomError as error:
            blame(form, error)
        else:
            try:
                messages.success(request, f"Saved. {commands.try_bridge(by, saved)}")
            except WatchroomError as error:
                messages.error(request, f"Saved, but it does not work yet: {error}")
            return redirect("venues")
    context = {"form": form, "bridge": row, "plugin": plugin}
    return render(request, "venues/bridge.html", context, status=422 if form.errors else 200)


def of_incident(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of a room that says where people meet; POST asks for one."""
    by = actor_of(request)
    incident = incident_for(by, pk)
    if request.method == "POST":
        commands.ask_for(by, incident, request.POST.get("kind", ""))
        return redirect("incident", pk)
    there = {row.kind: row for row in queries.of_incident(incident)}
    holds = by.person is not None and (
        RoleAssignment.objects.filter(incident=incident, person=by.person, ended_at__isnull=True).exists()
    )
    acts = by.may(needed_to_act(by, incident, holds=holds), incident.team)
    rows = []
    for kind, label in Venue.Kind.choices:
        row = there.get(kind)
        offered = incident.is_open and acts and (row is None or row.state == Venue.State.CLOSED)
        if row is not None or (offered and queries.plan_for(incident, kind, by_itself=False)):
            rows.append({"kind": kind, "label": label, "row": row, "offered": offered})
    return render(request, "venues/of_incident.html", {"incident": incident, "rows": rows, "acts": acts})


@require_POST
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Try again, or close."""
    by = actor_of(request)
    row = queries.venue_for(by, pk)
    {"retry": commands.retry, "close": commands.close}.get(request.POST.get("do", ""), commands.retry)(by, row)
    return redirect("incident", row.incident_id)
