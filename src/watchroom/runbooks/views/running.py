"""A runbook being carried out: the page for whoever has the phone in their hand, and what is pressed on it."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...accounts.actors import Actor
from ...actions import commands as actions
from ...actions.models import ActionItem
from ...incidents.queries import incident_for
from ...intake.models import AlertGroup
from ...intake.queries import groups_visible_to
from ...kernel import clock
from ...kernel.db import locked
from ...kernel.errors import Conflict, NotFound, Refused, WatchroomError
from ...kernel.finding import one
from ...kernel.numbers import whole
from ...paging.proposed import of_ones_own
from ...web.middleware import actor_of
from .. import commands
from ..models import RunbookRun
from ..queries import runbook_by
from ..runs import run_for, runs_visible_to
from ._shown import context_of

PAGE = 50
MEND_WITHIN = timedelta(days=14)


def runs(request: HttpRequest) -> HttpResponse:
    """``/runbook-runs``: what is being carried out, and what was; ``?runbook=slug`` only of one."""
    by = actor_of(request)
    rows = runs_visible_to(by)
    slug, after = request.GET.get("runbook", ""), whole(request.GET.get("after", ""))
    rows = rows.filter(runbook__slug=slug) if slug else rows
    found = list((rows if after is None else rows.filter(pk__lt=after)).order_by("-id")[: PAGE + 1])
    older = found[PAGE - 1].pk if len(found) > PAGE else None
    return render(request, "runbooks/runs.html", {"runs": found[:PAGE], "older": older, "slug": slug})


def run(request: HttpRequest, pk: int) -> HttpResponse:
    """One run: the step that is next is the biggest thing; ``?step=key`` shows another one in its place."""
    by = actor_of(request)
    context = context_of(by, run_for(by, pk), request.GET.get("step", ""))
    return render(request, "runbooks/run.html", context)


@require_POST
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """Begin it in an incident or for an alert group."""
    by = actor_of(request)
    row = runbook_by(by, slug)
    incident, group = whole(request.POST.get("incident", "")), whole(request.POST.get("group", ""))
    begun = commands.start_run(
        by,
        row,
        incident=incident_for(by, incident) if incident else None,
        group=group_for(by, group) if group else None,
        client_key=of_ones_own(request.POST.get("client_key", "")[:64]),
    )
    return redirect("runbook-run", begun.pk)


@require_POST
def step(request: HttpRequest, pk: int, key: str) -> HttpResponse:
    """What came of a step, or what it is to start."""
    by = actor_of(request)
    row = run_for(by, pk)
    try:
        _do(by, row, key, request.POST)
    except (Conflict, Refused, NotFound) as refused:
        messages.error(request, str(refused))
        return redirect(f"/runbook-runs/{pk}?step={key}" if isinstance(refused, Refused) else f"/runbook-runs/{pk}")
    return redirect("runbook-run", pk)


def _do(by: Actor, row: RunbookRun, key: str, given: QueryDict) -> None:
    match given.get("do", ""):
        case "start":
            commands.start_step(by, row, key, declaring="declare" in given)
        case "call":
            commands.call(by, row, key)
        case "undo":
            commands.take_back(by, row, key)
        case what:
            commands.say(by, row, key, outcome=what, note=given.get("note", ""))


@require_POST
def answer(request: HttpRequest, pk: int, key: str, number: int) -> HttpResponse:
    """The answer to a question, by its number from 1 on."""
    by = actor_of(request)
    try:
        commands.say(
            by, run_for(by, pk), key, outcome="answered", answer=str(number), note=request.POST.get("note", "")
        )
    except (Conflict, Refused, NotFound) as refused:
        messages.error(request, str(refused))
    return redirect("runbook-run", pk)


@require_POST
def finish(request: HttpRequest, pk: int) -> HttpResponse:
    """Did it help?"""
    by = actor_of(request)
    row = run_for(by, pk)
    try:
        commands.finish_run(by, row, helped=request.POST.get("helped", ""), note=request.POST.get("note", ""))
    except WatchroomError as refused:
        messages.error(request, str(refused))
    return redirect("runbook-run", pk)


@require_POST
def mend(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody will mend the runbook: an action item for its owner (or whoever asks, where it has none), with what was said
    of it."""
    by = actor_of(request)
    item = mended_by(by, run_for(by, pk))
    messages.success(request, f"{item.owner} has it as an action item, due {item.due_on:%d %B}.")
    return redirect("action", item.pk)


def mended_by(by: Actor, row: RunbookRun) -> ActionItem:
    """The action item; the one that is open already, if there is one.

    :raises NotFound: the runbook is gone.
    :raises Refused: nobody could own it.
    """
    book = row.runbook
    if book is None:
        raise NotFound("The runbook is no longer there.", fix="Write it anew.")
    owner = book.owner if book.owner and book.owner.is_active else by.person
    if owner is None:
        raise Refused("Nobody owns this runbook.", field="owner", value="", fix="Give it an owner first.")
    said = f"{row.get_helped_display()}. {row.note}".strip() if row.ended_at else ""
    title = f"Mend the runbook {book.name}"[:200]
    with transaction.atomic():
        locked(RunbookRun.objects.filter(pk=row.pk)).get()  # two presses make one
        unfinished = ActionItem.objects.filter(state__in=(ActionItem.State.OPEN, ActionItem.State.DOING))
        there = unfinished.filter(incident=row.incident, team=book.team, title=title).first()
        return there or actions.create(
            by,
            incident=row.incident,
            title=title,
            owner=owner,
            due_on=clock.now().date() + MEND_WITHIN,
            description=f"{said}\n\nThe run: /runbook-runs/{row.pk}. The runbook: /runbooks/{book.slug}.".strip(),
            team=book.team,
        )


def group_for(by: Actor, pk: int) -> AlertGroup:
    """One alert group. :raises NotFound: there is none, or ``by`` may not see it."""
    return one(groups_visible_to(by), "alert group", pk=pk)
