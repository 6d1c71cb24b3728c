"""The library: the list, one runbook to be read, its versions, and what is pressed on it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...accounts.actors import Actor
from ...accounts.models import Team
from ...accounts.roles import Action
from ...api.pages import page
from ...catalog.models import Service
from ...kernel import clock
from ...kernel.numbers import whole
from ...web.markdown import plain_text, to_html
from ...web.middleware import actor_of
from .. import commands, queries, rules
from ..beginnings import OFFERED
from ..models import Runbook
from ..named import named_in
from ..rules.markdown import written
from ..rules.reviews import due
from .offers import begin_here
from .reading import readable

PAGE, MOST_LOOKED_AT, VERSIONS = 50, 500, 50
LACKING = {
    "steps": "Steps at all",
    "confirm": "How to confirm",
    "diagnose": "How to diagnose",
    "mitigate": "How to mitigate",
    "resolve": "How to see that it is over",
    "call": "Whom to call",
    "expect": "What one should see",
    "gone": "Something that it names",
    "dead": "A link that works",
    "review": "A review that is due",
    "fits": "What it is for",
}


def index(request: HttpRequest) -> HttpResponse:
    """``/runbooks``: all of them, by name."""
    by = actor_of(request)
    read = {name: request.GET.get(name, "").strip() for name in ("q", "team", "service", "lacks")}
    rows = narrowed(by, **read)
    if read["lacks"] in LACKING:  # what is lacking follows from the steps, so they are looked at
        looked_at = list(rows[:MOST_LOOKED_AT])
        lacking = queries.lacks_of(looked_at)
        shown = [row for row in looked_at if read["lacks"] in {each.code for each in lacking[row.pk]}]
        older = None
    else:
        shown, older = page(rows, cursor=request.GET.get("after"), limit=PAGE, key="name")
        lacking = queries.lacks_of(shown)
    context = {
        "runbooks": [(row, plain_text(row.summary), lacking[row.pk]) for row in shown],
        "older": older,
        "teams": Team.objects.all(),
        "lacking": LACKING.items(),
        "service": Service.objects.filter(slug=read["service"]).first() if read["service"] else None,
        "read": read,
        "narrowed": any(read.values()),
        "may_add": by.teams_where(Action.MANAGE).exists(),
        "offered": [(key, each["label"]) for key, each in OFFERED.items()],
    }
    return render(request, "runbooks/list.html", context)


def narrowed(by: Actor, *, q: str = "", team: str = "", service: str = "", lacks: str = "") -> Any:
    """The library, narrowed by words, and slugs of a team and a service; by name."""
    rows = queries.visible_to(by).prefetch_related("services")
    for word in q.split()[:8]:
        rows = rows.filter(Q(name__icontains=word) | Q(summary__icontains=word) | Q(slug__icontains=word))
    rows = rows.filter(team__slug=team) if team else rows
    return rows.filter(services__slug=service) if service else rows


def show(request: HttpRequest, slug: str, version: int | None = None) -> HttpResponse:
    """One runbook, to be followed; ``/versions/3``: as it was then."""
    by = actor_of(request)
    row = queries.runbook_by(by, slug)
    saved = queries.version_of(row, row.version if version is None else version) if version or row.version else None
    steps = rules.steps_of(saved.steps) if saved else ()
    now = clock.now()
    named = named_in(steps, now)
    services = list(row.services.select_related("team"))
    older = saved is not None and saved.version != row.version
    ran = queries.last_run_of([row]).get(row.pk)
    known = queries.known_of(row, steps, named, ran, services=bool(services))
    context = {
        "runbook": row,
        "saved": saved,
        "older": older,
        "summary": to_html(row.summary),
        "parts": readable(steps, named),
        "count": len(steps),
        "minutes": sum(step.minutes or 0 for step in steps),
        "services": services,
        "lacks": () if older else rules.lacks(known, now),
        "links": row.links,
        "has_links": bool(rules.links_in(steps, row.summary)),
        "review_due": due(row.reviewed_at or row.created_at, row.review_days),
        "now": now,
        "ran": ran,
        "begin": None if older or not steps else begin_here(by, row, request.GET),
        "may_edit": by.may(Action.MANAGE, row.team),
        "may_review": by.may(Action.RESPOND, row.team) or (by.person and by.person.pk == row.owner_id),
    }
    return render(request, "runbooks/runbook.html", context)


def versions(request: HttpRequest, slug: str) -> HttpResponse:
    """What was changed when, and by whom."""
    by = actor_of(request)
    row = queries.runbook_by(by, slug)
    found = queries.versions_of(row, before=whole(request.GET.get("before", "")), most=VERSIONS)
    context = {
        "runbook": row,
        "versions": found,
        "older": found[-1][0].version if len(found) == VERSIONS and found[-1][0].version > 1 else None,
        "may_edit": by.may(Action.MANAGE, row.team),
    }
    return render(request, "runbooks/versions.html", context)


def markdown(request: HttpRequest, slug: str) -> HttpResponse:
    """``/runbooks/<slug>.md``: as Markdown, for a wiki."""
    row = queries.runbook_by(actor_of(request), slug)
    text = written(row.name, row.summary, queries.steps_in(row))
    return HttpResponse(text, content_type="text/markdown; charset=utf-8")


@require_POST
def review(request: HttpRequest, slug: str) -> HttpResponse:
    """It is still right."""
    by = actor_of(request)
    row = commands.review(by, queries.runbook_by(by, slug))
    when = due(row.reviewed_at or row.created_at, row.review_days)
    messages.success(request, f"Noted.{f' The next look is due on {when:%d %B %Y}.' if when else ''}")
    return redirect("runbook", row.slug)


@require_POST
def take_back(request: HttpRequest, slug: str, version: int) -> HttpResponse:
    """The steps of an earlier version are those of a new one."""
    by = actor_of(request)
    row = commands.go_back(by, queries.runbook_by(by, slug), version)
    messages.success(request, f"Its steps are those of version {version} again.")
    return redirect("runbook", row.slug)


@require_POST
def check_links(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask its links whether they answer."""
    by = actor_of(request)
    row = commands.check_links(by, queries.runbook_by(by, slug))
    dead = sum(each["ok"] is False for each in row.links or ())
    told = f"{dead} of {len(row.links or ())} links did not answer well." if dead else "All links answer."
    (messages.warning if dead else messages.success)(request, told)
    return redirect("runbook", row.slug)


@require_POST
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    """Take it out of the library."""
    by = actor_of(request)
    row: Runbook = queries.runbook_by(by, slug)
    commands.delete_runbook(by, row)
    messages.success(request, f"“{row.name}” is deleted.")
    return redirect("runbooks")
