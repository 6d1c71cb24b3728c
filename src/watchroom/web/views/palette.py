"""Finds things by a few letters, for the command palette."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.urls import reverse

from ...accounts.models import Person
from ...catalog.models import Service
from ...incidents.queries import visible_to as incidents_visible_to
from ...intake.queries import groups_visible_to
from ...oncall.queries import schedules_visible_to
from ..middleware import actor_of

EACH = 4
MOST = 12


def palette(request: HttpRequest) -> JsonResponse:
    """``[{label, hint, url}]`` for ``?q=``; one query a kind, whatever is typed."""
    actor, text = actor_of(request), request.GET.get("q", "").strip()
    if not text:
        return JsonResponse([], safe=False)
    found = [
        {"label": str(row), "hint": "Incident", "url": reverse("incident", args=[row.pk])}
        for row in incidents_visible_to(actor).filter(title__icontains=text).order_by("-id")[:EACH]
    ]
    found += [
        {"label": row.title, "hint": "Alert", "url": reverse("alert-group", args=[row.pk])}
        for row in groups_visible_to(actor)
        .filter(title__icontains=text, resolved_at__isnull=True)
        .order_by("-id")[:EACH]
    ]
    found += [
        {"label": row.name, "hint": "Service", "url": reverse("service", args=[row.slug])}
        for row in Service.objects.filter(name__icontains=text)[:EACH]
    ]
    found += [
        {"label": row.name, "hint": "Schedule", "url": reverse("schedule", args=[row.slug])}
        for row in schedules_visible_to(actor).filter(name__icontains=text)[:EACH]
    ]
    found += [
        {"label": row.name, "hint": "Person", "url": reverse("person", args=[row.pk])}
        for row in Person.objects.filter(name__icontains=text, is_active=True)[:EACH]
    ]
    return JsonResponse(found[:MOST], safe=False)
