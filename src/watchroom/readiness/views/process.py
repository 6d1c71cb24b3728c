"""The process page: read, acknowledged, written; its versions, and who has read it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...accounts.models import Team
from ...accounts.roles import Action
from ...api.pages import page
from ...kernel.errors import Conflict, Refused
from ...kernel.numbers import whole
from ...web.markdown import to_html
from ...web.middleware import actor_of
from .. import commands
from ..models import ProcessVersion
from ..queries import process as queries
from ..rules.process import PLACES, READABLE, SECTIONS, facts_changed, words_changed

PAGE = 50


def process(request: HttpRequest) -> HttpResponse:
    """``/process``: how people here respond to incidents."""
    by = actor_of(request)
    shown = queries.process_for(by)
    news = []
    if shown.asked and shown.version is not None and shown.read is not None:
        news = words_changed(shown.read.version.words, shown.version.words)
    context = {
        "process": shown,
        "parts": [(part, to_html(part.before), to_html(part.after)) for part in shown.parts],
        "news": news,
        "may_write": by.may(Action.ADMINISTER),
        "may_know": by.may(Action.ADMINISTER) or by.may_somewhere(Action.MANAGE),
        "readable": READABLE,
    }
    return render(request, "readiness/process.html", context)


@require_POST
def read(request: HttpRequest) -> HttpResponse:
    """I have read it."""
    number = whole(request.POST.get("version", ""))
    try:
        commands.acknowledge(actor_of(request), number)
    except Conflict as conflict:
        messages.warning(request, str(conflict))
        return redirect("process")
    messages.success(request, "Thank you. You are asked again only when something big changes.")
    return redirect("process" if request.POST.get("back") != "home" else "home")


def write(request: HttpRequest) -> HttpResponse:
    """``/process/edit``: words of one's own before and after what is configured."""
    by = actor_of(request)
    by.require(Action.ADMINISTER)
    newest = ProcessVersion.objects.order_by("-number").first()
    shown = queries.process_for(by)
    words = {part.key: {"before": part.before, "after": part.after} for part in shown.parts}
    written = {"note": "", "asks_anew": shown.version is None, "expected": newest.number if newest else 0}
    error: Refused | Conflict | None = None
    if request.method == "POST":
        words = {key: {place: request.POST.get(f"{key}.{place}", "") for place in PLACES} for key in SECTIONS}
        written = {
            "note": request.POST.get("note", ""),
            "asks_anew": bool(request.POST.get("asks_anew")),
            "expected": whole(request.POST.get("expected", "")) or 0,
        }
        try:
            commands.publish_process(by, words, **written)  # type: ignore[arg-type]
        except (Refused, Conflict) as refused:
            error = refused
        else:
            messages.success(request, "Published.")
            return redirect("process")
    context = {
        "process": shown,
        "parts": [(part, words[part.key]["before"], words[part.key]["after"]) for part in shown.parts],
        "written": written,
        "error": error,
    }
    return render(request, "readiness/process_form.html", context, status=error.status if error else 200)


@require_POST
def withdraw(request: HttpRequest) -> HttpResponse:
    """Ask nobody any more."""
    commands.withdraw_process(actor_of(request))
    messages.success(request, "Nobody is asked to read it any more. What it said is kept.")
    return redirect("process")


def versions(request: HttpRequest) -> HttpResponse:
    """``/process/versions``: what it said when."""
    actor_of(request).require(Action.SEE)
    rows = ProcessVersion.objects.select_related("published_by")
    found, older = page(rows, cursor=request.GET.get("after"), limit=PAGE, key="-number")
    return render(request, "readiness/process_versions.html", {"versions": found, "older": older})


def version(request: HttpRequest, number: int) -> HttpResponse:
    """``/process/versions/4``: what was new in one."""
    row = queries.version_by(actor_of(request), number)
    before = ProcessVersion.objects.filter(number=number - 1).first()
    said = [
        (title, [(to_html(row.words.get(key, {}).get(place, ""))) for place in PLACES], row.facts.get(key, []))
        for key, title in SECTIONS.items()
    ]
    context = {
        "version": row,
        "words": words_changed(before.words if before else {}, row.words),
        "facts": facts_changed(before.facts, row.facts) if before and not row.withdrawn else [],
        "said": said,
    }
    return render(request, "readiness/process_version.html", context)


def who(request: HttpRequest) -> HttpResponse:
    """``/process/who``: who has read it, and who has not."""
    by = actor_of(request)
    by.require(Action.SEE)
    row = queries.current()
    people = queries.asked_people(by)
    team = Team.objects.filter(slug=request.GET.get("team", "")).first()
    people = people.filter(memberships__team=team) if team else people
    state = "all" if request.GET.get("state") == "all" else ""
    context: dict[str, object] = {"version": row, "teams": by.teams_where(Action.MANAGE), "team": team, "state": state}
    if row is not None:
        missing = queries.unread(people, row)
        context |= {"missing": missing.count(), "asked": people.count()}
        rows = people if state else missing
        found, more = page(
            rows.prefetch_related("memberships__team"), cursor=request.GET.get("after"), limit=PAGE, key="name"
        )
        context |= {"readers": queries.readers(found, row), "more": more}
    return render(request, "readiness/process_who.html", context)
