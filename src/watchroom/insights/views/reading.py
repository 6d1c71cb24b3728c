"""Which alerts to mend, and who carries how much."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from ...accounts.models import Team
from ...accounts.queries import team_by
from ...accounts.roles import Action
from ...kernel.errors import Refused
from ...kernel.numbers import whole
from ...web.middleware import actor_of
from ...web.sheets import sheet
from .. import commands, queries, worth
from ..limits import crossings_visible_to, limits_of
from ..models import WeeklyList
from ._team import team_of

DAYS = {"7": "A week", "28": "Four weeks", "91": "A quarter"}
SHOWN = 100


def asked_days(request: HttpRequest) -> int:
    """How many days a page is to count; four weeks where nothing is asked.

    :raises Refused: no number.
    """
    return _whole(request.GET)


def _whole(given: QueryDict) -> int:
    text = given.get("days") or "28"
    if (days := whole(text, 4)) is None:
        raise Refused("That is not a number of days.", field="days", value=text[:40], fix="Use 7, 28 or 91.")
    return days


def asked_team(request: HttpRequest) -> Team | None:
    """The team that a page is asked for; None: every team."""
    slug = request.GET.get("team", "")
    return team_by(slug) if slug else None


def alert_rules(request: HttpRequest) -> HttpResponse:
    """The alerts to mend, the worst first."""
    actor, days, team = actor_of(request), asked_days(request), asked_team(request)
    found = worth.alert_rules(actor, *queries.window(days), team, most=SHOWN)
    whose = {score.team for score in found.scores}
    names = dict(Team.objects.filter(slug__in=whose).values_list("slug", "name"))
    context = {
        "scores": [(score, names.get(score.team, score.team)) for score in found.scores],
        "more": found.kinds - len(found.scores),
        "pages": found.pages,
        "wasted": found.pages_for_nothing,
        "nights": found.night_pages,
        "judged": found.judged,
        "fires": found.fires,
        "days": str(days),
        "windows": DAYS.items(),
        "team": team,
        "teams": Team.objects.all(),
        "weekly": team and WeeklyList.objects.filter(team=team).first(),
        "may_weekly": team and actor.may(Action.MANAGE, team),
        "may_route": {each.slug for each in actor.teams_where(Action.MANAGE).filter(slug__in=whose)},
        "may_fix": {each.slug for each in actor.teams_where(Action.RESPOND).filter(slug__in=whose)},
    }
    return render(request, "insights/alert_rules.html", context)


def load(request: HttpRequest) -> HttpResponse:
    """What on-call cost a team's people; one's own team at first."""
    actor, days = actor_of(request), asked_days(request)
    team = team_of(actor, request.GET)
    if team is not None:
        actor.require(Action.SEE, team)
    found = queries.team_load(team, *queries.window(days)) if team else None
    context = {
        "team": team,
        "teams": Team.objects.all(),
        "days": str(days),
        "windows": DAYS.items(),
        "found": found,
        "limits": team and limits_of(team)[1],
        "may_limit": team and actor.may(Action.MANAGE, team),
        "crossings": crossings_visible_to(actor).filter(team=team, closed_at=None)[:20] if team else [],
        "any_pages": found and any(week.pages for week in found.weeks),
        "week_pages": [week.pages for week in found.weeks] if found else [],
        "ends": [f"{week.monday:%-d %b}" for week in found.weeks] if found else [],
        "week_names": [f"Week from {week.monday:%-d %b}, {week.night_pages} at night" for week in found.weeks]
        if found
        else [],
    }
    return render(request, "insights/load.html", context)


def load_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The same as a file, for pay and time off."""
    actor, days = actor_of(request), asked_days(request)
    team = team_by(request.GET.get("team", ""))
    actor.require(Action.SEE, team)
    start, end = queries.window(days)
    columns = (
        "hours_on_call", "weekend_days", "pages", "out_of_hours", "night_pages", "nights", "sleep_interruptions",
        "weekend_pages", "weeks_in_a_row", "hours_in_incidents",
    )  # fmt: skip
    rows = (
        [str(person), person.email, start, end, *(round(getattr(each, column), 2) for column in columns)]
        for person, each in queries.team_load(team, start, end).people
    )
    return sheet(f"on-call-{team.slug}-{end.date()}", ("person", "email", "from", "to", *columns), rows)


@require_POST
def fix(request: HttpRequest) -> HttpResponse:
    """Make it my task to mend a kind of alert."""
    actor = actor_of(request)
    item = commands.fix_alert(actor, rule=request.POST.get("rule", ""), team=team_by(request.POST.get("team", "")))
    messages.success(request, "It is yours. Give it to somebody else, or another date, if that suits better.")
    return redirect("action", item.pk)


@require_POST
def wait(request: HttpRequest) -> HttpResponse:
    """Let paging for a kind of alert wait as suggested."""
    given = request.POST
    made = commands.accept_wait(
        actor_of(request), rule=given.get("rule", ""), team=team_by(given.get("team", "")), days=_whole(given)
    )
    minutes = (made.group_wait_seconds or 0) // 60
    messages.success(request, f"From now on it pages only when it lasts {minutes} min. This is the route that says so.")
    return redirect("route-edit", made.pk)


@require_POST
def weekly(request: HttpRequest) -> HttpResponse:
    """Have a team's managers told every week what to fix, or no longer."""
    team = team_by(request.POST.get("team", ""))
    on = request.POST.get("on") == "1"
    commands.set_weekly_list(actor_of(request), team, on)
    said = "Its managers get the list on Monday mornings." if on else "No list is sent any more."
    messages.success(request, said)
    return redirect(f"{reverse('insights')}?team={team.slug}")
