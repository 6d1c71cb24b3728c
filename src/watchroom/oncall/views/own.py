"""``/on-call/mine``: one's own shifts, offers, absences, holidays and calendars."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...accounts.actors import Actor
from ...accounts.forms import blame
from ...accounts.models import Person
from ...kernel import clock
from ...kernel.errors import NotFound, NotSignedIn, Refused, WatchroomError
from ...web.middleware import actor_of
from .. import commands, outlook, queries, rules
from ..forms import AbsenceForm, HolidayForm
from ..models import Calendar, HolidayPlace, Swap

AHEAD = timedelta(days=60)


def _me(by: Actor) -> Person:
    if by.person is None:
        raise NotSignedIn("Sign in to see your own shifts.")
    return by.person


def mine(request: HttpRequest) -> HttpResponseBase:
    """The own on-call page."""
    return _show(request, actor_of(request))


def _show(request: HttpRequest, by: Actor, form: AbsenceForm | None = None) -> HttpResponseBase:
    me, now = _me(by), clock.now()
    chosen = list(queries.schedules_of(me))
    plans = queries.plans_of(chosen, now, now + AHEAD)
    away = outlook.absences_of([me.pk], now, now + AHEAD)
    offered = {
        (row.schedule_id, row.starts_at): row
        for row in Swap.objects.filter(offered_by=me, state=Swap.State.OFFERED, expires_at__gt=now)
    }
    shifts: list[dict[str, Any]] = []
    for row in chosen:
        for shift in rules.shifts_of(plans[row.pk], me.pk, now, now + AHEAD):
            clash = bool(rules.conflicts([shift], away))
            shifts.append(
                {"schedule": row, "shift": shift, "clash": clash, "swap": offered.get((row.pk, shift.starts_at))}
            )
    clashes = [each for each in shifts if each["clash"] and not each["swap"]]
    for each in sorted(clashes, key=lambda one: one["shift"].starts_at)[:3]:
        free = outlook.cover_for(each["schedule"], each["shift"].starts_at, each["shift"].ends_at, [me.pk])
        each["free"] = outlook.free_words([cover.person.name for cover in free])
    shifts.sort(key=lambda each: (each["shift"].starts_at, each["schedule"].name))
    asked = outlook.swaps_for(by).filter(Q(offered_to=me) | Q(offered_by=me)).distinct().order_by("starts_at")
    open_offers = [
        row
        for row in asked.prefetch_related("offered_to", "declined_by")
        if row.offered_by_id == me.pk or me not in row.declined_by.all()
    ]
    running = [each for each in shifts if each["shift"].starts_at <= now]
    place = HolidayPlace.objects.filter(person=me).first()
    days = outlook.holidays_of([me.pk], now, now + AHEAD).get(me.pk, {})
    initial = {"country": place.country, "region": place.region} if place else {}
    context = {
        "shifts": shifts,
        "running": [(each["schedule"], queries.candidates(each["schedule"])) for each in running],
        "handoffs": queries.handoffs_of(by, now),
        "offers": open_offers,
        "me": me,
        "absences": me.absences.filter(ends_at__gt=now).select_related("calendar"),
        "calendars": Calendar.objects.filter(person=me),
        "feeds": outlook.feeds_of(by),
        "form": form or AbsenceForm(),
        "holiday_form": HolidayForm(initial=initial),
        "holidays": days.items(),
    }
    wrong = form is not None and bool(form.errors)
    return render(request, "oncall/mine.html", context, status=422 if wrong else 200)


@require_POST
def absence_add(request: HttpRequest) -> HttpResponseBase:
    """Enter an absence of one's own."""
    by = actor_of(request)
    form = AbsenceForm(request.POST)
    if form.is_valid():
        try:
            given = dict(form.cleaned_data)
            commands.add_absence(by, _me(by), paged=not given.pop("not_paged"), **given)
        except WatchroomError as error:
            blame(form, error)
        else:
            messages.success(request, "Entered. Shifts in this time are marked; ask for cover there.")
            return redirect("on-call-mine")
    return _show(request, by, form)


@require_POST
def absence_remove(request: HttpRequest, pk: int) -> HttpResponseBase:
    """There after all."""
    by = actor_of(request)
    row = outlook.absences_visible_to(by).filter(pk=pk).first()
    if row is None:
        raise NotFound("There is no such absence.", field="absence", value=pk, fix="See your on-call page.")
    commands.remove_absence(by, row)
    messages.success(request, "Removed.")
    return redirect("on-call-mine")


@require_POST
def absence_import(request: HttpRequest) -> HttpResponseBase:
    """Absences from a CSV file."""
    by = actor_of(request)
    file = request.FILES.get("file")
    if file is None or (file.size or 0) > 1_000_000:
        raise Refused("There is no file, or it is too long.", field="file", value=None, fix="Choose one up to 1 MB.")
    rows = commands.import_absences(by, file.read().decode("utf-8", errors="replace"))
    messages.success(request, f"{len(rows)} absences entered.")
    return redirect("on-call-mine")


@require_POST
def holidays(request: HttpRequest) -> HttpResponseBase:
    """Where one has one's public holidays."""
    by = actor_of(request)
    commands.set_holidays(
        by, person=_me(by), country=request.POST.get("country", ""), region=request.POST.get("region", "")
    )
    messages.success(request, "Saved.")
    return redirect("on-call-mine")
