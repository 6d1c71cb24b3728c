"""Pages about services."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ..accounts.forms import blame
from ..accounts.queries import teams_visible_to
from ..accounts.roles import Action
from ..incidents.models import Incident
from ..incidents.queries import visible_to as incidents_visible_to
from ..intake.queries import groups_visible_to
from ..kernel import clock
from ..kernel.errors import WatchroomError
from ..kernel.numbers import whole
from ..paging.queries import dry_run
from ..readiness.queries.standing import lacks_of_service
from ..web.middleware import actor_of
from . import commands, queries
from .forms import ServiceForm
from .models import Service

_MOST = 200  # more than this is for the search


def services(request: HttpRequest) -> HttpResponseBase:
    """``/services``: the catalog, the most important first."""
    by = actor_of(request)
    rows = queries.services_visible_to(by).prefetch_related("links")
    read = request.GET.get
    if text := read("q", "").strip():
        rows = rows.filter(Q(name__icontains=text) | Q(description__icontains=text) | Q(slug__icontains=text))
    if (team := whole(read("team", ""))) is not None:
        rows = rows.filter(team=team)
    if (tier := whole(read("tier", ""))) is not None:
        rows = rows.filter(tier=tier)
    found = list(rows[: _MOST + 1])
    needs, needed_by = queries.counts_of(found)
    firing = set(
        groups_visible_to(by)
        .filter(resolved_at=None, service__in=[row.pk for row in found])
        .order_by()
        .values_list("service_id", flat=True)
    )
    context = {
        "services": [(row, row.pk in firing, needs.get(row.pk, 0), needed_by.get(row.pk, 0)) for row in found[:_MOST]],
        "more": len(found) > _MOST,
        "teams": teams_visible_to(by).prefetch_related(None),
        "tiers": [(tier, f"Tier {tier}") for tier in Service.Tier.values],
        "may_add": by.teams_where(Action.MANAGE).exists(),
    }
    return render(request, "catalog/services.html", context)


def service(request: HttpRequest, slug: str) -> HttpResponseBase:
    """``/services/<slug>``: everything that one needs when it breaks."""
    by = actor_of(request)
    row = queries.service_by(by, slug)
    needs, needed_by = queries.around(by, row, _MOST + 1)
    near = {each.pk for each, _ in needs} | {row.pk}
    groups = list(groups_visible_to(by).filter(resolved_at=None, service__in=near).order_by("-id")[:50])
    upcoming = dry_run(row.policy, clock.now(), most=3) if row.policy else []
    context = {
        "service": row,
        "links": row.links.all(),
        "needs": needs[:_MOST],
        "more_needs": len(needs) > _MOST,
        "needed_by": needed_by[:_MOST],
        "more_needed_by": len(needed_by) > _MOST,
        "groups": [group for group in groups if group.service_id == row.pk],
        "groups_below": [group for group in groups if group.service_id != row.pk],
        "incidents": incidents_visible_to(by).filter(services=row).exclude(status=Incident.Status.RESOLVED)[:20],
        "upcoming": upcoming,
        "lacks": lacks_of_service(row),
        "may_manage": by.may(Action.MANAGE, row.team),
        "may_page": by.may(Action.RESPOND),
    }
    return render(request, "catalog/service.html", context)


def service_edit(request: HttpRequest, slug: str = "") -> HttpResponseBase:
    """``/services/new`` and ``/services/<slug>/edit``."""
    by = actor_of(request)
    row = queries.service_by(by, slug) if slug else None
    if row is not None:
        by.require(Action.MANAGE, row.team)
    elif not by.teams_where(Action.MANAGE).exists():
        by.require(Action.MANAGE)
    form = ServiceForm(request.POST or None, actor=by, service=row)
    if request.method == "POST" and form.is_valid():
        try:
            saved = commands.save_service(by, row, **form.values())
        except WatchroomError as error:
            blame(form, error)
        else:
            messages.success(request, "Saved.")
            return redirect("service", saved.slug)
    may_add_team = by.may(Action.ADMINISTER)
    context = {
        "form": form,
        "service": row,
        "may_add_team": may_add_team,
        "teams_exist": by.teams_where(Action.MANAGE).exists(),
    }
    return render(request, "catalog/service_form.html", context, status=422 if form.errors else 200)


@require_POST
def service_delete(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Delete a service that nothing points to."""
    by = actor_of(request)
    row = queries.service_by(by, slug)
    commands.delete_service(by, row)
    messages.success(request, f"The service {row.name} is deleted.")
    return redirect("services")
