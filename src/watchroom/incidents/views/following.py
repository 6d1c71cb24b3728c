"""Following, by page."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...accounts.models import Team
from ...accounts.queries import person_by, team_by
from ...catalog.queries import service_by, services_visible_to
from ...kernel.errors import Conflict, NotAllowed, NotFound, Refused, WatchroomError
from ...runbooks import choosing
from ...web.middleware import actor_of
from .. import commands, following, queries
from ..models import Follower
from ..severities import all_severities

_TOLD = {
    "important": "You are told its decisions and pinned lines, too; you are never paged for that.",
    "everything": "You are told every line that somebody writes; you are never paged for that.",
}


@require_POST
def follow(request: HttpRequest, pk: int) -> HttpResponse:
    """Follow an incident, or no longer."""
    by = actor_of(request)
    to = request.POST.get("to", "")
    yes = to != "leave"
    commands.follow_incident(
        by, queries.incident_for(by, pk), yes=yes, level=to if to not in {"leave", "follow"} else ""
    )
    told = "You are told its updates and states, and never paged for that."
    messages.success(request, _TOLD.get(to, told) if yes else "You no longer follow it.")
    return redirect("incident", pk)


def rules(request: HttpRequest) -> HttpResponse:
    """Who follows what by itself; one more, or one less."""
    by = actor_of(request)
    error: WatchroomError | None = None
    names = ("who", "least_severity", "team", "service", "type", "level")
    written: dict[str, Any] = {name: request.POST.get(name, "") for name in names}
    if request.method == "POST":
        try:
            if gone := request.POST.get("delete", ""):
                commands.delete_follow_rule(by, following.rule_by(by, gone))
            else:
                commands.save_follow_rule(by, None, **_said(request, written))
        except (Refused, Conflict, NotAllowed, NotFound) as refused:
            error = refused
        else:
            messages.success(request, "Saved.")
            return redirect("follow-rules")
    else:
        written["least_severity"] = "2"
    me = [(f"person:{by.person.pk}", "I")] if by.person else []
    chosen = [written["who"]] if written["who"] not in dict(me) else []
    whole_lists = request.GET.get("choices") == "all"
    context = {
        "rules": following.rules_visible_to(by),
        "written": written,
        "error": error,
        "who": [
            *me,
            *(each for each in choosing.FOLLOWERS.chosen(chosen, whole=whole_lists) if each[0] not in dict(me)),
        ],
        "all_choices": whole_lists,
        "teams": Team.objects.all(),
        "services": services_visible_to(by),
        "types": queries.types_visible_to(by),
        "severities": all_severities().values(),
        "levels": Follower.Level.choices,
    }
    return render(request, "incidents/follow_rules.html", context, status=error.status if error else 200)


def _said(request: HttpRequest, written: dict[str, Any]) -> dict[str, Any]:
    by = actor_of(request)
    kind, _, who = written["who"].partition(":")
    level = written["least_severity"]
    return {
        "person": person_by(who) if kind == "person" else None,
        "group": team_by(who) if kind == "team" else None,
        "least_severity": int(level) if level in set("12345") else 0,
        "team": team_by(written["team"]) if written["team"] else None,
        "service": service_by(by, written["service"]) if written["service"] else None,
        "type": queries.type_by(by, written["type"]) if written["type"] else None,
        "level": written["level"] or None,
    }
