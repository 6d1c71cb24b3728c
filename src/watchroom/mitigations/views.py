"""Pages of the catalog, and starting and finishing a mitigation in an incident."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ..accounts.forms import blame
from ..accounts.models import Team
from ..accounts.roles import Action
from ..api.pages import page
from ..incidents.queries import incident_for
from ..kernel.errors import Refused, WatchroomError
from ..kernel.numbers import whole
from ..kernel.plugins import all_of, one_of
from ..paging.proposed import of_ones_own
from ..runners.base import RunFailed
from ..web.middleware import actor_of
from . import commands, queries
from .commands.agents import KIND
from .commands.runners import GROUP
from .forms import INPUT, MitigationForm, RunnerForm
from .models import Mitigation

PAGE = 50


def mitigations(request: HttpRequest) -> HttpResponse:
    """The catalog."""
    by = actor_of(request)
    rows = queries.visible_to(by).order_by("-id")
    team, words, after = (
        request.GET.get("team", ""),
        request.GET.get("q", "").strip(),
        whole(request.GET.get("after", "")),
    )
    rows = rows.filter(team__slug=team) if team else rows
    rows = rows.filter(name__icontains=words) if words else rows
    found = list((rows if after is None else rows.filter(pk__lt=after))[: PAGE + 1])
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
    # The form changes the object that it is given, so it has one of its own.
    own = queries.mitigation_by(by, slug) if slug else None
    runner = request.POST.get("runner", "")
    if request.method == "POST" and runner and request.POST.get("shown", "") != runner:
        # Another runner was chosen: it has questions of its own, which nobody has seen yet.
        form = MitigationForm(actor=by, instance=own, initial=request.POST.dict(), runner=runner)
        return _edit_page(request, form, found, may_edit)
    form = MitigationForm(request.POST or None, instance=own, actor=by, runner=runner)
    if request.method == "POST":
        if found is not None:
            by.require(Action.MANAGE, found.team)
        if request.POST.get("do") == "delete" and found is not None:
            commands.delete_mitigation(by, found)
            messages.success(request, f"“{found.name}” is removed.")
            return redirect("mitigations")
        if form.is_valid():
            try:
                saved = commands.save_mitigation(by, found, **form.values())
            except Refused as error:
                if error.field in form.questions:
                    error.field = f"{INPUT}{error.field}"
                blame(form, error)
            else:
                messages.success(request, f"“{saved.name}” is saved.")
                return redirect("mitigations")
    return _edit_page(request, form, found, may_edit)


@require_POST
def dry_run(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask the target whether it would do it."""
    by = actor_of(request)
    found = queries.mitigation_by(by, slug)
    tried = _tried(lambda: commands.dry_run(by, found))
    form = MitigationForm(instance=queries.mitigation_by(by, slug), actor=by)
    return _edit_page(request, form, found, by.may(Action.MANAGE, found.team), tried)


def _edit_page(
    request: HttpRequest,
    form: MitigationForm,
    found: Mitigation | None,
    may_edit: bool,
    tried: dict[str, Any] | None = None,
) -> HttpResponse:
    by = actor_of(request)
    plugin = all_of(GROUP).get(found.runner.kind) if found and found.runner else None
    runs = queries.runs_visible_to(by).filter(mitigation=found).order_by("-id")[:10] if found else []
    context = {
        "form": form,
        "mitigation": found,
        "may_edit": may_edit,
        "runs": runs,
        "plan": queries.plan_of(found) if found else "",
        "may_rehearse": found and plugin and plugin.has_dry_run and by.may(Action.RESPOND, found.team),
        "tried": tried,
    }
    return render(request, "mitigations/edit.html", context, status=422 if form.errors else 200)


def _tried(ask: Callable[[], str]) -> dict[str, Any]:
    """What came of asking the other side. What is wrong with the request is raised."""
    try:
        return {"ok": True, "text": ask()}
    except RunFailed as error:
        return {"ok": False, "text": str(error)}


