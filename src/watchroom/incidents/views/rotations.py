"""Role rotations by page, and who is needed in an incident."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...accounts.queries import person_by, team_by
from ...accounts.roles import Action
from ...catalog.queries import service_by
from ...kernel import clock
from ...kernel.errors import Conflict, NotFound, Refused, WatchroomError
from ...kernel.numbers import whole
from ...oncall import queries as oncall
from ...runbooks import choosing
from ...web.middleware import actor_of
from .. import assembly, commands, queries
from ..models import RoleAssignment, RoleName
from ..severities import all_severities
from ._room import may_act


def needed(request: HttpRequest, pk: int) -> HttpResponse:
    """Who is needed, as a part of the room that is read after it."""
    by = actor_of(request)
    incident = queries.incident_for(by, pk)
    found = assembly.needed_in(incident) if incident.is_open else []
    holders = list(RoleAssignment.objects.filter(incident=incident, ended_at__isnull=True))
    context = {
        "incident": incident,
        "offers": [each for each in found if each.candidates],
        "bare": [each for each in found if each.missing and not each.candidates],
        "several": sum(bool(each.candidates) and each.required for each in found) > 1,
        "acts": may_act(by, incident, holders),
    }
    return render(request, "incidents/parts/needed.html", context)


@require_POST
def assemble(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask everybody who is needed."""
    by = actor_of(request)
    asked = commands.assemble(by, queries.incident_for(by, pk))
    names = ", ".join(f"{each.person} ({each.get_role_display().lower()})" for each in asked)
    messages.success(request, f"Being paged: {names}." if asked else "Nobody more is on call for what is needed.")
    return redirect("incident", pk)


def rotations(request: HttpRequest) -> HttpResponse:
    """All role rotations, with who would be asked now."""
    by = actor_of(request)
    now = clock.now()
    rows = list(queries.rotations_visible_to(by))
    for row in rows:
        row.now = next(iter(assembly.candidates_of(row, now, first_only=True)), None)  # type: ignore[attr-defined]
    may_make = by.may(Action.ADMINISTER) or by.teams_where(Action.MANAGE).exists()
    return render(request, "incidents/rotations.html", {"rotations": rows, "may_make": may_make})


def rotation(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    """Make a role rotation, or change one."""
    by = actor_of(request)
    row = queries.rotation_by(by, slug) if slug else None
    error: WatchroomError | None = None
    written: dict[str, Any]
    if request.method == "POST":
        names = ("role", "for", "asks", "least_severity", "answer_minutes")
        written = {name: request.POST.get(name, "").strip() for name in names}
        try:
            commands.save_rotation(by, row, **_said(request, written))
        except (Refused, Conflict, NotFound) as refused:
            error = refused
        else:
            messages.success(request, "Saved.")
            return redirect("role-rotations")
    elif row is not None:
        written = {"role": row.role, "least_severity": str(row.least_severity), "answer_minutes": row.answer_minutes}
        written["for"] = f"service:{row.service.slug}" if row.service else f"team:{row.team.slug}" if row.team else ""
        written["asks"] = f"schedule:{row.schedule.slug}" if row.schedule else f"person:{row.person_id}"
    else:
        written = {"role": "commander", "least_severity": "5", "answer_minutes": 5}
    whole_lists = request.GET.get("choices") == "all"
    context = {
        "rotation": row,
        "written": written,
        "error": error,
        "roles": RoleName.choices,
        "scopes": choosing.ROLE_SCOPES.chosen([written.get("for", "")], whole=whole_lists),
        "holders": choosing.ROLE_HOLDERS.chosen([written.get("asks", "")], whole=whole_lists),
        "all_choices": whole_lists,
        "severities": all_severities().values(),
        "may_save": row is None or by.may(Action.MANAGE if row.owner else Action.ADMINISTER, row.owner),
        "may_all": by.may(Action.ADMINISTER),
    }
    return render(request, "incidents/rotation.html", context, status=error.status if error else 200)


def _said(request: HttpRequest, written: dict[str, Any]) -> dict[str, Any]:
    by = actor_of(request)
    scope, _, whose = written["for"].partition(":")
    kind, _, who = written["asks"].partition(":")
    numbers = {}
    for name in ("least_severity", "answer_minutes"):
        if (number := whole(written[name], 4)) is None:
            raise Refused("That is no number.", field=name, value=written[name][:40], fix="Write a number.")
        numbers[name] = number
    return {
        "role": written["role"],
        "team": team_by(whose) if scope == "team" else None,
        "service": service_by(by, whose) if scope == "service" else None,
        "schedule": oncall.schedule_by(by, who) if kind == "schedule" else None,
        "person": person_by(who) if kind == "person" else None,
        **numbers,
    }


@require_POST
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    """Nobody is asked by it any more."""
    by = actor_of(request)
    commands.delete_rotation(by, queries.rotation_by(by, slug))
    return redirect("role-rotations")
