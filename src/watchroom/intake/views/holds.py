"""What holds alerts back, on one page: silences, maintenance windows, inhibition rules."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from ...accounts.actors import Actor
from ...accounts.models import Team
from ...accounts.queries import team_by
from ...accounts.roles import Action
from ...catalog.models import Service
from ...catalog.queries import services_visible_to
from ...kernel import clock
from ...kernel.errors import Conflict, NotFound, Refused, WatchroomError
from ...kernel.numbers import whole
from ...kernel.times import instant
from ...oncall.rules.zones import to_local
from ...web.middleware import actor_of
from .. import commands
from ..commands.repeating import read_series
from ..forms import TimesForm, hours, times_from
from ..matchers import quoted
from ..models import MaintenanceWindow, Silence
from ..queries import (
    groups_visible_to,
    inhibition_for,
    inhibitions_visible_to,
    lasting,
    maintenance_visible_to,
    silence_for,
    silences_in_state,
    silences_visible_to,
    window_for,
)
from ..rules.repeats import in_words
from .alerts import group_for

OVER_SHOWN = 20


def index(request: HttpRequest) -> HttpResponse:
    """All that holds something now or will, and what lately did."""
    actor = actor_of(request)
    silences, windows, now = silences_visible_to(actor), maintenance_visible_to(actor), clock.now()
    context = {
        "silences": [*silences_in_state(silences, "active"), *silences_in_state(silences, "pending")],
        "over": silences_in_state(silences, "expired")[:OVER_SHOWN],
        "windows": windows.filter(lasting(now)).order_by("starts_at"),
        "rules": inhibitions_visible_to(actor),
        "held": groups_visible_to(actor).filter(resolved_at__isnull=True, held__isnull=False).order_by("-id")[:50],
        "may_silence": actor.may(Action.RESPOND) or actor.teams_where(Action.RESPOND).exists(),
        "manages": actor.may(Action.MANAGE) or actor.teams_where(Action.MANAGE).exists(),
    }
    return render(request, "intake/silences.html", context)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def edit_silence(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Make a silence, or change one; of a new one the labels of the alert group one comes from are there already."""
    actor = actor_of(request)
    silence = silence_for(actor, pk) if pk else None
    given, error = request.POST, None
    if request.method == "POST":
        try:
            commands.save_silence(
                actor,
                silence,
                matchers=_lines(given.get("matchers", "")),
                **times_from(given, given.getlist("days"), clock.now(), silence),
                comment=given.get("comment", ""),
                team=team_by(given["team"]) if given.get("team") else None,
                confirm=bool(given.get("confirm")),
            )
        except (Refused, Conflict) as refused:
            error = refused
        else:
            messages.success(request, "Silenced. What still fires when it ends pages at once.")
            return redirect("silences")
    context = {
        "error": error,
        "silence": silence,
        "times": TimesForm(given or None, row=silence),
        "values": given or (_values(silence) if silence else _prefilled(actor, request)),
        "teams": _teams(actor),
    }
    return render(request, "intake/silence_form.html", context, status=422 if error else 200)


def _values(silence: Silence) -> dict[str, str]:
    return {
        "matchers": "\n".join(silence.matchers),
        "team": silence.team.slug if silence.team else "",
        "comment": silence.comment,
    }


def _prefilled(actor: Actor, request: HttpRequest) -> dict[str, str]:
    values = {"matchers": "", "team": "", "comment": ""}
    if (number := whole(request.GET.get("group", ""))) is not None:
        group = group_for(actor, number)
        labels = group.group_labels or getattr(group.alerts.first(), "labels", {})
        lines = (f"{name}={quoted(value)}" for name, value in labels.items())
        values |= {"matchers": "\n".join(lines), "team": group.team.slug if group.team else ""}
    return values


def _teams(actor: Actor) -> QuerySet[Team]:
    return actor.teams_where(Action.RESPOND)


def preview(request: HttpRequest) -> HttpResponse:
    """What a silence would hold, while it is being written."""
    actor = actor_of(request)
    given = request.GET
    try:
        team = team_by(given["team"]) if given.get("team") else None
        hit = commands.groups_hit(commands.read_matchers(_lines(given.get("matchers", ""))), team)
        seen = list(groups_visible_to(actor).filter(pk__in=[group.pk for group in hit])[:20])
        context = {"hit": seen, "count": len(hit)}
    except WatchroomError as error:
        context = {"error": error}
    return render(request, "intake/silence_preview.html", context)


@require_POST
def act(request: HttpRequest, pk: int, what: str) -> HttpResponse:
    """End a silence or one occurrence of it, or let that last longer."""
    actor = actor_of(request)
    silence: Silence = silence_for(actor, pk)
    if what == "expire":
        commands.expire_silence(actor, silence)
    elif what == "extend":
        commands.extend_silence(actor, silence, max(silence.ends_at, clock.now()) + hours(request.POST))
    elif what == "skip":
        commands.skip_silence(actor, silence, _occurrence(request))
    else:
        raise NotFound("A silence can't do that.", field="what", value=what, fix="Use extend, skip or expire.")
    return redirect("silences")


