"""The states of the life of incidents, by page."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...accounts.queries import team_by
from ...accounts.roles import Action
from ...kernel.errors import Conflict, NotFound, Refused, WatchroomError
from ...kernel.numbers import whole
from ...web.middleware import actor_of
from .. import commands, queries
from ..models import IncidentState, Phase
from ..states import by_phase, state_by, states_visible_to

MEANINGS = {
    "active": "People are hurt by it.",
    "mitigated": "Nobody is hurt any more, and it is not over.",
    "resolved": "It is over; perhaps there is something left to learn.",
    "closed": "It is over, and nothing is left to do.",
}


def states(request: HttpRequest) -> HttpResponse:
    """The life of an incident: each phase with the states in it."""
    by = actor_of(request)
    by.require(Action.SEE)
    rows = by_phase(
        states_visible_to(by).annotate(
            count=Count("incidents", filter=queries.seen_by(by, "incidents__"), distinct=True)
        )
    )
    context = {
        "phases": [
            {"phase": phase, "means": MEANINGS[phase], "states": [each for each in rows if each.phase == phase]}
            for phase in Phase
        ],
        "none": not rows,
        "may_make": by.may(Action.ADMINISTER) or by.teams_where(Action.MANAGE).exists(),
    }
    return render(request, "incidents/states.html", context)


def state(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    """Make a state, or change one."""
    by = actor_of(request)
    row = state_by(by, slug) if slug else None
    error: WatchroomError | None = None
    written: dict[str, Any]
    if request.method == "POST":
        written = {
            name: request.POST.get(name, "").strip() for name in ("name", "phase", "team", "description", "order")
        }
        written |= {"types": request.POST.getlist("types"), "retired": bool(request.POST.get("retired"))}
        try:
            commands.save_state(by, row, **_said(request, written))
        except (Refused, Conflict, NotFound) as refused:
            error = refused
        else:
            messages.success(request, "Saved.")
            return redirect("incident-states")
    elif row is not None:
        written = {name: getattr(row, name) for name in ("name", "phase", "description", "order")}
        written |= {"team": row.team.slug if row.team else "", "retired": row.retired_at is not None}
        written["types"] = [each.slug for each in row.types.all()]
    else:
        written = {"phase": request.GET.get("phase", "active"), "order": 0, "types": []}
    context = {
        "state": row,
        "written": written,
        "phases": [(each.value, each.label, MEANINGS[each]) for each in Phase],
        "teams": by.teams_where(Action.MANAGE),
        "types": queries.types_visible_to(by),
        "may_all": by.may(Action.ADMINISTER),
        "may_save": row is None or _may(row, request),
        "error": error,
    }
    return render(request, "incidents/state.html", context, status=error.status if error else 200)


def _may(row: IncidentState, request: HttpRequest) -> bool:
    return actor_of(request).may(Action.MANAGE if row.team else Action.ADMINISTER, row.team)


def _said(request: HttpRequest, written: dict[str, Any]) -> dict[str, Any]:
    if (order := whole(written["order"], 3)) is None:
        raise Refused("That is no place.", field="order", value=written["order"][:40], fix="Write 0 to 999.")
    by = actor_of(request)
    return {
        **written,
        "order": order,
        "team": team_by(written["team"]) if written["team"] else None,
        "types": [queries.type_by(by, each) for each in written["types"]],
    }


@require_POST
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    """Delete a state in which no incident is."""
    by = actor_of(request)
    commands.delete_state(by, state_by(by, slug))
    return redirect("incident-states")
