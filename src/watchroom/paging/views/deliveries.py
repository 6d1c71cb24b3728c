"""What was sent to whom, what came of it, and the page that waits in an open tab."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from ...api.pages import page
from ...web.answers import answer
from ...web.middleware import actor_of
from .. import commands
from ..models import Notification
from ..queries import notifications_visible_to, pending_page_of
from .respond import VERBS


def index(request: HttpRequest) -> HttpResponse:
    """The delivery log: why did my phone (not) ring?"""
    actor = actor_of(request)
    rows = notifications_visible_to(actor)
    if state := request.GET.get("state"):
        rows = rows.filter(state=state)
    if request.GET.get("who") == "me":
        rows = rows.filter(person=actor.person)
    if text := request.GET.get("q"):
        rows = rows.filter(subject__icontains=text)
    found, older = page(rows.prefetch_related("attempts"), cursor=request.GET.get("cursor"))
    query = request.GET.copy()
    query["cursor"] = older or ""
    context = {
        "notifications": found,
        "older": f"?{query.urlencode()}" if older else "",
        "states": Notification.State.choices,
    }
    return render(request, "paging/notifications.html", context)


@never_cache
def pending_page(request: HttpRequest) -> HttpResponse:
    """The fragment that an open tab shows above everything; nothing when nobody waits for an answer."""
    person = getattr(request.user, "pk", None)
    waiting = pending_page_of(request.user) if person else None  # type: ignore[arg-type]
    if waiting is None:
        return HttpResponse(status=204)
    if (
        waiting.seen_at is None and waiting.purpose != Notification.Purpose.TEST
    ):  # it is on the person's screen now; a test waits for their word
        commands.mark_seen(actor_of(request), waiting)
    verb = VERBS[waiting.escalation.kind] if waiting.escalation else "I got it"
    return render(request, "paging/pending_page.html", {"notification": waiting, "verb": verb})


@require_POST
def answer_pending(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer it from the open tab."""
    actor = actor_of(request)
    row = get_object_or_404(Notification.objects.select_related("escalation"), pk=pk, person=actor.person)
    commands.mark_seen(actor, row)
    if row.escalation is not None:
        answer(actor, row.escalation)
    return redirect(row.path if row.escalation else request.META.get("HTTP_REFERER") or row.path)
