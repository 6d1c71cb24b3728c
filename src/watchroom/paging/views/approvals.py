"""What a policy has proposed, decided from the page of the alert or of the escalation."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from ...accounts.actors import Actor
from ...kernel.errors import Conflict, NotFound
from ...kernel.finding import one
from ...kernel.numbers import whole
from ...web.middleware import actor_of
from .. import commands
from ..models import Approval
from ..queries import approvals_visible_to


def approval_for(actor: Actor, pk: int) -> Approval:
    """One proposal. Raises ``NotFound`` when there is none that ``actor`` may see."""
    return one(approvals_visible_to(actor), "proposal", pk=pk, fix="It may concern other people.")


@require_POST
def decide(request: HttpRequest, pk: int, what: str) -> HttpResponse:
    """Approve it or decline it."""
    actor = actor_of(request)
    approval = approval_for(actor, pk)
    try:
        decided = commands.decide_approval(actor, approval, approve=what == "approve")
    except (Conflict, NotFound) as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, decided.outcome or "Declined: nothing is done.")
    # From the room one comes back to the room.
    incident = whole(request.POST.get("incident", ""))
    return redirect("incident", incident) if incident else redirect(approval.escalation.path)
