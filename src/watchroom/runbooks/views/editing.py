"""Writing a runbook: the form with its steps, and what a wiki says, pasted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from ...accounts.actors import Actor
from ...accounts.forms import blame
from ...accounts.roles import Action
from ...kernel.errors import Refused, WatchroomError
from ...kernel.found import show_all
from ...kernel.numbers import whole
from ...web.middleware import actor_of
from .. import commands, queries, rules
from ..beginnings import OFFERED
from ..forms import RunbookForm, named_again, rows_shown, steps_sent, turned
from ..models import Runbook
from ..rules.markdown import MOST_LETTERS, read
from .reading import readable


@dataclass
class _Written:
    """A runbook as its form has it by now."""

    form: RunbookForm
    steps: list[rules.Step]
    error: WatchroomError | None = None  # what is wrong with a step
    look_at: int | None = None  # the step that somebody has just moved or added
    shown: Any = None  # how it reads
    saved: Runbook | None = None


def edit(request: HttpRequest, slug: str = "") -> HttpResponse:
    """A runbook, or a new one. Its buttons move the list of steps or show how it reads; only *Save* keeps anything."""
    by = actor_of(request)
    row = _to_write(by, slug)
    if request.method != "POST":
        written = _begun(request, by, row)
    elif request.POST.get("do", "save") == "save":
        written = _save(request, by, row)
    else:
        written = _turn(request, by, row)
    if written.saved is not None:
        messages.success(request, "Saved.")
        return redirect("runbook", written.saved.slug)
    form, steps, error = written.form, written.steps, written.error
    all_choices = request.GET.get("choices") == "all"
    show_all(form, all_choices)
    context = {
        "form": form,
        "runbook": row,
        "shown": written.shown,
        "offered": [(key, each["label"]) for key, each in OFFERED.items()] if row is None and not steps else (),
        **rows_shown(named_again(steps), look_at=written.look_at, error=error, all_choices=all_choices),
    }
    return render(request, "runbooks/form.html", context, status=422 if form.errors or error else 200)


def _to_write(by: Actor, slug: str) -> Runbook | None:
    """The runbook that is to be changed; None: a new one.

    :raises NotAllowed: ``by`` manages no team, or not the one whose it is.
    """
    row = queries.runbook_by(by, slug) if slug else None
    if row is not None:
        by.require(Action.MANAGE, row.team)
    elif not by.teams_where(Action.MANAGE).exists():
        by.require(Action.MANAGE)
    return row


def _begun(request: HttpRequest, by: Actor, row: Runbook | None) -> _Written:
    """As it is, or a new one: empty, or with one of the beginnings that are offered."""
    if row is not None:
        return _Written(RunbookForm(actor=by, runbook=row), list(queries.steps_in(row)))
    begun = OFFERED.get(request.GET.get("begin", ""))
    teams = by.teams_where(Action.MANAGE)[:2]
    first: dict[str, Any] = {
        "review_days": 180,
        "services": [request.GET.get("service")] if whole(request.GET.get("service", "")) else [],
    }
    first |= {"team": teams[0].pk} if len(teams) == 1 else {}
    first |= {"name": begun["name"], "summary": begun["summary"]} if begun else {}
    return _Written(RunbookForm(actor=by, initial=first), list(rules.checked(begun["steps"])) if begun else [])


def _save(request: HttpRequest, by: Actor, row: Runbook | None) -> _Written:
    written = _Written(RunbookForm(request.POST, actor=by, runbook=row), steps_sent(request.POST))
    if written.form.is_valid():
        said = written.form.values()
        try:
            written.saved = commands.save_runbook(by, row, slug=row.slug if row else "", steps=written.steps, **said)
        except WatchroomError as refused:
            if refused.field.startswith("steps"):
                written.error = refused
            else:
                refused.field = refused.field.partition("[")[0]
                blame(written.form, refused)
    return written


def _turn(request: HttpRequest, by: Actor, row: Runbook | None) -> _Written:
    """What a button does to the list of steps, or how it reads; nothing is checked yet."""
    post = request.POST
    said = {name: post.get(name, "") for name in RunbookForm.base_fields} | {"services": post.getlist("services")}
    written = _Written(RunbookForm(initial=said, actor=by, runbook=row), steps_sent(post))
    what = post["do"]
    if what == "preview":
        written.shown = readable(rules.with_keys(step for step in written.steps if step.title.strip()))
    else:
        if what == "add":
            what = f"add:{post.get('new_part', '')}:{post.get('new_kind', '')}"
        written.look_at = turned(written.steps, what)
    return written


def paste(request: HttpRequest, slug: str = "") -> HttpResponse:
    """What a wiki says, as Markdown: shown as it would be read before it is saved; into a new runbook, or in place of the steps of
    one that is there."""
    by = actor_of(request)
    row = _to_write(by, slug)
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
