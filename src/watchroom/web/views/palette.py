"""Finds things by a few letters, for the command palette."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.urls import reverse

from ...accounts.actors import Actor
from ...accounts.models import Person, Team
from ...catalog.models import Service
from ...incidents.queries import visible_to as incidents_visible_to
from ...intake.queries import groups_visible_to
from ...kernel.numbers import whole
from ...oncall.queries import schedules_visible_to
from ...paging.queries import policies_visible_to
from ...runbooks.queries import visible_to as runbooks_visible_to
from ..middleware import actor_of

EACH = 4
MOST = 16

# What the side navigation does not show, because it is set up once, or belongs to another page: found by any of its words.
PAGES = {
    "severities": "Severities and triage",
    "incident-types": "Incident types and custom fields",
    "incident-states": "States of incidents",
    "role-rotations": "Role rotations: who is asked for roles",
    "follow-rules": "Who follows which incidents",
    "guidance": "Guidance: guards against traps",
    "stakeholder-lists": "Stakeholders",
    "update-templates": "Update templates",
    "runners": "Runners of mitigations",
    "insights-incidents": "How incidents went",
    "insights-load": "Load of on-call",
    "grouping": "Alerts that fire together",
    "api-help": "API: every operation, with a curl to copy",
    "webhook-events": "Events that webhooks can be told of",
    "me": "Your profile and API tokens",
    "my-contact": "Contact methods: how pages reach you",
    "handoffs": "Hand-offs of shifts",
    "person-new": "Add a person",
    "people-invite": "Invite people",
    "team-new": "New team",
    "service-new": "New service",
    "status-page-new": "New status page",
    "import-alertmanager": "Import an Alertmanager's configuration",
}


def palette(request: HttpRequest) -> JsonResponse:
    """``[{label, hint, url}]`` for ``?q=``; one query a kind, whatever is typed."""
    actor, text = actor_of(request), request.GET.get("q", "").strip()
    if not text:
        return JsonResponse([], safe=False)
    words = text.casefold()
    pages = [
        {"label": label, "hint": "Page", "url": reverse(name)}
        for name, label in PAGES.items()
        if any(place.startswith(words) for place in _tails(label.casefold()))
    ]
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
        {"label": row.name, "hint": "Runbook", "url": reverse("runbook", args=[row.slug])}
        for row in runbooks_visible_to(actor).filter(name__icontains=text)[:EACH]
    ]
    found += [
        {"label": row.name, "hint": "Schedule", "url": reverse("schedule", args=[row.slug])}
        for row in schedules_visible_to(actor).filter(name__icontains=text)[:EACH]
    ]
    found += [
        {"label": row.name, "hint": "Person", "url": reverse("person", args=[row.pk])}
        for row in Person.objects.filter(name__icontains=text, is_active=True)[:EACH]
    ]
    found += [
        {"label": row.name, "hint": "Policy", "url": reverse("policy", args=[row.slug])}
        for row in policies_visible_to(actor).filter(name__icontains=text)[:EACH]
    ]
    found += [
        {"label": row.name, "hint": "Team", "url": reverse("team", args=[row.slug])}
        for row in Team.objects.filter(name__icontains=text)[:EACH]
    ]
    return JsonResponse(_by_number(actor, text) + pages[:EACH] + found[:MOST], safe=False)


def _tails(label: str) -> list[str]:
    """``label`` from each of its words on."""
    words = label.split()
    return [" ".join(words[number:]) for number in range(len(words))]


def _by_number(actor: Actor, text: str) -> list[dict[str, str]]:
    """The incident and the alert of that number: “120”, “#120”, as people say it aloud."""
    number = whole(text.removeprefix("#"), 9)
    if number is None:
        return []
    return [
        {"label": f"#{number} {row}", "hint": hint, "url": reverse(page, args=[number])}
        for hint, page, rows in (
            ("Incident", "incident", incidents_visible_to(actor)),
            ("Alert", "alert-group", groups_visible_to(actor)),
        )
        for row in rows.filter(pk=number).values_list("title", flat=True)
    ]
