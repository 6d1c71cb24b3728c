"""``/schedules/<slug>/plan``: the quality of what is ahead, and the planner."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from ...accounts.forms import blame
from ...accounts.queries import person_by
from ...accounts.roles import Action
from ...kernel import clock
from ...kernel.errors import Refused, WatchroomError
from ...kernel.signing import sign, unsign
from ...web.middleware import actor_of
from .. import commands, outlook, queries
from ..forms import PlanForm

SPAN = timedelta(days=60)
_PURPOSE = "oncall-rota"


def planner(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The report, and, once asked for, a proposal beside it. Nothing is saved here."""
    by = actor_of(request)
    row = queries.schedule_by(by, slug)
    now = clock.now()
    people = queries.candidates(row)
    monday = timezone.localtime(now).replace(hour=9, minute=0, second=0, microsecond=0)
    monday += timedelta(days=7 - monday.weekday())
    asked = "turns" in request.GET
    form = PlanForm(
        request.GET if asked else None,
        people=people,
        initial={"people": [each.pk for each in people], "starts_at": monday},
    )
    proposal, packed = None, ""
    if asked and form.is_valid():
        given = dict(form.cleaned_data)
        try:
            proposal = outlook.propose(row, people=list(given.pop("people")), start=given.pop("starts_at"), **given)
        except WatchroomError as error:
            blame(form, error)
        else:
            shifts = [[each.pk, a.isoformat(), b.isoformat()] for each, a, b in proposal.shifts]
            packed = sign(_PURPOSE, [row.pk, shifts], valid_for=timedelta(hours=2))
    report, known = outlook.quality_of(row, now, now + SPAN)
    context = {
        "schedule": row,
        "report": report,
        "loads": [(load, known.get(load.person)) for load in report.loads],
        "form": form,
        "proposal": proposal,
        "new_loads": [(load, proposal.people.get(load.person)) for load in proposal.after.loads] if proposal else [],
        "packed": packed,
        "may_manage": by.may(Action.MANAGE, row.team),
    }
    return render(request, "oncall/plan.html", context, status=422 if asked and form.errors else 200)


@require_POST
def planner_accept(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Put the proposal that was shown into effect."""
    by = actor_of(request)
    row = queries.schedule_by(by, slug)
    number, shifts = unsign(_PURPOSE, request.POST.get("rota", ""))
    if number != row.pk:
        raise Refused("This was planned for another schedule.", field="rota", value=number, fix="Plan again.")
    commands.accept_rota(
        by,
        row,
        shifts=[(person_by(pk), datetime.fromisoformat(a), datetime.fromisoformat(b)) for pk, a, b in shifts],
    )
    messages.success(request, "The proposed rota counts from now on.")
    return redirect("schedule", slug)
