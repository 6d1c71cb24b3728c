"""Whose numbers a page shows: the team that was asked for, else one's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ...accounts.actors import Actor
from ...accounts.models import Team
from ...accounts.queries import team_by
from ...accounts.roles import Action


def team_of(actor: Actor, given: Mapping[str, Any], needs: Action = Action.SEE) -> Team | None:
    """The team that ``given`` names; else the first of the actor's own in which they may do what is needed, else any such.

    :raises NotFound: there is no team of that name.
    """
    if slug := given.get("team", ""):
        return team_by(slug)
    teams = actor.teams_where(needs)
    own = teams.filter(memberships__person=actor.person) if actor.person else teams.none()
    return own.order_by("memberships__id").first() or teams.first()


def no_team(request: HttpRequest, title: str, text: str) -> HttpResponse:
    """A page that needs a team, for somebody for whom there is none."""
    return render(request, "insights/no_team.html", {"title": title, "text": text})
