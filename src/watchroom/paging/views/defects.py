"""What keeps, kept or will keep pages from reaching anybody."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...accounts.actors import Actor
from ...accounts.roles import Action
from ...kernel.errors import Refused
from ...kernel.finding import one
from ...web.middleware import actor_of
from .. import commands
from ..models import PagingDefect
from ..queries import defects_visible_to

RESOLVED_SHOWN = 20
OPEN_SHOWN = 200


def defect_for(actor: Actor, pk: int) -> PagingDefect:
    """One defect. Raises ``NotFound`` when there is none that ``actor`` may see."""
    return one(defects_visible_to(actor), "defect", pk=pk)


def index(request: HttpRequest) -> HttpResponse:
    """What is open, and what was resolved lately."""
    actor = actor_of(request)
    rows = defects_visible_to(actor)
    everything = actor.may(Action.ADMINISTER)
    mine = set(actor.teams_where(Action.MANAGE).values_list("pk", flat=True))
    context = {
        "open": [
            (row, everything or row.team_id in mine) for row in rows.filter(resolved_at__isnull=True)[:OPEN_SHOWN]
        ],
        "resolved": rows.filter(resolved_at__isnull=False).order_by("-resolved_at")[:RESOLVED_SHOWN],
    }
    return render(request, "paging/defects.html", context)


@require_POST
def resolve(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that one is mended, or known and accepted."""
    actor = actor_of(request)
    try:
        commands.resolve_defect(actor, defect_for(actor, pk), note=request.POST.get("note", ""))
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("paging-defects")
