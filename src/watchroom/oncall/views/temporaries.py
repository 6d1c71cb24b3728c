"""``/schedules/<slug>/temporary``: what replaces a schedule for a while, with who gains and loses by it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...accounts.forms import blame
from ...accounts.roles import Action
from ...kernel.errors import WatchroomError
from ...kernel.numbers import wholes
from ...web.middleware import actor_of
from .. import commands, outlook, queries
from ..forms import TemporaryForm, offered


def temporary(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The form; sent, it shows who would gain and lose which time, and a second press puts it into effect."""
    by = actor_of(request)
    row = queries.schedule_by(by, slug)
    by.require(Action.MANAGE, row.team)
    sent = (request.POST.getlist(key) for key in request.POST if key.startswith("members-"))
    chosen = wholes(value for values in sent for value in values)
    people = offered(chosen, row.team_id, whole=request.GET.get("choices") == "all")
    others = queries.schedules_visible_to(by).exclude(pk=row.pk)
    form = TemporaryForm(request.POST or None, offered=people, others=others)
    context: dict[str, Any] = {"schedule": row, "form": form, "moved": None}
    if request.method == "POST" and form.is_valid():
        given = form.values()
        try:
            if "save" in request.POST:
                made = commands.add_temporary(by, row, **given)
                messages.success(request, f"{made.name} replaces the rotations while it lasts.")
                return redirect("schedule", slug)
            moved, known = outlook.preview_temporary(commands.draft_temporary(row, **given))
            context["moved"] = [
                (each, [known[pk] for pk in each.loses if pk in known], [known[pk] for pk in each.gains if pk in known])
                for each in moved
            ]
        except WatchroomError as error:
            blame(form, error)
    return render(request, "oncall/temporary.html", context, status=422 if form.errors else 200)


@require_POST
def temporary_end(request: HttpRequest, slug: str, pk: int) -> HttpResponseBase:
    """The schedule's own rotations count again."""
    by = actor_of(request)
    commands.end_temporary(by, outlook.temporary_for(by, pk))
    messages.success(request, "The schedule's own rotations count again.")
    return redirect("schedule", slug)
