"""Indicators of a service, and the list of changes."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...accounts.forms import blame
from ...accounts.roles import Action
from ...api.pages import page
from ...catalog.queries import service_by, services_visible_to
from ...kernel.errors import WatchroomError
from ...web.middleware import actor_of
from .. import commands, queries
from ..asking import desk
from ..forms import IndicatorForm
from ..models import Change


def indicator_edit(request: HttpRequest, service: str = "", pk: int = 0) -> HttpResponse:
    """``/services/<slug>/indicators/new`` and ``/indicators/<id>``."""
    by = actor_of(request)
    row = queries.indicator_for(by, pk) if pk else None
    of = row.service if row else service_by(by, service)
    by.require(Action.MANAGE, of.team)
    form = IndicatorForm(request.POST or None, actor=by, indicator=row)
    if request.method == "POST" and form.is_valid():
        try:
            saved = commands.save_indicator(by, row, service=of, **form.values())
        except WatchroomError as error:
            blame(form, error)
        else:
            desk.forget()
            messages.success(request, f"“{saved.name}” is saved.")
            return redirect("service", of.slug)
    context = {
        "form": form,
        "indicator": row,
        "service": of,
        "has_connections": queries.connections_visible_to(by).exists(),
    }
    return render(request, "evidence/indicator_form.html", context, status=422 if form.errors else 200)


@require_POST
def indicator_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Judge the service by this no more."""
    by = actor_of(request)
    row = queries.indicator_for(by, pk)
    commands.delete_indicator(by, row)
    messages.success(request, f"“{row.name}” is deleted.")
    return redirect("service", row.service.slug)


def changes(request: HttpRequest) -> HttpResponse:
    """``/changes``: what was changed lately, everywhere or of one service."""
    by = actor_of(request)
    rows = queries.changes_visible_to(by)
    if slug := request.GET.get("service", ""):
        rows = rows.filter(service__slug=slug)
    if (kind := request.GET.get("kind", "")) in Change.Kind.values:
        rows = rows.filter(kind=kind)
    if text := request.GET.get("q", "").strip():
        rows = rows.filter(title__icontains=text)
    found, older = page(rows, cursor=request.GET.get("after"), limit=50, key="-at")
    context = {
        "changes": found,
        "older": older,
        "services": services_visible_to(by).select_related(None).order_by("name"),
        "kinds": Change.Kind.choices,
        "narrowed": any(request.GET.get(name) for name in ("service", "kind", "q", "after")),
    }
    return render(request, "evidence/changes.html", context)
