"""What was going on, and who has it now: the pages of shift changes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...accounts.actors import Actor
from ...accounts.roles import Action
from ...api.pages import page
from ...kernel import clock
from ...web.middleware import actor_of
from .. import commands, queries
from ..models import Handoff
from . import telling


def handoffs(request: HttpRequest) -> HttpResponse:
    """Those one has to do with, then all of them, of one schedule if it is named."""
    by = actor_of(request)
    slug = request.GET.get("schedule", "")
    schedule = queries.schedule_by(by, slug) if slug else None
    rows = queries.handoffs_visible_to(by)
    rows = rows.filter(schedule=schedule) if schedule else rows
    found, older = page(rows, cursor=request.GET.get("after"), key="-at")
    context = {
        "mine": [] if schedule else queries.handoffs_of(by, clock.now()),
        "schedule": schedule,
        "handoffs": found,
        "older": older,
        "me": by.person,
    }
    return render(request, "oncall/handoffs.html", context)


def handoff(request: HttpRequest, pk: int) -> HttpResponse:
    """One shift change: the note, the report, and whether the next person has read it."""
    by = actor_of(request)
    row = queries.handoff_for(by, pk)
    incoming, outgoing = list(row.incoming.all()), list(row.outgoing.all())
    context = {
        "row": row,
        "incoming": incoming,
        "outgoing": outgoing,
        "sections": [_shown(section) for section in row.report if section["count"]],
        "quiet": [section["title"] for section in row.report if not section["count"]],
        "may_note": by.person in outgoing or by.may(Action.RESPOND, row.schedule.team),
        "may_acknowledge": by.person in incoming and row.written_at is not None and row.acknowledged_at is None,
    }
    return render(request, "oncall/handoff.html", context)


def _shown(section: dict[str, Any]) -> dict[str, Any]:
    lines = [{**line, "at": _instant(line["at"]), "until": _instant(line["until"])} for line in section["lines"]]
    return {**section, "lines": lines, "more": section["count"] - len(lines) if section["key"] != "fired" else 0}


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


@require_POST
def handoff_note(request: HttpRequest, pk: int) -> HttpResponseBase:
    """What the next person should know."""
    by = actor_of(request)
    telling.note(by, queries.handoff_for(by, pk), request.POST.get("note", ""))
    messages.success(request, "Saved.")
    return redirect("handoff", pk)


@require_POST
def handoff_acknowledge(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Read; it is mine now."""
    by: Actor = actor_of(request)
    row: Handoff = commands.acknowledge_handoff(by, queries.handoff_for(by, pk))
    messages.success(request, f"{row.schedule.name} is yours. Whoever was on call before sees that you have read it.")
    return redirect("handoff", pk)
