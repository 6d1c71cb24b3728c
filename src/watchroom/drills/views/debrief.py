"""The debrief of a drill: what came beside what was done, the score, what went well and what to mend."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...accounts.queries import active_person
from ...accounts.roles import Action
from ...kernel import clock
from ...kernel.errors import NotFound, Refused
from ...web.middleware import actor_of
from .. import commands, queries
from ..models import Drill, DrillNote
from ..writing import as_markdown, words_of


def _ended(request: HttpRequest, pk: int) -> Drill:
    row = queries.drill_for(actor_of(request), pk)
    if not row.is_over:
        raise NotFound("This drill has no debrief yet.", field="drill", value=pk, fix=f"See /drills/{pk}.")
    return row


def debrief(request: HttpRequest, pk: int) -> HttpResponse:
    """``/drills/7/debrief``."""
    by = actor_of(request)
    row = _ended(request, pk)
    score, earlier = queries.score_of(row), queries.before(row)
    then = queries.score_of(earlier) if earlier else None
    parts_then = {part.key: part.percent for part in then.parts} if then else {}
    notes = list(row.notes.select_related("by", "action__owner"))
    may = queries.takes_part(by, row) or queries.runs(by, row) or by.may(Action.RESPOND, row.team)
    context = {
        "drill": row,
        "score": score,
        "earlier": earlier,
        "parts": [(part, parts_then.get(part.key)) for part in score.parts] if score else [],
        "tested": sum(each.points is not None for each in score.results) if score else 0,
        "results": [(each, words_of(each)) for each in score.results] if score else [],
        "moments": queries.timeline(row, by),
        "sees_room": row.incident is not None and queries.sees(by, row.incident),
        "participants": row.participants.order_by("name"),
        "kinds": [(kind, label, [each for each in notes if each.kind == kind]) for kind, label in DrillNote.Kind.choices],
        "may": may,
        "due_on": (clock.now() + timedelta(days=14)).date(),
        "people": sorted({row.facilitator, *row.participants.filter(is_active=True)}, key=str) if may else [],
        "runs": queries.runs(by, row),
        "administers": by.may(Action.ADMINISTER),
        "me": by.person,
    }  # fmt: skip
    return render(request, "drills/debrief.html", context)


def document(request: HttpRequest, pk: int) -> HttpResponse:
    """The debrief as a Markdown document."""
    row = _ended(request, pk)
    answer = HttpResponse(as_markdown(row, actor_of(request)), content_type="text/markdown; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="drill-{row.pk}.md"'
    return answer


@require_POST
def do(request: HttpRequest, pk: int) -> HttpResponse:
    """Say something, take it back, make an action item of it, share it."""
    by = actor_of(request)
    row = _ended(request, pk)
    what, sent = request.POST.get("do", ""), request.POST
    if what == "share":
        commands.share(by, row)
        messages.success(request, f"Everybody in {row.team} is told where it is.")
    elif what == "delete":
        commands.delete_drill(by, row)
        messages.success(request, "The drill and its debrief are deleted.")
        return redirect("drills")
    elif what == "note":
        try:
            commands.add_note(by, row, sent.get("kind", ""), sent.get("text", ""))
        except Refused as refused:
            messages.error(request, str(refused))
    elif what in ("remove", "action"):
        note = row.notes.select_related("drill__team").filter(pk=sent.get("note", "0")[:9] if sent.get("note", "0").isdecimal() else 0).first()  # fmt: skip
        if note is None:
            raise NotFound("There is no such note.", field="note", value=sent.get("note", "")[:20])
        if what == "remove":
            commands.remove_note(by, note)
        else:
            _make_action(request, note)
    return redirect("drill-debrief", pk)


def _make_action(request: HttpRequest, note: DrillNote) -> None:
    from django.utils.dateparse import parse_date

    by, sent = actor_of(request), request.POST
    try:
        due_on = parse_date(sent.get("due_on", ""))
    except ValueError:
        due_on = None
    owner = active_person(sent.get("owner", "")) or by.person
    if due_on is None or owner is None:
        messages.error(request, "Say until when, and who owns it.")
        return
    try:
        item = commands.action_from_note(by, note, title=sent.get("title", "")[:200], owner=owner, due_on=due_on)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"“{item.title}” is {item.owner}'s, until {item.due_on:%-d %B}.")
