"""What was sent to whom, what came of it, and the page that waits in an open tab."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from ...accounts.models import Person
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
    whose = request.GET.get("person", "")
    if request.GET.get("who") == "me":
        rows = rows.filter(person=actor.person)
    elif whose.isdigit():
        rows = rows.filter(person=int(whose))
    escalation = request.GET.get("escalation", "")
    if escalation.isdigit():
        rows = rows.filter(escalation=int(escalation))
    if text := request.GET.get("q"):
        rows = rows.filter(subject__icontains=text)
    found, older = page(rows.prefetch_related("attempts"), cursor=request.GET.get("after"))
    context = {
        "notifications": found,
        "older": older,
        "states": Notification.State.choices,
        "people": Person.objects.filter(is_active=True),
        "person": int(whose) if whose.isdigit() else 0,
        "filtered": any(request.GET.get(name) for name in ("state", "who", "person", "q", "escalation")),
    }
    return render(request, "paging/notifications.html", context)


@never_cache
def pending_page(request: HttpRequest) -> HttpResponse:
    """The fragment that an open tab shows above everything; nothing when nobody waits for an answer."""
    person = getattr(request.user, "pk", None)
    waiting = pending_page_of(request.user) if person else None  # type: ignore[arg-type]
    if waiting is None:
        return HttpResponse(status=204)
    context = {
        "notification": waiting,
        "verb": VERBS[waiting.escalation.kind] if waiting.escalation else "I got it",
        # The script says so once the dialog is open. A test waits for the person's own word.
        "marks_seen": waiting.seen_at is None and waiting.purpose != Notification.Purpose.TEST,
    }
    return render(request, "paging/pending_page.html", context)


@require_POST
def seen(request: HttpRequest, pk: int) -> HttpResponse:
    """It is on the person's screen now."""
    actor = actor_of(request)
    commands.mark_seen(actor, get_object_or_404(Notification, pk=pk, person=actor.person))
    return HttpResponse(status=204)


@require_POST
def answer_pending(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer it from the open tab."""
    actor = actor_of(request)
    row = get_object_or_404(Notification.objects.select_related("escalation"), pk=pk, person=actor.person)
    commands.mark_seen(actor, row)
    if row.escalation is not None:
        answer(actor, row.escalation)
    return redirect(row.path if row.escalation else request.META.get("HTTP_REFERER") or row.path)
