"""What the severities mean here, by page."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from ...accounts.roles import Action
from ...kernel.errors import NotFound, Refused
from ...kernel.numbers import whole
from ...status.models import StakeholderList
from ...web.middleware import actor_of
from .. import commands
from ..models import RoleName, SeverityDefinition, TriageRule
from ..severities import all_severities

_UNITS = {"minutes": 1, "hours": 60, "days": 1440}


def severities(request: HttpRequest) -> HttpResponse:
    """All five, with what follows from each."""
    by = actor_of(request)
    by.require(Action.SEE)
    lists = list(StakeholderList.objects.select_related("team"))
    shown = [
        {
            "severity": each,
            "roles": [RoleName(role).label for role in each.roles],
            "told": [row for row in lists if row.least_severity >= level],
        }
        for level, each in all_severities().items()
    ]
    context = {
        "shown": shown,
        "may_save": by.may(Action.ADMINISTER),
        "origins": TriageRule.By.choices,
        "waits": set(TriageRule.objects.values_list("of", flat=True)),
    }
    return render(request, "incidents/severities.html", context)


def severity(request: HttpRequest, level: int) -> HttpResponse:
    """Say what one means."""
    by = actor_of(request)
    by.require(Action.SEE)
    found = all_severities().get(level)
    if found is None:
        raise NotFound("There is no such severity.")
    error: Refused | None = None
    if request.method == "POST":
        if request.POST.get("do") == "reset":
            commands.reset_severity(by, level)
            return redirect("severities")
        written: dict[str, Any] = {name: request.POST.get(name, "") for name in ("name", "definition", "count", "unit")}
        written["roles"] = request.POST.getlist("roles")
        written |= {name: bool(request.POST.get(name)) for name in ("customers", "urgent")}
        try:
            commands.save_severity(
                by,
                level,
                name=written["name"],
                definition=written["definition"],
                update_minutes=_minutes(written["count"], written["unit"]),
                roles=written["roles"],
                customers=written["customers"],
                urgent=written["urgent"],
            )
        except Refused as refused:
            error = refused
        else:
            messages.success(request, "Saved.")
            return redirect("severities")
    else:
        count, unit = found.every.split()
        written = {"name": found.name, "definition": found.definition, "roles": found.roles, "count": count}
        written |= {"customers": found.customers, "urgent": found.urgent}
        written["unit"] = unit if unit.endswith("s") else f"{unit}s"
    context = {
        "severity": found,
        "written": written,
        "units": list(_UNITS),
        "roles": RoleName.choices,
        "error": error,
        "may_save": by.may(Action.ADMINISTER),
        "own": SeverityDefinition.objects.filter(pk=level).exists(),
    }
    return render(request, "incidents/severity.html", context, status=error.status if error else 200)


def _minutes(count: str, unit: str) -> int:
    number = whole(count, 6)
    if number is None or unit not in _UNITS:
        raise Refused(
            "That is no length of time.", field="update_minutes", value=f"{count} {unit}"[:40], fix="Write a number."
        )
    return number * _UNITS[unit]
