"""Triage by page."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from ...kernel.errors import Refused
from ...kernel.numbers import whole
from ...web.middleware import actor_of
from .. import commands, queries


@require_POST
def triage(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirm it, decline it, or merge it into another one."""
    by = actor_of(request)
    found = queries.incident_for(by, pk)
    way = request.POST.get("to", "")
    if way == "confirm":
        commands.confirm(by, found)
    elif way == "decline":
        commands.decline(by, found, request.POST.get("reason", ""))
    elif way == "merge":
        written = request.POST.get("other", "").strip()
        if (number := whole(written.removeprefix("#"))) is None:
            raise Refused("That is no incident.", field="other", value=written[:40], fix="Write its number, as 12.")
        other = queries.incident_for(by, number)
        commands.merge(by, found, other)
        return redirect("incident", other.pk)
    else:
        raise Refused("That is not a step.", field="to", value=way[:40], fix="Use confirm, decline or merge.")
    return redirect("incident", pk)


@require_POST
def rules(request: HttpRequest) -> HttpResponse:
    """What waits for triage."""
    commands.save_triage_rules(actor_of(request), request.POST.getlist("of"))
    messages.success(request, "Saved.")
    return redirect("severities")
