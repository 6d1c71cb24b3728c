"""Incident types, and of which type an incident is."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...accounts.queries import team_by
from ...accounts.roles import Action
from ...kernel.errors import Conflict, NotFound, Refused, WatchroomError
from ...web.middleware import actor_of
from .. import commands, queries
from ..type_forms import BLANK_ROWS, KINDS, REQUIRED, TypeOfForm, rows_of


def types(request: HttpRequest) -> HttpResponse:
    """All incident types."""
    by = actor_of(request)
    context = {"types": queries.types_visible_to(by), "may_make": by.teams_where(Action.MANAGE).exists()}
    return render(request, "incidents/types.html", context)


def type(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    """Make an incident type, or change one."""
    by = actor_of(request)
    row = queries.type_by(by, slug) if slug else None
    error: WatchroomError | None = None
    if request.method == "POST":
        written: dict[str, Any] = {
            name: request.POST.get(name, "").strip() for name in ("name", "team", "description")
        } | {name: bool(request.POST.get(name)) for name in ("private", "offered")}
        written["fields"] = rows_of(request.POST)
        try:
            commands.save_type(by, row, **(written | {"team": team_by(written["team"])}))
        except (Refused, Conflict, NotFound) as refused:
            error = refused
        else:
            messages.success(request, "Saved.")
            return redirect("incident-types")
    elif row is not None:
        names = ("name", "description", "private", "offered", "fields")
        written = {name: getattr(row, name) for name in names} | {"team": row.team.slug}
    else:
        written = {"offered": True, "fields": []}
    rows = [*written["fields"], *({"kind": "text", "required": "never", "shown": True} for _ in range(BLANK_ROWS))]
    context = {
        "type": row,
        "written": written,
        "rows": [{**each, "number": number} for number, each in enumerate(rows)],
        "error": error,
        "teams": by.teams_where(Action.MANAGE),
        "may_save": by.may(Action.MANAGE, row.team) if row else True,
        "kinds": KINDS.items(),
        "required": REQUIRED.items(),
    }
    return render(request, "incidents/type.html", context, status=error.status if error else 200)


@require_POST
def delete_type(request: HttpRequest, slug: str) -> HttpResponse:
    """Delete a type that no incident has."""
    by = actor_of(request)
    commands.delete_type(by, queries.type_by(by, slug))
    return redirect("incident-types")


def type_of(request: HttpRequest, pk: int) -> HttpResponse:
    """Say of which type an incident is, and answer what the type asks."""
    by = actor_of(request)
    found = queries.incident_for(by, pk)
    form = TypeOfForm(request.POST or None, incident=found, chosen=request.GET.get("type"))
    if request.method == "POST" and form.is_valid():
        commands.set_type(by, found, form.cleaned_data.get("type"), form.answers())
        return redirect("incident", pk)
    context = {"incident": found, "form": form}
    return render(request, "incidents/type_of.html", context, status=422 if form.errors else 200)
