"""All drills, who has practised when, and the library."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from ...accounts.forms import blame
from ...accounts.models import Team
from ...accounts.queries import team_by
from ...accounts.roles import Action
from ...catalog.models import Service
from ...kernel.errors import WatchroomError
from ...kernel.found import show_all
from ...kernel.numbers import whole
from ...web.middleware import actor_of
from .. import commands, library, queries
from ..forms import BreaksForm, PracticeForm
from ..models import Drill, PracticePlan

PAGE = 30


def index(request: HttpRequest) -> HttpResponse:
    """``/drills``: what is on, planned and past; the scenarios; per team who has practised when."""
    by = actor_of(request)
    own = by.teams_where(Action.RESPOND).order_by("name")
    team = own.filter(slug=request.GET.get("team", "")).first()
    teams = list(own[:200])
    rows = queries.visible_to(by)
    rows = rows.filter(team=team) if team else rows
    after = whole(request.GET.get("after", ""))
    over = rows.filter(state=Drill.State.ENDED)
    past = list((over if after is None else over.filter(pk__lt=after)).order_by("-id")[: PAGE + 1])
    ahead = list(rows.filter(state__in=(Drill.State.PLANNED, *queries.ON)).order_by("planned_for", "id")[:PAGE])
    mine = set(Drill.objects.filter(participants=by.person).values_list("pk", flat=True)) if by.person else set()
    scenarios = list((queries.scenarios_visible_to(by).filter(team=team) if team else queries.scenarios_visible_to(by))[:200])  # fmt: skip
    read = queries.read_inside_by(by, scenarios)
    last = queries.last_practised_by_team()
    whole_list = request.GET.get("choices") == "all"
    return render(
        request,
        "drills/list.html",
        {
            "team": team,
            "teams": teams,
            "offered": own if whole_list else [team] if team else [],
            "find_teams": "" if whole_list else reverse("choices-own-teams"),
            "on": [each for each in ahead if each.is_on],
            "planned": [(each, each.pk in mine, queries.name_for(by, each)) for each in ahead if not each.is_on],
            "past": past[:PAGE],
            "older": past[PAGE - 1].pk if len(past) > PAGE else None,
            "scenarios": [(each, each.pk in read) for each in scenarios],
            "practised": queries.practised_in(team) if team else None,
            "last": [(each, last.get(each.pk)) for each in teams],
            "may": bool(teams),
            "plan": PracticePlan.objects.select_related("scenario").filter(team=team).first() if team else None,
            "manages": team is not None and by.may(Action.MANAGE, team),
        },
    )


def every(request: HttpRequest, team: str) -> HttpResponse:
    """``/drills/every/TEAM``: practice that comes again."""
    by, found = actor_of(request), team_by(team)
    by.require(Action.MANAGE, found)
    row = PracticePlan.objects.filter(team=found).first()
    address = f"{reverse('drills')}?team={found.slug}"
    if request.method == "POST" and request.POST.get("do") == "end":
        commands.end_practice_plan(by, found)
        messages.success(request, "No drill is planned by itself any more.")
        return redirect(address)
    names = ("weeks", "next_at", "facilitators", "scenario", "pages")
    initial = (
        {name: getattr(row, name) for name in names} if row else {"facilitators": [by.person.pk] if by.person else []}
    )
    form = PracticeForm(request.POST or None, team=found, initial=initial)
    show_all(form, request.GET.get("choices") == "all")
    if request.method == "POST" and form.is_valid():
        try:
            zone = by.person.timezone if by.person else "UTC"
            commands.save_practice(by, found, **form.cleaned_data, timezone=row.timezone if row else zone)
        except WatchroomError as error:
            blame(form, error)
        else:
            messages.success(request, "Practice comes again by itself.")
            return redirect(address)
    context = {"form": form, "team": found, "plan": row}
    return render(request, "drills/every.html", context, status=422 if form.errors else 200)


def shelf(request: HttpRequest) -> HttpResponse:
    """``/drills/library``: scenarios that come with Watchroom; POST makes one a team's own, for a service."""
    by = actor_of(request)
    teams = by.teams_where(Action.RESPOND)
    if request.method == "POST":
        service = Service.objects.select_related("team").filter(pk=whole(request.POST.get("service", "")) or 0).first()
        team = service.team if service else team_by(request.POST.get("team", ""))
        beside = Service.objects.filter(needed_by__service=service).exclude(pk=service.pk).first() if service else None
        services = [each for each in (service, beside) if each is not None]
        made = commands.from_library(by, request.POST.get("story", ""), team=team, services=services)
        messages.success(request, f"“{made.name}” is {team}'s now. Change what you like, or plan a practice.")
        return redirect("scenario", made.slug)
    offered = Service.objects.filter(team__in=teams).select_related("team").order_by("team__name", "name")
    first = whole(request.GET.get("service", "")) or offered.values_list("pk", flat=True).first()
    forms = [
        BreaksForm(initial={"service": first}, auto_id=f"%s-{each.key}", offered=offered) for each in library.stories()
    ]
    for form in forms:
        show_all(form, request.GET.get("choices") == "all")
    context = {
        "stories": list(zip(library.stories(), forms, strict=True)),
        "services": first is not None,
        "teams": Team.objects.filter(pk__in=teams).order_by("name"),
    }
    return render(request, "drills/library.html", context)
