"""Teams: the list, one team with its members, and changing them."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...api.pages import page
from ...kernel.errors import WatchroomError
from ...kernel.found import fitting
from ...web.middleware import actor_of
from .. import commands, queries
from ..forms import MemberForm, TeamForm, blame
from ..held import CLOSE_IT, history_of
from ..models import Team
from ..roles import Action


def teams(request: HttpRequest) -> HttpResponseBase:
    """``/teams``: teams with their people by name, a page at a time."""
    by = actor_of(request)
    rows = fitting(queries.teams_visible_to(by), request.GET.get("q", ""), "name", "slug")
    found, following = page(rows, cursor=request.GET.get("after"), key="name")
    owned = dict(
        Team.objects.filter(pk__in=[row.pk for row in found]).order_by().values_list("pk").annotate(Count("services"))
    )
    context = {
        "teams": [(row, owned[row.pk]) for row in found],
        "following": following,
        "may_add": by.may(Action.ADMINISTER),
    }
    return render(request, "accounts/teams.html", context)


def team(request: HttpRequest, slug: str) -> HttpResponseBase:
    """``/teams/<slug>``: members and what the team owns."""
    by = actor_of(request)
    row = queries.team_for(by, slug)
    may_manage = by.may(Action.MANAGE, row)
    context = {
        "team": row,
        "services": row.services.all(),
        "schedules": row.schedules.all(),
        "policies": row.policies.all(),
        "integrations": row.integrations.all(),
        "may_manage": may_manage,
        "may_page": by.may(Action.RESPOND),
        "may_delete": by.may(Action.ADMINISTER),
        "history": history_of(row) if by.may(Action.ADMINISTER) else "",
        "close_it": CLOSE_IT,
        "may_invite": by.may(Action.ADMINISTER),
        "member_form": MemberForm() if may_manage else None,
    }
    return render(request, "accounts/team.html", context)


def team_edit(request: HttpRequest, slug: str = "") -> HttpResponseBase:
    """``/teams/new`` and ``/teams/<slug>/edit``."""
    by = actor_of(request)
    row = queries.team_for(by, slug) if slug else None
    by.require(Action.MANAGE if row else Action.ADMINISTER, row)
    initial = {"name": row.name, "slug": row.slug, "description": row.description} if row else None
    form = TeamForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            saved = commands.save_team(by, row, **form.cleaned_data)
        except WatchroomError as error:
            blame(form, error)
        else:
            if row is None and by.person:
                commands.set_member(by, saved, by.person, "manager")
            messages.success(request, "Saved.")
            return redirect("team", saved.slug)
    return render(request, "accounts/team_form.html", {"form": form, "team": row}, status=422 if form.errors else 200)


@require_POST
def team_delete(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Delete a team that owns nothing."""
    by = actor_of(request)
    row = queries.team_for(by, slug)
    commands.delete_team(by, row)
    messages.success(request, f"The team {row} is deleted.")
    return redirect("teams")


@require_POST
def member_set(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Add somebody, or change their role."""
    by = actor_of(request)
    row = queries.team_for(by, slug)
    form = MemberForm(request.POST)
    if form.is_valid():
        commands.set_member(by, row, form.cleaned_data["person"], form.cleaned_data["role"])
        messages.success(request, "Saved.")
    else:
        messages.error(request, "Choose a person and a role.")
    return redirect("team", slug)


@require_POST
def member_remove(request: HttpRequest, slug: str, pk: int) -> HttpResponseBase:
    """Take somebody out."""
    by = actor_of(request)
    row = queries.team_for(by, slug)
    commands.remove_member(by, row, queries.person_for(by, pk))
    messages.success(request, "Removed.")
    return redirect("team", slug)
