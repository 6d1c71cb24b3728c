"""``/insights/limits``: what a team bears, who carried more, and what would help."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from ...accounts.actors import Actor
from ...accounts.forms import blame
from ...accounts.models import Team
from ...accounts.queries import managers_of, team_by
from ...accounts.roles import Action
from ...kernel.errors import Refused, WatchroomError
from ...web.middleware import actor_of
from .. import bearing
from ..forms import LimitsForm
from ..limits import crossing_for, limits_of, may_answer, proposals
from ._team import no_team, team_of

_SAID = {
    "rest_day": "The rest day is entered. Whoever could cover is asked; a shift that nobody takes stays as it is.",
    "swap": "They are asked. Until somebody takes it, the shift stays as it is.",
    "fix": "The alerts are yours to mend. Give them to somebody else, or another date, if that suits better.",
}


def limits(request: HttpRequest) -> HttpResponse:
    """What a team bears."""
    actor = actor_of(request)
    team = team_of(actor, request.GET, Action.MANAGE)
    if team is None:
        return no_team(request, "Limits of on-call", "A team's managers set what its people bear.")
    actor.require(Action.MANAGE, team)
    return _form(request, team, LimitsForm(limits=limits_of(team)[0]))


def _form(request: HttpRequest, team: Team, form: LimitsForm) -> HttpResponse:
    teams = actor_of(request).teams_where(Action.MANAGE)
    context = {
        "team": team,
        "teams": teams,
        "form": form,
        "told": limits_of(team)[1] is not None,
        "managers": managers_of(team),
    }
    return render(request, "insights/limits.html", context, status=422 if form.errors else 200)


@require_POST
def limits_save(request: HttpRequest) -> HttpResponseBase:
    """Save them; from then on people are told. With ``stop`` nobody is any more."""
    actor, team = actor_of(request), team_by(request.POST.get("team", ""))
    back = redirect(f"{reverse('insights-load')}?team={team.slug}")
    if "stop" in request.POST:
        bearing.set_limits(actor, team, None)
        messages.success(request, "Nobody is told any more. The page goes on warning.")
        return back
    actor.require(Action.MANAGE, team)
    form = LimitsForm(request.POST, limits=limits_of(team)[0])
    if form.is_valid():
        try:
            bearing.set_limits(actor, team, form.cleaned_data)
        except WatchroomError as error:
            blame(form, error)
        else:
            messages.success(request, "Saved. Whoever crosses one is told, and the team's managers.")
            return back
    return _form(request, team, form)


def crossing(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody carried too much: what, and what would help."""
    actor = actor_of(request)
    row = crossing_for(actor, pk)
    found = proposals(row)
    context = {
        "row": row,
        "found": found,
        "rest_on": found.rest[0].date(),  # of the person's own clock
        "absent_on": row.absence and row.absence.starts_at.astimezone(ZoneInfo(row.person.timezone)).date(),
        "swaps": row.swaps.select_related("schedule", "taken_by").prefetch_related("offered_to"),
        "fixes": row.fixes.select_related("owner"),
        "own": actor.person is not None and actor.person.pk == row.person_id,
        "may": may_answer(actor, row) and row.closed_at is None,
    }
    return render(request, "insights/crossing.html", context)


@require_POST
def crossing_accept(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Take one of the proposals."""
    actor: Actor = actor_of(request)
    what = request.POST.get("proposal", "")
    if what not in bearing.ACCEPT:
        raise Refused("There is no such proposal.", field="proposal", value=what, fix="Use rest_day, swap or fix.")
    bearing.ACCEPT[what](actor, crossing_for(actor, pk))
    messages.success(request, _SAID[what])
    return redirect("crossing", pk)


@require_POST
def crossing_close(request: HttpRequest, pk: int) -> HttpResponseBase:
    """It is dealt with, or known."""
    actor = actor_of(request)
    row = bearing.close_crossing(actor, crossing_for(actor, pk))
    messages.success(request, "Closed.")
    return redirect(f"{reverse('insights-load')}?team={row.team.slug}")
