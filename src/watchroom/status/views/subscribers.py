"""Who has subscribed to a page. Only for who manages it, and never with the whole address."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...accounts.roles import Action
from ...kernel.numbers import whole
from ...web.middleware import actor_of
from .. import commands
from ..models import Subscriber
from ..queries import page_by, subscriber_by

MOST = 200


def index(request: HttpRequest, slug: str) -> HttpResponse:
    """The newest subscribers, and what the last message to each became."""
    actor = actor_of(request)
    page = page_by(actor, slug)
    actor.require(Action.MANAGE, page.team)
    state = request.GET.get("state", "")
    rows = page.subscribers.prefetch_related("components")
    if state in Subscriber.State.values:
        rows = rows.filter(state=state)
    if (before := whole(request.GET.get("before", ""))) is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: MOST + 1])
    context = {
        "page": page,
        "rows": found[:MOST],
        "states": Subscriber.State.choices,
        "older": found[MOST - 1].pk if len(found) > MOST else None,
    }
    return render(request, "status/subscribers.html", context)


@require_POST
def remove(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take somebody off."""
    actor = actor_of(request)
    commands.remove_subscriber(actor, subscriber_by(actor, slug, pk))
    messages.success(request, "Removed; nothing of the address is kept.")
    return redirect("status-subscribers", slug)
