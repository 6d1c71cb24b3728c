"""Pages of the catalog, and starting and finishing a mitigation in an incident."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ..accounts.models import Team
from ..accounts.roles import Action
from ..incidents.queries import incident_for
from ..web.middleware import actor_of
from . import commands, queries
from .forms import MitigationForm

PAGE = 50


def mitigations(request: HttpRequest) -> HttpResponse:
    """The catalog."""
    by = actor_of(request)
    rows = queries.visible_to(by).order_by("-id")
    team, words, after = request.GET.get("team", ""), request.GET.get("q", "").strip(), request.GET.get("after", "")
    rows = rows.filter(team__slug=team) if team else rows
    rows = rows.filter(name__icontains=words) if words else rows
    found = list((rows.filter(pk__lt=int(after)) if after.isdecimal() else rows)[: PAGE + 1])
    return render(
        request,
        "mitigations/list.html",
        {
            "mitigations": found[:PAGE],
            "older": found[PAGE - 1].pk if len(found) > PAGE else None,
            "teams": Team.objects.all(),
            "team": team,
            "narrowed": bool(team or words),
            "may_add": by.teams_where(Action.MANAGE).exists(),
        },
    )


def edit(request: HttpRequest, slug: str = "") -> HttpResponse:
    """One mitigation, or a new one."""
    by = actor_of(request)
    found = queries.mitigation_by(by, slug) if slug else None
    may_edit = by.may(Action.MANAGE, found.team) if found else by.teams_where(Action.MANAGE).exists()
    if found is None and not may_edit:
        by.require(Action.MANAGE)
    form = MitigationForm(request.POST or None, instance=queries.mitigation_by(by, slug) if slug else None, actor=by)
    if request.method == "POST":
        if found is not None:
            by.require(Action.MANAGE, found.team)
        if request.POST.get("do") == "delete" and found is not None:
            commands.delete_mitigation(by, found)
            messages.success(request, f"“{found.name}” is removed.")
            return redirect("mitigations")
        if form.is_valid():
            saved = commands.save_mitigation(by, found, **form.cleaned_data)
            messages.success(request, f"“{saved.name}” is saved.")
            return redirect("mitigations")
    runs = queries.runs_visible_to(by).filter(mitigation=found).order_by("-id")[:10] if found else []
    return render(
        request,
        "mitigations/edit.html",
        {"form": form, "mitigation": found, "may_edit": may_edit, "runs": runs},
        status=422 if form.errors else 200,
    )


@require_POST
def start(request: HttpRequest, pk: int) -> HttpResponse:
    """Start one in an incident: from the catalog or one's own."""
    by = actor_of(request)
    incident = incident_for(by, pk)
    slug = request.POST.get("mitigation", "")
    commands.start(
        by,
        incident,
        mitigation=queries.mitigation_by(by, slug) if slug else None,
        kind=request.POST.get("kind", ""),
        title=request.POST.get("title", ""),
        client_key=request.POST.get("client_key", ""),
    )
    return redirect(f"/incidents/{pk}#mitigations")


@require_POST
def finish(request: HttpRequest, pk: int) -> HttpResponse:
    """Record what came of it."""
    by = actor_of(request)
    run = queries.run_for(by, pk)
    commands.finish(by, run, outcome=request.POST.get("outcome", ""), note=request.POST.get("note", ""))
    return redirect("incident", run.incident_id)
