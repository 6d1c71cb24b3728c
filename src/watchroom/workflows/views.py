"""Workflows: the list, one with its run log and its dry run, and the form."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ..accounts.actors import Actor
from ..accounts.queries import team_by
from ..accounts.roles import Action
from ..api.pages import page
from ..incidents.models import Incident
from ..incidents.queries import incident_for
from ..kernel.errors import Conflict, NotFound, Refused, WatchroomError
from ..kernel.numbers import whole
from ..web.middleware import actor_of
from . import commands, forms, queries, rules
from .commands import TRIGGERS
from .deeds import DEEDS
from .forms import OFFERED
from .models import Workflow

PAGE = 50


def index(request: HttpRequest) -> HttpResponse:
    """``/workflows``: what happens by itself."""
    by = actor_of(request)
    rows, older = page(queries.visible_to(by), cursor=request.GET.get("after"), limit=PAGE, key="name")
    context = {
        "workflows": [(row, _when(row), [DEEDS[each["do"]].label for each in row.actions]) for row in rows],
        "older": older,
        "may_add": by.teams_where(Action.MANAGE).exists() or by.may(Action.ADMINISTER),
    }
    return render(request, "workflows/list.html", context)


def _when(row: Workflow) -> list[str]:
    return [OFFERED.get(each) or TRIGGERS.get(each, each).rstrip(".") for each in row.triggers]


def show(request: HttpRequest, slug: str) -> HttpResponse:
    """One workflow; ``?incident=12`` says what it would have done there."""
    by = actor_of(request)
    row = queries.workflow_by(by, slug)
    number = request.GET.get("incident", "").lstrip("#")
    tried, wrong = None, ""
    if number:
        try:
            tried = commands.dry_run(by, row, _incident(by, number))
        except NotFound as error:
            wrong = str(error)
    runs, older = page(
        queries.runs_visible_to(by).filter(workflow=row), cursor=request.GET.get("after"), limit=PAGE, key="-id"
    )
    plan = []
    for action in row.actions:
        try:
            plan.append((DEEDS[action["do"]].said(action), ""))
        except WatchroomError as error:
            plan.append((DEEDS[action["do"]].label, str(error)))
    context = {
        "workflow": row,
        "when": _when(row),
        "conditions": str(rules.Conditions.of(row.conditions)),
        "plan": plan,
        "may": by.may(queries.needed_for(row), row.team),
        "number": number,
        "tried": tried,
        "wrong": wrong,
        "runs": runs,
        "older": older,
    }
    return render(request, "workflows/workflow.html", context)


def edit(request: HttpRequest, slug: str = "") -> HttpResponse:
    """A workflow, or a new one. Its buttons move the list of actions or try what is written; only *Save* keeps anything."""
    by = actor_of(request)
    row = queries.workflow_by(by, slug) if slug else None
    teams = by.teams_where(Action.MANAGE)
    if row is not None:
        by.require(queries.needed_for(row), row.team)
    elif not teams.exists():
        by.require(Action.ADMINISTER)
    draft = (
        forms.Draft.read(request.POST) if request.method == "POST" else forms.Draft.of(row) if row else forms.Draft()
    )
    error: WatchroomError | None = None
    look_at: int | None = None
    trial: dict[str, object] = {"number": request.POST.get("incident", "")}
    what = request.POST.get("do", "save")
    if request.method == "POST":
        try:
            if what == "save":
                saved = _save(by, row, draft)
                messages.success(request, "Saved.")
                return redirect("workflow", saved.slug)
            if what == "try":
                trial["tried"] = commands.dry_run(by, _unsaved(by, row, draft), _incident(by, str(trial["number"])))
            else:
                look_at = draft.turn(f"add:{request.POST.get('kind', '')}" if what == "add" else what)
        except (Refused, Conflict, NotFound) as refused:
            error = refused
    context = forms.shown(draft, look_at=look_at, error=error) | {
        "workflow": row,
        "teams": teams,
        "may_all": by.may(Action.ADMINISTER),
        **trial,
    }
    status = error.status if error is not None and what == "save" else 200
    return render(request, "workflows/form.html", context, status=status)


def _save(by: Actor, row: Workflow | None, draft: forms.Draft) -> Workflow:
    forms.check(draft)
    return commands.save_workflow(
        by,
        row,
        team=team_by(draft.team) if draft.team else None,
        name=draft.name,
        triggers=draft.triggers,
        conditions=draft.conditions,
        actions=draft.actions,
        enabled=row.enabled if row else True,
    )


def _unsaved(by: Actor, row: Workflow | None, draft: forms.Draft) -> Workflow:
    """What is written, as a workflow that nobody has saved."""
    forms.check(draft)
    return Workflow(
        name=draft.name,
        team=team_by(draft.team) if draft.team else None,
        triggers=draft.triggers,
        conditions=commands.checked_conditions(draft.conditions).as_json(),
        actions=commands.checked_actions(draft.actions),
    )


def _incident(by: Actor, written: str) -> Incident:
    if (number := whole(written.strip().lstrip("#"))) is None:
        raise NotFound(
            "That is not the number of an incident.", field="incident", value=written[:40], fix="Such as 12."
        )
    return incident_for(by, number)


@require_POST
def do(request: HttpRequest, slug: str) -> HttpResponse:
    """What the buttons of its page do."""
    by = actor_of(request)
    row = queries.workflow_by(by, slug)
    if request.POST.get("do") == "delete":
        commands.delete_workflow(by, row)
        messages.success(request, f"“{row.name}” is deleted.")
        return redirect("workflows")
    commands.switch(by, row, on=request.POST.get("do") == "on")
    return redirect("workflow", row.slug)


@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Do again what could not be done."""
    by = actor_of(request)
    run = commands.retry(by, queries.run_for(by, pk))
    return redirect("workflow", run.workflow.slug)
