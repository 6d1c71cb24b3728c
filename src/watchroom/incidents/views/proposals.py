"""What the declare form proposes, while one types."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from ...accounts.roles import Action
from ...intake.queries import groups_visible_to
from ...kernel.numbers import wholes
from ...web.middleware import actor_of
from ..proposals import propose
from ..severities import all_severities


@require_GET
def proposals(request: HttpRequest) -> HttpResponse:
    """Services, alerts, severity and type that fit, and incidents that look alike; a part of the form."""
    by = actor_of(request)
    by.require(Action.DECLARE)
    ids = wholes(request.GET.getlist("given"))
    groups = list(groups_visible_to(by).filter(pk__in=ids)) if ids else []
    title = request.GET.get("title", "")[:200]
    found = propose(by, title, groups)
    context = {
        "found": found,
        "title": title,
        "severity": all_severities()[found.severity] if found.severity else None,
        "position": (found.severity or 1) - 1,  # of its radio button
        "joins": [str(group.pk) for group in groups],
    }
    return render(request, "incidents/parts/proposals.html", context)
