"""A drill: planned, run by whoever facilitates, and seen by those who take part."""

from __future__ import annotations

import random
from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...accounts.forms import blame
from ...accounts.roles import Action
from ...kernel import clock
from ...kernel.errors import WatchroomError
from ...kernel.found import show_all
from ...kernel.numbers import whole
from ...web.markdown import to_html
from ...web.middleware import actor_of
from .. import commands, queries, rules
from ..forms import PlanForm, members_of
from ..models import Drill, DrillInject


def plan(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Plan a practice (``?scenario=SLUG``, or ``?wheel=TEAM``: one that was not practised for long, by chance), or change
    what is planned."""
    by = actor_of(request)
    drill = queries.drill_for(by, pk) if pk is not None else None
    if drill is not None and not queries.runs(by, drill):
        by.require(Action.MANAGE, drill.team)
    scenarios = queries.scenarios_visible_to(by).filter(team__in=by.teams_where(Action.RESPOND))
    chosen = scenarios.filter(slug=request.GET.get("scenario", "")).first()
    if wheel := request.GET.get("wheel", ""):
        chosen = queries.by_chance(scenarios.filter(team__slug=wheel), random.Random())
    now = clock.now().replace(second=0, microsecond=0)
    if drill is not None:
        names = ("planned_for", "facilitator", "pages", "surprise")
        initial = {name: getattr(drill, name) for name in names} | {"participants": drill.participants.all()}
    else:
        people = members_of(chosen.team, by.person) if chosen else []
        initial = {"scenario": chosen, "planned_for": now, "facilitator": by.person, "participants": people}
    form = PlanForm(request.POST or None, actor=by, drill=drill, initial=initial)
    show_all(form, request.GET.get("choices") == "all")
    if request.method == "POST" and form.is_valid():
        try:
            if drill is not None:
                found = commands.change_plan(by, drill, **form.values())
            else:
                found = commands.plan(by, form.cleaned_data["scenario"], **form.values())
        except WatchroomError as error:
            blame(form, error)
        else:
            messages.success(request, "Planned.")
            return redirect("drill", found.pk)
    context = {"form": form, "drill": drill, "wheel": chosen if wheel else None}
    return render(request, "drills/plan.html", context, status=422 if form.errors else 200)


def drill(request: HttpRequest, pk: int) -> HttpResponse:
    """``/drills/7``: what is known of it; for whoever runs it, what comes next."""
    by = actor_of(request)
    row = queries.drill_for(by, pk)
    runs, now = queries.runs(by, row), clock.now()
    incident = queries.incident_of(row)
    context = {
        "drill": row,
        "name": queries.name_for(by, row),
        "runs": runs,
        "takes_part": queries.takes_part(by, row),
        "may_stop": row.is_on and queries.may_stop(by, row),
        "participants": row.participants.order_by("name"),
        "incident": incident if incident and queries.sees(by, incident) else None,
        "groups": list(queries.groups_of(row).order_by("-id")[:20]) if row.is_on else [],
        "now": now,
    }
    if runs:
        context |= _for_facilitator(row)
    return render(request, "drills/drill.html", context)


def _for_facilitator(row: Drill) -> dict[str, object]:
    told = row.plan or {"story": row.scenario.story, "injects": row.scenario.injects, "expectations": row.scenario.expectations}  # fmt: skip
    injects = [(each, rules.kept(each.content)) for each in row.injects.select_related("by")] if row.started_at else []
    waiting = [(each, inject) for each, inject in injects if each.state == DrillInject.State.WAITING]
    soonest = {each.pk: (each.due_at, each.number) for each, _ in waiting if each.due_at}
    timed = sorted((pair for pair in waiting if pair[0].pk in soonest), key=lambda pair: soonest[pair[0].pk])
    when = {each.pk: (each.at, each.number) for each, _ in injects if each.at}
    happened = sorted((pair for pair in injects if pair[0].pk in when), key=lambda pair: when[pair[0].pk], reverse=True)
    score = queries.score_of(row)
    return {
        "story": to_html(str(told.get("story", ""))),
        "timed": timed,
        "by_press": [pair for pair in waiting if not pair[0].due_at],
        "happened": happened,
        "results": score.results if score else (),
        "coming": [rules.kept(each) for each in told.get("injects", ()) if isinstance(each, dict)]
        if not row.started_at
        else (),
        "ends_at": row.started_at + timedelta(minutes=int(told.get("minutes", 0))) if row.started_at else None,
    }


@require_POST
def do(request: HttpRequest, pk: int) -> HttpResponse:
    """What the buttons of its page do."""
    by = actor_of(request)
    row = queries.drill_for(by, pk)
    what = request.POST.get("do", "")
    if what == "stop":
        commands.end(by, row)
        messages.success(request, "Everything of the drill has ended.")
        return redirect("drill-debrief", pk)
    if what == "hint":
        commands.hint(by, row, request.POST.get("text", ""))
        messages.success(request, "They have the hint.")
    elif what == "call-off":
        commands.call_off(by, row)
        messages.success(request, "The drill is called off.")
        return redirect("drills")
    elif what in ("start", "pause", "resume"):
        {"start": commands.start, "pause": commands.pause, "resume": commands.resume}[what](by, row)
    return redirect("drill", pk)


@require_POST
def inject(request: HttpRequest, pk: int) -> HttpResponse:
    """Have an inject happen now, leave it out, or put it off."""
    by = actor_of(request)
    row = queries.inject_for(by, pk)
    what = request.POST.get("do", "")
    if what == "now":
        commands.deliver_now(by, row)
    elif what == "skip":
        commands.skip(by, row)
    elif what == "delay":
        commands.delay(by, row, whole(request.POST.get("minutes", "5"), 4) or 0)
    return redirect("drill", row.drill_id)
