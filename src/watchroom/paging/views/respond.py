"""Answering: by the signed link of a message without signing in, or from the page of an escalation."""

from __future__ import annotations

import zoneinfo
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from ...accounts.actors import Actor
from ...accounts.models import Person, Team
from ...intake.rules.summary import RUNBOOK
from ...kernel.errors import NotFound, Refused
from ...kernel.numbers import wholes
from ...web.answers import answer, answer_all, group_of, settled
from ...web.middleware import actor_of
from .. import commands, links
from ..hooks import summary_of
from ..models import Notification
from ..proposed import as_they_are
from ..queries import escalations_visible_to, policies_visible_to, trace
from ..together import bundle_of

# What the button of a page says.
VERBS = {"alert_group": "Acknowledge", "role": "Accept the role", "direct": "I have it"}


def next_of(lines: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Of a trace: what is done next. Waits and steps that have nobody count only where nothing else comes, and least of all
    another try of a message already on its way."""
    ahead = [line for line in lines if line["future"]]
    steps = [line for line in ahead if line["kind"] != "notification"]
    done = [line for line in steps if line["kind"] != "skipped" and not line.get("idle")]
    return next(iter(done or steps or ahead), None)


def runbook_in(body: str) -> str:
    """Where the sender says that its runbook is, in the text of a page; "" when it is none that a browser opens."""
    said = (line.removeprefix(RUNBOOK) for line in body.splitlines() if line.startswith(RUNBOOK))
    return next((url for url in said if url.startswith(("https://", "http://"))), "")


@never_cache
@csrf_exempt  # the token is the secret, and mail apps open links where no cookie is kept
def respond(request: HttpRequest, token: str) -> HttpResponse:
    """A GET shows what it is about; only a POST acts. Mail scanners follow links, and must change nothing."""
    notification = links.read(token)
    escalation, person = notification.escalation, notification.person
    if request.method == "POST":
        by = Actor(kind="link", name=f"{person} by link", person=person, address=request.META.get("REMOTE_ADDR", ""))
        commands.mark_seen(by, notification)
        answer_all(by, notification)
        if request.headers.get("Accept") == "application/json":  # a notification's button: there is no page to show
            if escalation is not None:
                escalation.refresh_from_db()
            done = settled(escalation) if escalation else None
            text = done.text if done else "Thank you. This is how a page reaches you."
            return JsonResponse(
                {"text": "All of them are yours. Nobody else is paged." if notification.bundle_id else text}
            )
        answered = redirect("respond", token)
        answered["Access-Control-Allow-Origin"] = "*"  # ntfy's web app posts from its own address; the token is secret
        return answered
    together = [(each, settled(each.escalation)) for each in bundle_of(notification) if each.escalation]
    left = sum(done is None for _, done in together)
    verb = VERBS.get(escalation.kind, "") if escalation else "I got it"
    context = {
        "notification": notification,
        "escalation": escalation,
        "together": together if len(together) > 1 else [],
        "differing": summary_of([each.escalation for each, _ in together if each.escalation])
        if len(together) > 1
        else (),
        "verb": f"Acknowledge all {left}" if left > 1 else verb,
        "next": next_of(trace(escalation)) if escalation and not escalation.ended_at else None,
        "group": group_of(escalation) if escalation else None,
        "settled": settled(escalation) if escalation else None,
        "works": escalation is None and notification.purpose == Notification.Purpose.TEST and notification.seen_at,
        "runbook": runbook_in(notification.body),
        "asks": left > 0 if escalation else notification.seen_at is None,
    }
    with timezone.override(zoneinfo.ZoneInfo(person.timezone)):  # nobody is signed in, but it is known who reads
        page = render(request, "paging/respond.html", context)
    page["Access-Control-Allow-Origin"] = "*"  # where the answer of ntfy's web app leads to
    return page


def escalation(request: HttpRequest, pk: int) -> HttpResponse:
    """One escalation: its trace, and the button that answers it."""
    actor = actor_of(request)
    found = escalations_visible_to(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound(f"There is no escalation {pk}.", field="id", value=pk, fix="It may concern other people.")
    if request.method == "POST":
        if "withdraw" in request.POST:
            commands.withdraw_page(actor, found)
            messages.success(request, "Nobody is paged any more.")
        else:
            answer(actor, found)
        return redirect(found.path)
    lines = trace(found, actor)
    asked = found.notifications.filter(person=actor.person).exists()
    context = {
        "escalation": found,
        "trace": lines,
        "next": next_of(lines),
        "verb": VERBS[found.kind],
        "may_answer": asked and not found.ended_at,
        "is_sender": found.kind == "direct" and actor.person is not None and found.sender_id == actor.person.pk,
        "approvals": as_they_are(found.approvals.select_related("decided_by", "escalation__team")),
    }
    return render(request, "paging/escalation.html", context)


def page_someone(request: HttpRequest) -> HttpResponse:
    """Page people directly."""
    actor, error = actor_of(request), None
    given = request.POST or request.GET
    chosen = wholes(given.getlist("people"))
    chosen_teams = wholes(given.getlist("teams"))
    policies = policies_visible_to(actor)
    policy = policies.filter(slug=given.get("policy", "")).first()
    if request.method == "POST":
        try:
            made = commands.page(
                actor,
                people=Person.objects.filter(pk__in=chosen, is_active=True),
                teams=Team.objects.filter(pk__in=chosen_teams),
                policy=policy,
                title=given.get("title", ""),
                body=given.get("body", ""),
                urgent=given.get("urgency") != "low",
            )
        except Refused as refused:
            error = refused
        else:
            messages.success(request, "They are being paged.")
            return redirect("escalation", made.pk)
    people = Person.objects.filter(is_active=True)
    context = {
        "people": people,
        "chosen": chosen,
        "teams": Team.objects.all(),
        "chosen_teams": chosen_teams,
        "policies": policies,
        "policy": policy,
        "given": given,
        "error": error,
    }
    return render(request, "paging/page_someone.html", context, status=422 if error else 200)
