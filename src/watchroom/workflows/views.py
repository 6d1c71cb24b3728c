"""Workflows: the list, one with its run log and its dry run, and the form."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ..accounts.forms import blame
from ..accounts.roles import Action
from ..api.pages import page
from ..incidents.queries import incident_for
from ..kernel.errors import NotFound, WatchroomError
from ..web.middleware import actor_of
from . import commands, queries, rules
from .commands import TRIGGERS
from .deeds import DEEDS
from .forms import OFFERED, WorkflowForm, fits_form
from .models import Workflow

PAGE = 50
_FIELDS = {
    "page.people": "page_people", "role.role": "role", "role.schedule": "role_schedule", "tasks.lines": "tasks",
    "update.template": "template", "next_update.minutes": "minutes", "post.workspace": "workspace",
    "post.room": "room", "post.text": "post_text", "log.text": "log_text",
}  # fmt: skip


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
            if not (number.isdecimal() and len(number) < 18):
                raise NotFound("That is not the number of an incident.")
            tried = commands.dry_run(by, row, incident_for(by, int(number)))
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
    """A workflow, or a new one."""
    by = actor_of(request)
    row = queries.workflow_by(by, slug) if slug else None
    if row is not None:
        by.require(queries.needed_for(row), row.team)
    elif not by.teams_where(Action.MANAGE).exists():
        by.require(Action.ADMINISTER)
    if row is not None and not fits_form(row):
        messages.info(
            request, "It does more than the form shows: change it by command line, API or configuration file."
        )
        return redirect("workflow", row.slug)
    form = WorkflowForm(request.POST or None, actor=by, workflow=row)
    if request.method == "POST" and form.is_valid():
        values = form.values(row)
        try:
            saved = commands.save_workflow(by, row, enabled=row.enabled if row else True, **values)
        except WatchroomError as error:
            _point(error, values["actions"])
            blame(form, error)
        else:
            messages.success(request, "Saved. Try it dry on an incident of the past.")
            return redirect("workflow", saved.slug)
    return render(request, "workflows/form.html", {"form": form, "workflow": row}, status=422 if form.errors else 200)


def _point(error: WatchroomError, actions: list[dict[str, object]]) -> None:
    """``actions[2].room`` as the field of the form."""
    head, _, name = error.field.partition("].")
    number = head.removeprefix("actions[")
    if name and number.isdecimal() and int(number) < len(actions):
        kind = str(actions[int(number)]["do"])
        error.field = _FIELDS.get(f"{kind}.{name}", name)


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
