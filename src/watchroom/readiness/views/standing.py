"""How ready teams are, what is to be mended next, and what is put off."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta
from itertools import groupby

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...accounts.models import Team
from ...accounts.roles import Action
from ...api.pages import page
from ...kernel import clock
from ...kernel.errors import NotFound, Refused
from ...kernel.numbers import whole
from ...web.middleware import actor_of
from .. import commands
from ..commands.looking import found_of
from ..gathering import thresholds
from ..queries import standing as queries
from ..rules.facts import Thresholds

PAGE = 50
SHOWN = 50  # lacks of a level on a page: who has more mends these first
_LABELS = {
    "silent_days": "Nothing has come from an integration, in days",
    "tray_most": "Messages that wait in an integration’s tray",
    "waiting_days": "A heartbeat was never pinged, in days",
    "practised_days": "Days since the last drill",
    "postmortem_days": "An incident has no published postmortem, in days",
    "unread_days": "Somebody has not read the process, in days",
}


def index(request: HttpRequest) -> HttpResponse:
    """``/readiness``: where something will hurt comes first."""
    by = actor_of(request)
    by.require(Action.SEE)
    rows, more = page(queries.visible_to(by), cursor=request.GET.get("after"), limit=PAGE, key="-hurts")
    return render(
        request, "readiness/list.html", {"standings": rows, "more": more, "may_set": by.may(Action.ADMINISTER)}
    )


def team(request: HttpRequest, slug: str = "") -> HttpResponse:
    """``/readiness/teams/<slug>``, and ``/readiness/installation``: what it lacks at this moment."""
    by = actor_of(request)
    by.require(Action.SEE if slug else Action.ADMINISTER)
    one = queries.team_for(by, slug) if slug else None
    found = queries.readiness_of(by, one, found_of([one], clock.now())[one.pk if one else None])
    days = queries.history_of(one)
    rest = found.lacks[1:]
    context = {
        "team": one,
        "readiness": found,
        "next": found.lacks[0] if found.lacks else None,
        "levels": [
            (level, some[:SHOWN], len(some[SHOWN:]))
            for level, some in ((level, list(each)) for level, each in groupby(rest, key=lambda lack: lack.level))
        ],
        "shares": [row.percent for row in days],
        "days": [row.day.isoformat() for row in days],
        "may": by.may(Action.MANAGE, one) if one else True,
        "tomorrow": clock.now().date() + timedelta(days=1),
        "latest": clock.now().date() + timedelta(days=180),
        "in_two_weeks": clock.now().date() + timedelta(days=14),
    }
    return render(request, "readiness/team.html", context)


def _team(request: HttpRequest) -> Team | None:
    slug = request.POST.get("team", "")
    return queries.team_for(actor_of(request), slug) if slug else None


@require_POST
def put_off(request: HttpRequest) -> HttpResponse:
    """Put something off until a day, or take it up again."""
    by, one, key = actor_of(request), _team(request), request.POST.get("key", "")
    try:
        if request.POST.get("do") == "take_up":
            commands.take_up(by, one, key)
        else:
            commands.put_off(
                by, one, key, until=_day(request.POST.get("until", "")), reason=request.POST.get("reason", "")
            )
    except (Refused, NotFound) as error:
        messages.error(request, str(error))
    return redirect("readiness-team", one.slug) if one else redirect("readiness-installation")


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise Refused("That is no day.", field="until", value=written[:20], fix="Such as 2026-03-31.") from None


def limits(request: HttpRequest) -> HttpResponse:
    """``/readiness/thresholds``: from when on something counts as lacking."""
    by = actor_of(request)
    by.require(Action.ADMINISTER)
    said: dict[str, object] = dict(asdict(thresholds()))
    error: Refused | None = None
    if request.method == "POST":
        if request.POST.get("do") == "reset":
            commands.set_thresholds(by, None)
            return redirect("readiness")
        said = {name: request.POST.get(name, "") for name in said}
        try:
            commands.set_thresholds(by, {name: _number(name, str(written)) for name, written in said.items()})
        except Refused as refused:
            error = refused
        else:
            messages.success(request, "Saved. All teams are looked at anew.")
            return redirect("readiness")
    shipped = asdict(Thresholds())
    fields = [(name, _LABELS[name], value, shipped[name]) for name, value in said.items()]
    return render(
        request, "readiness/thresholds.html", {"fields": fields, "error": error}, status=error.status if error else 200
    )


def _number(name: str, written: str) -> int:
    number = whole(written.strip(), 5)
    if number is None:
        raise Refused(
            "That is no number.", field=name, value=written[:20], fix="Write a whole number; 0: not looked at."
        )
    return number
