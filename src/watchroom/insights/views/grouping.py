"""``/insights/grouping``: alerts that always fire together, and what would make one page of them."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...accounts.roles import Action
from ...intake.queries import groups_visible_to
from ...kernel.errors import NotFound, WatchroomError
from ...web.middleware import actor_of
from .. import grouping as rules
from ..models import GroupingSuggestion, GroupingTurn

SHOWN, DECIDED_SHOWN = 50, 20


def grouping(request: HttpRequest) -> HttpResponse:
    """What is suggested, with its evidence, and what was decided lately."""
    actor = actor_of(request)
    rows = rules.suggestions_visible_to(actor)
    open_ones = sorted(rows.filter(state=GroupingSuggestion.State.OPEN)[:SHOWN], key=lambda row: -row.spared)
    wanted = {pk for row in open_ones for pk in row.examples}
    groups = groups_visible_to(actor).in_bulk(wanted)
    mine = set(actor.teams_where(Action.MANAGE).values_list("pk", flat=True))
    context = {
        "open": [
            {
                "row": row,
                "effect": rules.effect(row),
                "groups": [groups[pk] for pk in row.examples if pk in groups],
                "may": row.team_id in mine,
            }
            for row in open_ones
        ],
        "decided": rows.exclude(state=GroupingSuggestion.State.OPEN).order_by("-decided_at")[:DECIDED_SHOWN],
        "turn": GroupingTurn.objects.first(),
    }
    return render(request, "insights/grouping.html", context)


@require_POST
def grouping_decide(request: HttpRequest, pk: int, what: str) -> HttpResponse:
    """Accept one, or dismiss it."""
    actor = actor_of(request)
    if what not in {"accept", "dismiss"}:
        raise NotFound("There is no such answer.", field="what", value=what, fix="Use accept or dismiss.")
    try:
        row = rules.suggestion_for(actor, pk)
        if what == "accept":
            rules.accept(actor, row)
            messages.success(request, f"Done: {row.made} groups by {row.label} from now on.")
        else:
            rules.dismiss(actor, row)
            messages.success(request, "Dismissed. It is not suggested again.")
    except WatchroomError as error:
        if error.status == 403:
            raise
        messages.error(request, str(error))
    return redirect("grouping")