def runners(request: HttpRequest) -> HttpResponse:
    """``/runners``: what carries mitigations out."""
    by = actor_of(request)
    rows, older = page(queries.runners_visible_to(by), cursor=request.GET.get("after"), limit=PAGE, key="name")
    kinds = all_of(GROUP)
    context = {
        "runners": [
            (row, kinds[row.kind].label, kinds[row.kind].describe(row.settings))
            if row.kind in kinds
            else (row, row.kind, "Its plugin is not installed.")
            for row in rows
        ],
        "older": older,
        "kinds": kinds.values(),
        "may_add": by.teams_where(Action.MANAGE).exists(),
    }
    return render(request, "mitigations/runners.html", context)


def runner_edit(request: HttpRequest, slug: str = "") -> HttpResponse:
    """``/runners/new?kind=github`` and ``/runners/<slug>``; "Try it" shows what the other side answered."""
    by = actor_of(request)
    row = queries.runner_by(by, slug) if slug else None
    if row is not None:
        by.require(Action.MANAGE, row.team)
    elif not by.teams_where(Action.MANAGE).exists():
        by.require(Action.MANAGE)
    kind = row.kind if row else request.GET.get("kind", "")
    if not kind:
        return render(request, "mitigations/runner_kinds.html", {"kinds": all_of(GROUP).values()})
    plugin = one_of(GROUP, kind)
    form = RunnerForm(request.POST or None, actor=by, kind=kind, runner=row)
    tried: dict[str, Any] | None = None
    if request.method == "POST" and form.is_valid():
        team, settings = form.cleaned_data["team"], form.settings()
        try:
            if request.POST.get("do") == "try":
                tried = _tried(lambda: commands.try_runner(by, team=team, kind=kind, settings=settings, before=row))
            else:
                saved = commands.save_runner(
                    by, row, team=team, kind=kind, name=form.cleaned_data["name"], settings=settings
                )
                messages.success(request, f"“{saved.name}” is saved.")
                return redirect("runners")
        except WatchroomError as error:
            blame(form, error)
    using = list(row.mitigations.all()[:100]) if row else []
    context = {"form": form, "runner": row, "plugin": plugin, "tried": tried, "using": using}
    context |= {"asks": kind == KIND, "agent": getattr(row, "agent", None) if row else None}
    return render(request, "mitigations/runner_form.html", context, status=422 if form.errors else 200)


@require_POST
def runner_delete(request: HttpRequest, slug: str) -> HttpResponse:
    """Carry nothing out there any more."""
    by = actor_of(request)
    row = queries.runner_by(by, slug)
    commands.delete_runner(by, row)
    messages.success(request, f"“{row.name}” is deleted.")
    return redirect("runners")


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
        client_key=of_ones_own(request.POST.get("client_key", "")),
    )
    return redirect(f"/incidents/{pk}#mitigations")


@require_POST
def finish(request: HttpRequest, pk: int) -> HttpResponse:
    """Record what came of it."""
    by = actor_of(request)
    run = queries.run_for(by, pk)
    commands.finish(by, run, outcome=request.POST.get("outcome", ""), note=request.POST.get("note", ""))
    return redirect("incident", run.incident_id)


@require_POST
def tick(request: HttpRequest, pk: int) -> HttpResponse:
    """Tick off a step of what is done by hand, or take that back."""
    by = actor_of(request)
    run = queries.run_for(by, pk)
    step = whole(request.POST.get("step", ""), 3) or 0
    commands.tick(by, run, step, done=request.POST.get("done") != "no")
    return redirect(f"/incidents/{run.incident_id}#mitigations")


@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve, as the second person, or decline."""
    by = actor_of(request)
    run = queries.run_for(by, pk)
    commands.decide(by, run, approve=request.POST.get("answer") == "approve")
    return redirect(f"/incidents/{run.incident_id}#mitigations")
