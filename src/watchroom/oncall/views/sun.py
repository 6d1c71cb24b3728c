"""``/schedules/new/follow-the-sun``: regions that each have it by day become the rotations of a new schedule, which is an ordinary one
from then on."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, TypeAlias

from django.contrib import messages
from django.forms import BaseFormSet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render

from ...accounts.forms import blame
from ...accounts.roles import Action
from ...kernel import clock
from ...kernel.errors import WatchroomError
from ...kernel.numbers import whole, wholes
from ...web.middleware import actor_of
from .. import commands, drafts, rules
from ..forms import RegionForm, RegionFormSet, SunForm, offered
from .editing import drawn

_PICTURE = timedelta(days=7)
Regions: TypeAlias = "BaseFormSet[RegionForm]"


def follow_the_sun(request: HttpRequest) -> HttpResponseBase:
    """The form. Its buttons besides *Save*: ``close`` the gaps between regions, ``preview``."""
    by = actor_of(request)
    if not by.teams_where(Action.MANAGE).exists():
        by.require(Action.MANAGE)
    form = SunForm(request.POST or None, actor=by)
    if request.method != "POST":
        zones = rules.other_regions(by.person.timezone if by.person else "UTC", clock.now())
        return _shown(request, form, _fresh(request, form, [{"zone": zone} for zone in zones]), {})
    chosen = [key for key in request.POST if re.fullmatch(r"regions-\d+-members-\d+", key)]
    numbers = wholes(value for key in chosen for value in request.POST.getlist(key))
    asked = {"offered": offered(numbers, _team(form), whole=request.GET.get("choices") == "all")}
    regions = RegionFormSet(request.POST, prefix="regions", form_kwargs=asked)
    if request.headers.get("HX-Request"):
        return render(request, "oncall/_sun_draft.html", _draft(form, regions) | {"live": True})
    if "close" in request.POST and (own := _regions(regions)):
        ends = dict(zip([each.zone for each in own], rules.closed(own, clock.now()), strict=True))
        entered = [{bound.name: bound.value() for bound in each} for each in regions.forms]
        for each in entered:
            if each["zone"] in ends:
                each["end"] = ends[each["zone"]].end
        fresh = SunForm(actor=by, initial={bound.name: bound.value() for bound in form})
        again = _fresh(request, fresh, entered)
        return _shown(request, fresh, again, _draft_of([ends[each.zone] for each in own], str(form["unit"].value())))
    own = _regions(regions)
    if form.is_valid() and regions.is_valid() and "preview" not in request.POST:
        if not own:
            form.add_error(None, "Give each region a time zone of its own.")
        else:
            zone, said = own[0].zone, form.cleaned_data
            given = rules.rotations_of(own, zone, clock.now(), said["unit"])
            try:
                saved = commands.save_schedule(
                    by, None, team=said["team"], name=said["name"], timezone=zone, rotations=given
                )
            except WatchroomError as error:
                blame(form, error)
            else:
                messages.success(request, "Saved. It is a schedule like any other now: Edit changes its rotations.")
                return redirect("schedule", saved.slug)
    return _shown(request, form, regions, _draft(form, regions))


def _shown(request: HttpRequest, form: SunForm, regions: Regions, draft: dict[str, Any]) -> HttpResponseBase:
    wrong = form.is_bound and (bool(form.errors) or not regions.is_valid())
    context = {"form": form, "regions": regions, **draft}
    return render(request, "oncall/sun.html", context, status=422 if wrong else 200)


def _fresh(request: HttpRequest, form: SunForm, initial: list[dict[str, Any]]) -> Regions:
    chosen = wholes(str(person) for each in initial for turn in each.get("members") or () for person in turn)
    asked = {"offered": offered(chosen, _team(form), whole=request.GET.get("choices") == "all")}
    return RegionFormSet(prefix="regions", form_kwargs=asked, initial=initial)


def _team(form: SunForm) -> int | None:
    return whole(str(form["team"].value() or ""))


def _regions(forms: Regions) -> list[rules.Region]:
    """Those that are complete, and in which somebody takes turns; nothing of fewer than two, or of two in the same zone."""
    found = [each.region() for each in forms.forms if each.is_valid() and each.cleaned_data["members"]]
    return found if len({each.zone for each in found}) == len(found) > 1 else []


def _draft(form: SunForm, regions: Regions) -> dict[str, Any]:
    return _draft_of(_regions(regions), str(form["unit"].value()))


def _draft_of(regions: list[rules.Region], unit: str) -> dict[str, Any]:
    if not regions:
        return {"draft": None, "incomplete": True}
    zone, now = regions[0].zone, clock.now()
    try:
        found = drafts.draft_of(None, zone, rules.rotations_of(regions, zone, now, unit))
    except WatchroomError:
        return {"draft": None, "incomplete": True}
    return drawn(None, found, _PICTURE) | {
        "keeps_to": regions[0].name,
        "moved_hours": rules.moved_hours(regions, zone, now),
    }
