"""Writing a runbook: the form with its steps, and what a wiki says, pasted."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from ...accounts.forms import blame
from ...accounts.roles import Action
from ...kernel.errors import Refused, WatchroomError
from ...kernel.found import show_all
from ...kernel.numbers import whole
from ...web.middleware import actor_of
from .. import commands, queries, rules
from ..beginnings import OFFERED
from ..forms import RunbookForm, named_again, rows_shown, steps_sent, turned
from ..rules.markdown import MOST_LETTERS, read
from .reading import readable


def edit(request: HttpRequest, slug: str = "") -> HttpResponse:
    """A runbook, or a new one. Its buttons move the list of steps or show how it reads; only *Save* keeps anything."""
    by = actor_of(request)
    row = queries.runbook_by(by, slug) if slug else None
    if row is not None:
        by.require(Action.MANAGE, row.team)
    elif not by.teams_where(Action.MANAGE).exists():
        by.require(Action.MANAGE)
    error: WatchroomError | None = None
    look_at: int | None = None
    shown: Any = None
    what = request.POST.get("do", "save")
    if request.method == "POST":
        steps = steps_sent(request.POST)
        if what == "save":
            form = RunbookForm(request.POST, actor=by, runbook=row)
            if form.is_valid():
                try:
                    saved = commands.save_runbook(by, row, slug=row.slug if row else "", steps=steps, **form.values())
                except WatchroomError as refused:
                    error = refused
                    if not error.field.startswith("steps"):
                        error.field = error.field.partition("[")[0]
                        blame(form, error)
                        error = None
                else:
                    messages.success(request, "Saved.")
                    return redirect("runbook", saved.slug)
        else:
            said = {name: request.POST.get(name, "") for name in RunbookForm.base_fields} | {
                "services": request.POST.getlist("services")
            }
            form = RunbookForm(initial=said, actor=by, runbook=row)
            if what == "preview":
                shown = readable(rules.with_keys(step for step in steps if step.title.strip()))
            else:
                if what == "add":
                    what = f"add:{request.POST.get('new_part', '')}:{request.POST.get('new_kind', '')}"
                look_at = turned(steps, what)
    else:
        begun = OFFERED.get(request.GET.get("begin", "")) if row is None else None
        steps = list(queries.steps_in(row)) if row else list(rules.checked(begun["steps"])) if begun else []
        teams = by.teams_where(Action.MANAGE)[:2]
        first: dict[str, Any] = {
            "review_days": 180,
            "services": [request.GET.get("service")] if whole(request.GET.get("service", "")) else [],
        }
        first |= {"team": teams[0].pk} if len(teams) == 1 else {}
        first |= {"name": begun["name"], "summary": begun["summary"]} if begun else {}
        form = RunbookForm(actor=by, runbook=row) if row else RunbookForm(actor=by, initial=first)
    show_all(form, request.GET.get("choices") == "all")
    context = {
        "form": form,
        "runbook": row,
        "shown": shown,
        "offered": [(key, each["label"]) for key, each in OFFERED.items()] if row is None and not steps else (),
        **rows_shown(named_again(steps), look_at=look_at, error=error, all_choices=request.GET.get("choices") == "all"),
    }
    wrong = what == "save" and (form.errors or error)
    return render(request, "runbooks/form.html", context, status=422 if wrong else 200)


def paste(request: HttpRequest, slug: str = "") -> HttpResponse:
    """What a wiki says, as Markdown: shown as it would be read before it is saved; into a new runbook, or in place of the steps of
    one that is there."""
    by = actor_of(request)
    row = queries.runbook_by(by, slug) if slug else None
    if row is not None:
        by.require(Action.MANAGE, row.team)
    elif not by.teams_where(Action.MANAGE).exists():
        by.require(Action.MANAGE)
    text = request.POST.get("text", "").replace("\r\n", "\n")
    teams = by.teams_where(Action.MANAGE)
    error: WatchroomError | None = None
    found = None
    if request.method == "POST":
        try:
            if len(text) > MOST_LETTERS:
                raise Refused(
                    "That is too long.", field="text", value=f"{text[:40]}…", fix=f"Keep to {MOST_LETTERS} letters."
                )
            found = read(text)
            if not found.steps:
                raise Refused(
                    "There are no steps in it.", field="text", value=text[:80], fix="Paste headings and numbered lists."
                )
            rules.checked(found.steps)
            if request.POST.get("do") == "save":
                saved = commands.paste_runbook(
                    by,
                    row,
                    found,
                    team=row.team if row else teams.filter(slug=request.POST.get("team", "")).first(),
                    name=request.POST.get("name", "").strip(),
                )
                messages.success(
                    request, f"“{saved.name}” has {len(found.steps)} steps. Read them once, and say what is missing."
                )
                return redirect("runbook", saved.slug)
        except WatchroomError as refused:
            error = refused
    context = {
        "runbook": row,
        "text": text,
        "found": found,
        "name": request.POST.get("name") or (found.name if found else ""),
        "team": request.POST.get("team", ""),
        "teams": teams,
        "parts": readable(rules.with_keys(found.steps)) if found else (),
        "error": error,
    }
    return render(request, "runbooks/paste.html", context, status=422 if error else 200)
