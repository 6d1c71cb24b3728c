"""Lists, pages and forms of heartbeats and checks."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...accounts.roles import Action
from ...kernel.errors import Refused
from ...kernel.plugins import all_of, one_of
from ...web.middleware import actor_of
from .. import commands, queries
from ..forms import CheckForm, HeartbeatForm

SHOWN = 50  # of each; the search finds the others
DAYS_IN_LIST = 30
DAYS = 90


def monitors(request: HttpRequest) -> HttpResponse:
    """Both lists, what needs somebody first."""
    by = actor_of(request)
    words = request.GET.get("q", "").strip()
    beats = queries.heartbeats_visible_to(by).filter(name__icontains=words).order_by("name")[: SHOWN + 1]
    checks = queries.checks_visible_to(by).filter(name__icontains=words).order_by("name")[: SHOWN + 1]
    more = len(beats) > SHOWN or len(checks) > SHOWN
    heartbeats, tried = list(beats)[:SHOWN], list(checks)[:SHOWN]
    beat_bars, check_bars = queries.bars(heartbeats, DAYS_IN_LIST), queries.bars(tried, DAYS_IN_LIST)
    return render(
        request,
        "monitors/list.html",
        {
            "heartbeats": [(each, beat_bars[each.pk]) for each in heartbeats],
            "checks": [(each, check_bars[each.pk]) for each in tried],
            "more": more,
            "words": words,
            "may_add": by.teams_where(Action.MANAGE).exists(),
        },
    )


def heartbeat(request: HttpRequest, slug: str) -> HttpResponse:
    """One heartbeat: how it is, its address, its pings."""
    by = actor_of(request)
    found = queries.heartbeat_by(by, slug)
    return render(
        request,
        "monitors/heartbeat.html",
        {
            "heartbeat": found,
            "url": queries.ping_url(by, found),
            "bar": queries.bars([found], DAYS)[found.pk],
            "pings": found.pings.all()[:50],
            "may_edit": by.may(Action.MANAGE, found.team),
        },
    )


def edit_heartbeat(request: HttpRequest, slug: str = "") -> HttpResponse:
    """Its form, or that of a new one."""
    by = actor_of(request)
    found = queries.heartbeat_by(by, slug) if slug else None
    if found is not None:
        by.require(Action.MANAGE, found.team)
    elif not by.teams_where(Action.MANAGE).exists():
        by.require(Action.MANAGE)
    instance = queries.heartbeat_by(by, slug) if slug else None
    form = HeartbeatForm(request.POST or None, instance=instance, actor=by)
    if request.method == "POST" and form.is_valid():
        try:
            saved = commands.save_heartbeat(by, found, **form.cleaned_data)
        except Refused as error:
            form.add_error(error.field if error.field in form.fields else None, f"{error.message} {error.fix}")
        else:
            messages.success(request, f"“{saved.name}” is saved.")
            return redirect("heartbeat", saved.slug)
    return render(request, "monitors/edit.html", {"form": form, "monitor": found}, status=422 if form.errors else 200)


@require_POST
def heartbeat_do(request: HttpRequest, slug: str) -> HttpResponse:
    """Pause, resume, give a new address, delete."""
    by = actor_of(request)
    found = queries.heartbeat_by(by, slug)
    what = request.POST.get("do", "")
    if what == "delete":
        commands.delete_heartbeat(by, found)
        messages.success(request, f"“{found.name}” is deleted.")
        return redirect("monitors")
    if what == "rotate":
        commands.rotate_heartbeat_key(by, found)
        messages.success(request, "It has a new address. The old one no longer works.")
    elif what in {"pause", "resume"}:
        commands.pause_heartbeat(by, found, what == "pause")
    return redirect("heartbeat", slug)


def new_check(request: HttpRequest) -> HttpResponse:
    """Choose a kind."""
    actor_of(request)
    return render(request, "monitors/kinds.html", {"kinds": list(all_of("watchroom.monitor_kinds").values())})


def check(request: HttpRequest, slug: str) -> HttpResponse:
    """One check: how it is, and its last results."""
    by = actor_of(request)
    found = queries.check_by(by, slug)
    results = list(found.results.all()[:100])
    plugin = one_of("watchroom.monitor_kinds", found.kind)
    shown = [
        (each.label, found.settings[each.name])
        for each in plugin.fields
        if each.name in found.settings and not each.secret
    ]
    return render(
        request,
        "monitors/check.html",
        {
            "check": found,
            "kind": plugin,
            "settings": shown,
            "bar": queries.bars([found], DAYS)[found.pk],
            "results": results[:30],
            "latencies": [each.latency_ms or 0 for each in reversed(results)],
            "may_edit": by.may(Action.MANAGE, found.team),
            "may_try": by.may(Action.RESPOND, found.team),
        },
    )


def edit_check(request: HttpRequest, slug: str = "", kind: str = "") -> HttpResponse:
    """Its form, or that of a new one."""
    by = actor_of(request)
    found = queries.check_by(by, slug) if slug else None
    if found is not None:
        by.require(Action.MANAGE, found.team)
    elif not by.teams_where(Action.MANAGE).exists():
        by.require(Action.MANAGE)
    plugin = one_of("watchroom.monitor_kinds", found.kind if found else kind)
    instance = queries.check_by(by, slug) if slug else None
    form = CheckForm(request.POST or None, instance=instance, actor=by, kind=plugin, may_see=True)
    if request.method == "POST" and form.is_valid():
        fields = {name: value for name, value in form.cleaned_data.items() if not name.startswith("settings_")}
        try:
            saved = commands.save_check(by, found, kind=plugin.name, settings=form.settings, **fields)
        except Refused as error:
            field = (error.field or "").replace("settings.", "settings_")
            form.add_error(field if field in form.fields else None, f"{error.message} {error.fix}")
        else:
            messages.success(request, f"“{saved.name}” is saved and being tried.")
            return redirect("check", saved.slug)
    return render(
        request,
        "monitors/edit.html",
        {"form": form, "monitor": found, "kind": plugin},
        status=422 if form.errors else 200,
    )


@require_POST
def check_do(request: HttpRequest, slug: str) -> HttpResponse:
    """Try now, pause, resume, delete."""
    by = actor_of(request)
    found = queries.check_by(by, slug)
    what = request.POST.get("do", "")
    if what == "delete":
        commands.delete_check(by, found)
        messages.success(request, f"“{found.name}” is deleted.")
        return redirect("monitors")
    if what == "now":
        commands.check_now(by, found)
        messages.success(request, "It is being tried; the result appears here by itself.")
    elif what in {"pause", "resume"}:
        commands.pause_check(by, found, what == "pause")
    return redirect("check", slug)
