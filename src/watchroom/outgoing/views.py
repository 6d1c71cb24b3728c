"""Webhooks, what they were told, and the events that there are."""

from __future__ import annotations

import json
from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ..accounts.forms import blame
from ..accounts.roles import Action
from ..api.pages import page
from ..kernel import clock, http
from ..kernel.errors import WatchroomError
from ..kernel.numbers import whole
from ..web.middleware import actor_of
from . import commands, queries
from .catalog import TYPES, schema_of
from .forms import WebhookForm
from .models import Dispatch, Webhook
from .sending import payload

PAGE = 50
_KEY = "webhook-secret"  # of the session: a new secret, until it has been shown


def index(request: HttpRequest) -> HttpResponse:
    """``/webhooks``: who is told, and whether it works."""
    by = actor_of(request)
    rows, older = page(queries.visible_to(by), cursor=request.GET.get("after"), limit=PAGE, key="name")
    context = {
        "webhooks": [(row, http.origin(str(row.url))) for row in rows],
        "older": older,
        "may_add": by.teams_where(Action.MANAGE).exists() or by.may(Action.ADMINISTER),
    }
    return render(request, "outgoing/list.html", context)


def events(request: HttpRequest) -> HttpResponse:
    """``/webhooks/events``: every kind of event, with its schema."""
    actor_of(request)
    families: dict[str, list[tuple[str, str, str]]] = {}
    for each in TYPES.values():
        shown = json.dumps(schema_of(each)["properties"]["data"], indent=1)
        families.setdefault(each.name.partition(".")[0], []).append((each.name, each.text, shown))
    return render(request, "outgoing/events.html", {"families": sorted(families.items())})


def edit(request: HttpRequest, slug: str = "") -> HttpResponse:
    """A new webhook, or one to be changed."""
    by = actor_of(request)
    row = queries.webhook_by(by, slug) if slug else None
    if row is None and not by.teams_where(Action.MANAGE).exists():
        by.require(Action.ADMINISTER)
    form = WebhookForm(request.POST or None, actor=by, webhook=row)
    if request.method == "POST" and form.is_valid():
        try:
            saved, secret = commands.save_webhook(by, row, enabled=row.enabled if row else True, **form.values())
        except WatchroomError as error:
            if error.field == "events":
                error.field = "others"
            blame(form, error)
        else:
            return _shown_once(request, saved, secret, "Saved.")
    return render(request, "outgoing/form.html", {"form": form, "webhook": row}, status=422 if form.errors else 200)


def _shown_once(request: HttpRequest, webhook: Webhook, secret: str, said: str) -> HttpResponse:
    if secret:
        request.session[_KEY] = [webhook.pk, secret]
    messages.success(request, said)
    return redirect("webhook", webhook.slug)


def show(request: HttpRequest, slug: str) -> HttpResponse:
    """One webhook, and what it was told."""
    by = actor_of(request)
    row = queries.webhook_by(by, slug)
    kept = request.session.get(_KEY) or [0, ""]
    if kept[0] == row.pk:
        del request.session[_KEY]
    rows = queries.dispatches_visible_to(by).filter(webhook=row)
    state = request.GET.get("state", "")
    if state in Dispatch.State.values:
        rows = rows.filter(state=state)
    found, older = page(rows, cursor=request.GET.get("after"), limit=PAGE, key="-id")
    context = {
        "webhook": row,
        "origin": http.origin(str(row.url)),
        "secret": kept[1] if kept[0] == row.pk else "",
        "dispatches": found,
        "older": older,
        "states": [
            ("", "All"),
            ("sent", "Sent"),
            ("waiting", "Waiting"),
            ("failed", "Failed"),
            ("dropped", "Not sent"),
        ],
        "narrowed": bool(state),
    }
    return render(request, "outgoing/webhook.html", context)


@require_POST
def do(request: HttpRequest, slug: str) -> HttpResponse:
    """What the buttons of a webhook's page do."""
    by = actor_of(request)
    row = queries.webhook_by(by, slug)
    match request.POST.get("do", ""):
        case "test":
            return redirect("webhook-delivery", commands.test(by, row).pk)
        case "on" | "off" as which:
            commands.switch(by, row, on=which == "on")
            messages.success(request, f"“{row.name}” is switched {which}.")
        case "secret":
            overlap = whole(request.POST.get("overlap", ""), 3) or 0
            secret = commands.renew_secret(by, row, overlap_hours=overlap)
            return _shown_once(request, row, secret, "It has a new secret.")
        case "drop":
            commands.drop_old_secret(by, row)
            messages.success(request, "Only the new secret signs now.")
        case "replay":
            count = commands.replay_since(by, row, clock.now() - timedelta(days=7))
            messages.success(request, f"{count} that did not get through are sent again.")
        case "delete":
            commands.delete_webhook(by, row)
            messages.success(request, f"“{row.name}” is deleted.")
            return redirect("webhooks")
    return redirect("webhook", row.slug)


def delivery(request: HttpRequest, pk: int) -> HttpResponse:
    """One event for one webhook: what was posted, and what came of each try."""
    row = queries.dispatch_for(actor_of(request), pk)
    body = json.dumps(payload(row.event), indent=2, ensure_ascii=False)
    return render(request, "outgoing/delivery.html", {"dispatch": row, "body": body})


@require_POST
def replay(request: HttpRequest, pk: int) -> HttpResponse:
    """Send it once more."""
    by = actor_of(request)
    commands.replay(by, queries.dispatch_for(by, pk))
    messages.success(request, "It is sent again.")
    return redirect("webhook-delivery", pk)
