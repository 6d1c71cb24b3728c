"""How incidents went: how many, how long, and whom they hurt."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render

from ...accounts.models import Team
from ...catalog.models import Service
from ...incidents.rules.times import DURATIONS
from ...kernel import clock
from ...web.middleware import actor_of
from ...web.sheets import sheet
from .. import queries, responding
from ..rules.response import Measure, Numbers
from .reading import asked_days, asked_team

SPANS = {"28": "Four weeks", "91": "A quarter", "182": "Half a year"}
SERVICES = 12
ENOUGH, NOTICED = 5, 0.1
WORDS = {
    "detect": ("Detected", "from the start of the impact"),
    "acknowledge": ("Acknowledged", "from when it was detected"),
    "mitigate": ("Mitigated", "from the start of the impact"),
    "resolve": ("Resolved", "from the start of the impact"),
}


def _in_words(by_severity: Mapping[int, int]) -> str:
    return ", ".join(f"{count} SEV{severity}" for severity, count in by_severity.items())


def _changed(measure: Measure) -> str:
    """Against as long a time before; nothing, where a few incidents more or less would say the opposite."""
    if measure.change is None or measure.count < ENOUGH or abs(measure.change) < NOTICED:
        return ""
    return f"now {abs(measure.change):.0%} ".replace("%", " %") + ("longer" if measure.change > 0 else "shorter")


def incidents(request: HttpRequest) -> HttpResponse:
    """The numbers of a time, beside as long a time before it."""
    actor, days, team = actor_of(request), asked_days(request), asked_team(request)
    start, end = queries.window(days)
    found: Numbers = responding.incident_numbers(actor, start, end, team)
    hurt = found.services[:SERVICES]
    names = dict(Service.objects.filter(slug__in=[each.service for each in hurt]).values_list("slug", "name"))
    context = {
        "found": found,
        "severities": _in_words(found.by_severity),
        "measures": [(*WORDS[each.name], each, _changed(each)) for each in found.measures],
        "counts": [week.count for week in found.weeks],
        "names": [f"Week from {week.monday:%-d %b}: {_in_words(week.by_severity) or 'none'}" for week in found.weeks],
        "minutes": [round(week.mitigate_seconds / 60) if week.mitigate_seconds else None for week in found.weeks],
        "spans": [f"Minutes, week from {week.monday:%-d %b}" for week in found.weeks],
        "ends": [f"{week.monday:%-d %b}" for week in found.weeks],
        "weeks": [(week, _in_words(week.by_severity)) for week in found.weeks],
        "services": [(names.get(each.service, each.service), each) for each in hurt],
        "more": max(0, len(found.services) - SERVICES),
        "most": found.told if found.told < found.count else 0,
        "days": str(days),
        "windows": SPANS.items(),
        "team": team,
        "teams": Team.objects.all(),
    }
    return render(request, "insights/incidents.html", context)


def _whole_seconds(span: timedelta | None) -> int | None:
    return None if span is None else round(span.total_seconds())


def incidents_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Every incident of the time with its key times, for a spreadsheet."""
    actor, days, team = actor_of(request), asked_days(request), asked_team(request)
    found = responding.incidents_between(actor, *queries.window(days), team)
    teams = dict(Team.objects.values_list("pk", "slug"))
    moments = (
        "started",
        "detected",
        "acknowledged",
        "declared",
        "assembled",
        "tried",
        "mitigated",
        "resolved",
        "closed",
    )
    took = [f"{name}_seconds" for name, _, _ in DURATIONS]
    rows = (
        [
            each.incident.pk,
            each.incident.title,
            f"SEV{each.incident.severity}",
            each.incident.status,
            teams.get(each.incident.team_id or 0, ""),
            ", ".join(each.went.services),
            *(each.went.times.get(moment) for moment in moments),
            *(_whole_seconds(each.went.took(name)) for name, _, _ in DURATIONS),
        ]
        for each in found
    )
    columns = ("number", "title", "severity", "status", "team", "services", *moments, *took)
    return sheet(f"incidents-{clock.now():%Y-%m-%d}", columns, rows)
