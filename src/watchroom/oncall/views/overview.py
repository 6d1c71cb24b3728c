"""Who is on call in all schedules: now, and in the seven days ahead."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from ...accounts.queries import teams_visible_to
from ...accounts.roles import Action
from ...api.pages import page
from ...kernel import clock
from ...kernel.numbers import whole
from ...web.middleware import actor_of
from .. import queries, rules
from ..models import Schedule
from .lines import packed, spans_of
from .month import day_asked, reasons_ahead

WEEK = timedelta(days=7)
AT_ONCE = 100


def overview(request: HttpRequest) -> HttpResponseBase:
    """``/schedules``: who is on call now, until when, and who comes next; as a picture of the week with ``?view=week``."""
    by = actor_of(request)
    rows = queries.schedules_visible_to(by)
    if text := request.GET.get("q", "").strip():
        rows = rows.filter(name__icontains=text)
    if (team := whole(request.GET.get("team", ""))) is not None:
        rows = rows.filter(team=team)
    at = clock.now()
    chosen, after = page(rows, cursor=request.GET.get("after"), limit=AT_ONCE, key="name")
    own = queries.overview(at, queries.schedules_with(by.person, at)[:AT_ONCE]) if by.person else []
    context: dict[str, Any] = {
        "mine": [row for row in own if by.person in row.people],
        "following": after,
        "teams": teams_visible_to(by).prefetch_related(None),
        "may_add": by.teams_where(Action.MANAGE).exists(),
    }
    if request.GET.get("view") == "week":
        context |= {"week": True} | _week(chosen, max(at, day_asked(request)))
    else:
        context["rows"] = queries.overview(at, chosen)
    return render(request, "oncall/schedules.html", context)


def _week(chosen: Sequence[Schedule], start: datetime) -> dict[str, Any]:
    """A line, or some, for each schedule: who has which shift in the seven days from ``start``, and when nobody is there.
    What lies behind is on the page of each schedule."""
    end = start + WEEK
    plans = queries.plans_of(chosen, start, end)
    shifts = {pk: rules.final_shifts(plan, start, end) for pk, plan in plans.items()}
    every = [shift for each in shifts.values() for shift in each]
    people, reasons = queries.people_of(shift.person for shift in every), reasons_ahead(plans.values(), every)
    lanes = []
    for row in chosen:
        own = shifts[row.pk]
        gaps = rules.holes([(shift.starts_at, shift.ends_at) for shift in own], start, end)
        lines = packed([*spans_of(own, people, reasons), *((a, b, "") for a, b in gaps)])
        address = reverse("schedule", args=[row.slug])
        lanes += [("and", line, "") if number else (row.name, line, address) for number, line in enumerate(lines)]
    ahead = start > clock.now()
    return {
        "lanes": lanes,
        "words": [(row, shift, people.get(shift.person)) for row in chosen for shift in shifts[row.pk]],
        "start": start,
        "end": end,
        "earlier": f"{timezone.localtime(start - WEEK):%Y-%m-%d}" if ahead else "",
        "later": f"{timezone.localtime(end):%Y-%m-%d}",
    }
