"""Chat workspaces: the list, the form, and trying one."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ..accounts.roles import Action
from ..api.pages import page
from ..kernel.errors import WatchroomError
from ..kernel.plugins import all_of, one_of
from ..web.middleware import actor_of
from . import commands, queries
from .forms import WorkspaceForm
from .queries import GROUP


def index(request: HttpRequest) -> HttpResponse:
    """``/workspaces``: the chats in which Watchroom reaches people, and whether they answered."""
    by = actor_of(request)
    rows, older = page(queries.visible_to(by), cursor=request.GET.get("after"), limit=50, key="name")
    kinds = all_of(GROUP)
    context = {
        "workspaces": [
            (
                row,
                kinds[row.kind].label if row.kind in kinds else row.kind,
                kinds[row.kind].describe(row.settings) if row.kind in kinds else "It is not installed any more.",
                by.may(queries.needed_for(row), row.team),
            )
            for row in rows
        ],
        "older": older,
        "kinds": kinds.values(),
        "may_add": by.teams_where(Action.MANAGE).exists() or by.may(Action.ADMINISTER),
    }
    return render(request, "workspaces/list.html", context)


def edit(request: HttpRequest, slug: str = "") -> HttpResponse:
    """``/workspaces/new?kind=slack`` and ``/workspaces/<slug>``. Saving tries it at once."""
    by = actor_of(request)
    row = queries.workspace_by(by, slug) if slug else None
    if row is not None:
        by.require(queries.needed_for(row), row.team)
    elif not by.teams_where(Action.MANAGE).exists():
        by.require(Action.ADMINISTER)
    kind = row.kind if row else request.GET.get("kind", "")
    if not kind:
        return render(request, "workspaces/kinds.html", {"kinds": all_of(GROUP).values()})
    product = one_of(GROUP, kind)
    form = WorkspaceForm(request.POST or None, actor=by, kind=kind, workspace=row)
    if request.method == "POST" and form.is_valid():
        try:
            saved = commands.save_workspace(
                by,
                row,
                team=form.cleaned_data["team"],
                kind=kind,
                name=form.cleaned_data["name"],
                settings=form.settings(),
            )
        except WatchroomError as error:
            form.refuse(error.field, str(error))
        else:
            try:
                messages.success(request, f"Saved. {commands.try_workspace(by, saved)}")
            except WatchroomError as error:
                messages.error(request, f"Saved, but it does not work yet: {error}")
            return redirect("workspace", saved.slug)
    hook_url = queries.hook_url(row) if row else ""
    context = {
        "form": form,
        "workspace": row,
        "product": product,
        "hook_url": hook_url,
        "hook_is_open": hook_url.startswith("http://"),
    }
    return render(request, "workspaces/form.html", context, status=422 if form.errors else 200)


@require_POST
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    """Post there no more."""
    by = actor_of(request)
    row = queries.workspace_by(by, slug)
    commands.delete_workspace(by, row)
    messages.success(request, f"“{row.name}” is deleted.")
    return redirect("workspaces")
