"""Connections: the list, the form, and trying one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...accounts.forms import blame
from ...accounts.roles import Action
from ...api.pages import page
from ...kernel.errors import WatchroomError
from ...kernel.plugins import all_of, one_of
from ...web.middleware import actor_of
from .. import commands, queries
from ..asking import desk
from ..commands.connections import GROUP
from ..forms import ConnectionForm


def connections(request: HttpRequest) -> HttpResponse:
    """``/connections``: whom Watchroom asks for evidence, and whether they answered."""
    by = actor_of(request)
    rows, older = page(queries.connections_visible_to(by), cursor=request.GET.get("after"), limit=50, key="name")
    kinds = all_of(GROUP)
    context = {
        "connections": [
            (row, kinds[row.kind].label if row.kind in kinds else row.kind, _place(kinds, row)) for row in rows
        ],
        "older": older,
        "kinds": kinds.values(),
        "may_add": by.teams_where(Action.MANAGE).exists(),
    }
    return render(request, "evidence/connections.html", context)


def _place(kinds: dict[str, Any], row: Any) -> str:
    return kinds[row.kind].describe(row.settings) if row.kind in kinds else "The connector is not installed."


def connection_edit(request: HttpRequest, slug: str = "") -> HttpResponse:
    """``/connections/new?kind=prometheus`` and ``/connections/<slug>``; "Try it" shows what the server answers."""
    by = actor_of(request)
    row = queries.connection_by(by, slug) if slug else None
    if row is not None:
        by.require(Action.MANAGE, row.team)
    elif not by.teams_where(Action.MANAGE).exists():
        by.require(Action.MANAGE)
    kind = row.kind if row else request.GET.get("kind", "")
    if not kind:
        return render(request, "evidence/connection_kinds.html", {"kinds": all_of(GROUP).values()})
    connector = one_of(GROUP, kind)
    form = ConnectionForm(request.POST or None, actor=by, kind=kind, connection=row)
    tried: dict[str, Any] | None = None
    if request.method == "POST" and form.is_valid():
        team = form.cleaned_data["team"]
        try:
            if request.POST.get("do") == "try":
                tried = _tried(
                    lambda: commands.try_settings(by, team=team, kind=kind, settings=form.settings(), before=row)
                )
            else:
                saved = commands.save_connection(
                    by, row, team=team, kind=kind, name=form.cleaned_data["name"], settings=form.settings()
                )
                desk.forget()
                messages.success(request, f"“{saved.name}” is saved.")
                return redirect("connections")
        except WatchroomError as error:
            blame(form, error)
    context = {
        "form": form,
        "connection": row,
        "connector": connector,
        "tried": tried,
        "indicators": queries.indicators_visible_to(by).filter(connection=row)[:100] if row else (),
    }
    return render(request, "evidence/connection_form.html", context, status=422 if form.errors else 200)


def _tried(ask: Any) -> dict[str, Any]:
    """What came of trying. What is wrong with the form is raised; what the server did is shown."""
    try:
        return {"ok": True, "text": ask()}
    except WatchroomError as error:
        if error.field:
            raise
        return {"ok": False, "text": str(error)}


@require_POST
def connection_delete(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask it no more."""
    by = actor_of(request)
    row = queries.connection_by(by, slug)
    commands.delete_connection(by, row)
    messages.success(request, f"“{row.name}” is deleted.")
    return redirect("connections")
