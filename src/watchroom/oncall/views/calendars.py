"""Calendars that come in, and feeds for calendar programs."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from ...accounts.queries import team_by
from ...accounts.roles import Action
from ...kernel import clock
from ...kernel import settings as conf
from ...kernel.errors import NotFound, Refused
from ...kernel.numbers import whole
from ...web.middleware import actor_of
from .. import commands, ical, outlook, queries
from ..models import Calendar, Feed
from .swaps import back


@require_POST
def calendar_add(request: HttpRequest) -> HttpResponseBase:
    """Read shifts of a schedule (``schedule`` is given) or one's own absences from an address."""
    by = actor_of(request)
    slug = request.POST.get("schedule", "")
    schedule = queries.schedule_by(by, slug) if slug else None
    written = request.POST.get("precedence") or "0"
    if (level := whole(written, 4)) is None:
        raise Refused("That level is not accepted.", field="precedence", value=written[:40], fix="Use 0 to 1000.")
    commands.save_calendar(
        by,
        None,
        schedule=schedule,
        person=None if schedule else by.person,
        name=request.POST.get("name", "") or "Calendar",
        url=request.POST.get("url", ""),
        precedence=level,
    )
    messages.success(request, "Saved. It is being read now, and again every ten minutes.")
    return back(request)


@require_POST
def calendar_remove(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Read it no longer."""
    by = actor_of(request)
    by.require(Action.SEE)
    row = Calendar.objects.select_related("schedule__team", "person").filter(pk=pk).first()
    if row is None:
        raise NotFound("There is no such calendar.", field="calendar", value=pk, fix="See the schedule.")
    commands.remove_calendar(by, row)
    messages.success(request, "The calendar is removed.")
    return back(request)


@require_POST
def feed_make(request: HttpRequest) -> HttpResponseBase:
    """A new secret address; the page shows it once."""
    by = actor_of(request)
    slug, team = request.POST.get("schedule", ""), request.POST.get("team", "")
    row, key = commands.make_feed(
        by,
        schedule=queries.schedule_by(by, slug) if slug else None,
        team=team_by(team) if team and not slug else None,
        person=None if slug or team else by.person,
    )
    url = f"{conf.current().url}/calendar/{key}.ics"
    return render(request, "oncall/feed.html", {"feed": row, "feed_url": url})


@require_POST
def feed_revoke(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Its address gives nothing any more."""
    by = actor_of(request)
    by.require(Action.SEE)
    row = Feed.objects.filter(pk=pk).first()
    if row is None:
        raise NotFound("There is no such feed.", field="feed", value=pk, fix="See your on-call page.")
    commands.revoke_feed(by, row)
    messages.success(request, "The address gives nothing any more.")
    return back(request)


@require_GET
def feed(request: HttpRequest, key: str) -> HttpResponseBase:
    """``/calendar/<key>.ics``: whoever knows the key may read; it needs no signing in."""
    row = outlook.feed_by_key(key)
    body = ical.write(f"{row} (Watchroom)", outlook.entries_of(row, conf.current().url), clock.now())
    answer = HttpResponse(body, content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = 'inline; filename="on-call.ics"'
    answer["Cache-Control"] = "private, max-age=300"
    return answer