def _occurrence(request: HttpRequest) -> datetime | None:
    """Which occurrence was seen when the button was pressed: one that is pressed twice skips one."""
    return instant(request.POST.get("occurrence", ""))


def occurrences(request: HttpRequest) -> HttpResponse:
    """When it would run, while that is being filled in."""
    actor_of(request)
    now = clock.now()
    try:
        times = times_from(request.GET, request.GET.getlist("days"), now)
        found = read_series(**times, now=now)
        context: dict[str, object] = {
            "spans": found.preview(now) if found else [(times["starts_at"], times["ends_at"])]
        }
        if found is not None:
            local = to_local(found.starts_at, found.zone)
            context |= {"words": in_words(found.repeat, local), "zone": found.zone.key}
    except WatchroomError as error:
        context = {"error": error}
    return render(request, "intake/occurrences.html", context)


def edit_window(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Plan work on services, or change a plan."""
    actor = actor_of(request)
    window = window_for(actor, pk) if pk else None
    given, error = request.POST, None
    chosen = [service.slug for service in window.services.all()] if window else request.GET.getlist("service")
    chosen = given.getlist("services") if request.method == "POST" else chosen
    if request.method == "POST":
        try:
            commands.save_maintenance(
                actor,
                window,
                team=team_by(given.get("team", "")),
                title=given.get("title", ""),
                services=list(services_visible_to(actor).filter(slug__in=chosen)),
                **times_from(given, given.getlist("days"), clock.now(), window),
            )
        except (Refused, Conflict, NotFound) as refused:
            error = refused
        else:
            messages.success(request, "Planned. Alerts of these services page nobody meanwhile.")
            return redirect("silences")
    context = {
        "error": error,
        "window": window,
        "times": TimesForm(given or None, row=window),
        "values": given or ({"title": window.title, "team": window.team.slug} if window else {}),
        "chosen": chosen,
        "teams": _teams(actor),
        "services": _to_quiet(actor, window),
        "find_services": f"{reverse('choices-own-services')}?by=slug",
    }
    return render(request, "intake/maintenance_form.html", context, status=422 if error else 200)


def _to_quiet(actor: Actor, window: MaintenanceWindow | None) -> QuerySet[Service]:
    """The services whose pages ``actor`` may make wait, and those that wait already."""
    own = Q(team__in=_teams(actor)) | Q(pk__in=window.services.values("pk") if window else ())
    return Service.objects.filter(own, pk__in=services_visible_to(actor).values("pk")).order_by("name")


@require_POST
def act_on_window(request: HttpRequest, pk: int, what: str) -> HttpResponse:
    """End a maintenance window or one occurrence of it, or let that last longer."""
    actor = actor_of(request)
    window = window_for(actor, pk)
    if what == "end":
        commands.end_maintenance(actor, window)
    elif what == "extend":
        commands.extend_maintenance(actor, window, max(window.ends_at, clock.now()) + hours(request.POST))
    elif what == "skip":
        commands.skip_maintenance(actor, window, _occurrence(request))
    else:
        raise NotFound("Maintenance can't do that.", field="what", value=what, fix="Use extend, skip or end.")
    return redirect("silences")


def edit_inhibition(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Make an inhibition rule, or change one."""
    actor = actor_of(request)
    rule = inhibition_for(actor, pk) if pk else None
    error, given = None, request.POST
    if request.method == "POST":
        try:
            commands.save_inhibition(
                actor,
                rule,
                name=given.get("name", ""),
                source_matchers=_lines(given.get("source_matchers", "")),
                target_matchers=_lines(given.get("target_matchers", "")),
                equal=given.get("equal", "").replace(",", " ").split(),
                team=team_by(given["team"]) if given.get("team") else None,
            )
        except (Refused, Conflict) as refused:
            error = refused
        else:
            messages.success(request, "Saved. What it holds back is looked at now.")
            return redirect("silences")
    values: object = given
    if request.method != "POST":
        values = {
            "name": rule.name if rule else "",
            "source_matchers": "\n".join(rule.source_matchers) if rule else "",
            "target_matchers": "\n".join(rule.target_matchers) if rule else "",
            "equal": " ".join(rule.equal) if rule else "",
            "team": rule.team.slug if rule and rule.team else "",
        }
    teams = Team.objects.all() if actor.may(Action.MANAGE) else actor.teams_where(Action.MANAGE)
    context = {"rule": rule, "error": error, "values": values, "teams": teams, "everywhere": actor.may(Action.MANAGE)}
    return render(request, "intake/inhibition_form.html", context, status=422 if error else 200)


@require_POST
def delete_inhibition(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete an inhibition rule: what it held and still fires pages at once."""
    actor = actor_of(request)
    commands.delete_inhibition(actor, inhibition_for(actor, pk))
    return redirect("silences")
