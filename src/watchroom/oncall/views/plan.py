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
_PURPOSE = "oncall-rota-2"


def planner(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The report, and, once asked for, a proposal beside it. Nothing is saved here."""
    by = actor_of(request)
    row = queries.schedule_by(by, slug)
    now = clock.now()
    people = queries.candidates(row)
    monday = timezone.localtime(now).replace(hour=9, minute=0, second=0, microsecond=0)
    monday += timedelta(days=7 - monday.weekday())
    asked = "turns" in request.GET
    rotations = sorted(row.rotations.prefetch_related("members"), key=lambda each: -len(each.members.all()))
    first = {place.person_id for place in rotations[0].members.all()} if len(rotations) > 1 else None
    form = PlanForm(
        request.GET if asked else None,
        people=people,
        rotations=rotations,
        initial={"people": [each.pk for each in people if first is None or each.pk in first], "starts_at": monday}
        | ({"rotation": rotations[0].pk} if rotations else {}),
    )
    proposal, packed = None, ""
    if asked and form.is_valid():
        given = dict(form.cleaned_data)
        try:
            proposal = outlook.propose(row, people=list(given.pop("people")), start=given.pop("starts_at"), **given)
        except WatchroomError as error:
            blame(form, error)
        else:
            shifts = [[each.pk, a.isoformat(), b.isoformat(), old and old.pk] for each, a, b, old in proposal.parts]
            span = [each.isoformat() for each in proposal.span]
            packed = sign(_PURPOSE, [row.pk, shifts, span, proposal.rotation], valid_for=timedelta(hours=2))
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
    number, shifts, (begin, end), rotation = unsign(_PURPOSE, request.POST.get("rota", ""))
    if number != row.pk:
        raise Refused("This was planned for another schedule.", field="rota", value=number, fix="Plan again.")
    commands.accept_rota(
        by,
        row,
        shifts=[
            (person_by(pk), datetime.fromisoformat(a), datetime.fromisoformat(b), person_by(old) if old else None)
            for pk, a, b, old in shifts
        ],
        span=(datetime.fromisoformat(begin), datetime.fromisoformat(end)),
        rotation=rotation,
    )
    messages.success(request, "The proposed rota counts. Until it has passed you can take it back here.")
    return redirect("schedule", slug)


@require_POST
def planner_take_back(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The rotations count again."""
    by = actor_of(request)
    number = commands.take_back_rota(by, queries.schedule_by(by, slug))
    messages.success(
        request, f"{number} planned shift{'s' if number != 1 else ''} taken back: the rotations count again."
    )
    return redirect("schedule", slug)
