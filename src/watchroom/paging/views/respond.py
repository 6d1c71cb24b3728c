"""Answering: by the signed link of a message without signing in, or from the page of an escalation."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from ...accounts.actors import Actor
from ...accounts.models import Person
from ...kernel.errors import NotFound
from ...web.answers import answer
from ...web.middleware import actor_of
from .. import commands, links
from ..models import Notification
from ..queries import escalations_visible_to, trace

VERBS = {"alert_group": "Acknowledge", "role": "Accept the role", "direct": "I have it"}


@never_cache
def respond(request: HttpRequest, token: str) -> HttpResponse:
    """A GET shows what it is about; only a POST acts. Mail scanners follow links, and must change nothing."""
    notification = links.read(token)
    escalation, person = notification.escalation, notification.person
    if request.method == "POST":
        by = Actor(kind="link", name=f"{person} by link", person=person, address=request.META.get("REMOTE_ADDR", ""))
        if escalation is not None:
            answer(by, escalation)
        elif notification.purpose == Notification.Purpose.TEST:
            commands.mark_seen(by, notification)
        return redirect("respond", token)
    context = {
        "notification": notification,
        "escalation": escalation,
        "verb": VERBS.get(escalation.kind, "") if escalation else "I got it",
        "next": next((line for line in trace(escalation) if line["future"]), None)
        if escalation and not escalation.ended_at
        else None,
        "answered": bool(escalation.ended_at) if escalation else bool(notification.seen_at),
    }
    return render(request, "paging/respond.html", context)


def escalation(request: HttpRequest, pk: int) -> HttpResponse:
    """One escalation: its trace, and the button that answers it."""
    actor = actor_of(request)
    found = escalations_visible_to(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound(f"There is no escalation {pk}.", field="id", value=pk, fix="It may concern other people.")
    if request.method == "POST":
        answer(actor, found)
        return redirect("escalation", pk)
    asked = found.notifications.filter(person=actor.person).exists()
    context = {
        "escalation": found,
        "trace": trace(found),
        "verb": VERBS[found.kind],
        "may_answer": asked and not found.ended_at,
    }
    return render(request, "paging/escalation.html", context)


def page_someone(request: HttpRequest) -> HttpResponse:
    """Page people directly."""
    actor = actor_of(request)
    if request.method == "POST":
        people = Person.objects.filter(pk__in=request.POST.getlist("people"), is_active=True)
        made = commands.page(
            actor,
            people=people,
            title=request.POST.get("title", ""),
            body=request.POST.get("body", ""),
            urgent=request.POST.get("urgency") != "low",
        )
        messages.success(request, "They are being paged.")
        return redirect("escalation", made.pk)
    return render(request, "paging/page_someone.html", {"people": Person.objects.filter(is_active=True)})
