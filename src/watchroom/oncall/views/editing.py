"""``/schedules/new`` and ``/schedules/<slug>/edit``: a schedule and its rotations in one form, with the calendar that they
would give before anything is saved."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, TypeAlias

from django.contrib import messages
from django.forms import BaseFormSet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone as here

from ...accounts.actors import Actor
from ...accounts.forms import blame
from ...accounts.models import Membership
from ...accounts.roles import Action
from ...kernel import clock
from ...kernel.errors import WatchroomError
from ...kernel.numbers import whole, wholes
from ...web.middleware import actor_of
from .. import commands, drafts, queries, rules
from ..forms import Offered, RotationForm, RotationFormSet, ScheduleForm, offered
from ..models import Schedule
from .lines import by_layer
from .month import WEEKDAYS, Reasons, weeks

_PICTURE = timedelta(days=28)
Rotations: TypeAlias = "BaseFormSet[RotationForm]"


def schedule_edit(request: HttpRequest, slug: str = "") -> HttpResponseBase:
    """The form. Its buttons besides *Save*: ``add`` another rotation, ``remove`` one, ``fill`` one with the team, ``preview``."""
    by = actor_of(request)
    row = queries.schedule_by(by, slug) if slug else None
    if row is not None:
        by.require(Action.MANAGE, row.team)
    elif not by.teams_where(Action.MANAGE).exists():
        by.require(Action.MANAGE)
    zone = by.person.timezone if by.person else "UTC"
    form = ScheduleForm(
        request.POST or None, actor=by, schedule=row, **({} if row else {"initial": {"timezone": zone}})
    )
    if request.method != "POST":
        rotations = _formset(request, form, _saved(row) if row else [_usual(zone)])
        return _shown(request, by, row, form, rotations, check=bool(row))
    asked = {"offered": _offered(request, form, _chosen_in(request.POST)), "levels": _levels_in(request.POST)}
    rotations = RotationFormSet(request.POST, prefix="rotations", form_kwargs=asked)
    if request.headers.get("HX-Request"):
        return render(request, "oncall/_draft.html", _draft(by, row, form, rotations) | {"live": True})
    if {"add", "remove", "fill"} & request.POST.keys():
        entered = _changed(request, form, [each.entered() for each in rotations.forms])
        fresh = ScheduleForm(actor=by, schedule=row, initial={bound.name: bound.value() for bound in form})
        return _shown(request, by, row, fresh, _formset(request, form, entered), check=False)
    right = form.is_valid() & rotations.is_valid()
    if right and "preview" not in request.POST:
        given = [each.values(form.cleaned_data["timezone"]) for each in rotations.forms]
        try:
            saved = commands.save_schedule(by, row, **form.values(), rotations=given)
        except WatchroomError as error:
            _blame(form, rotations, error)
        else:
            messages.success(request, "Saved.")
            return redirect("schedule", saved.slug)
    return _shown(request, by, row, form, rotations, check=True)


def _blame(form: ScheduleForm, rotations: Rotations, error: WatchroomError) -> None:
    """Show a refusal beside the field that it names."""
    if (named := re.match(r"rotations\[(\d+)\]\.(\w+)", error.field)) and int(named[1]) < len(rotations.forms):
        rotation = rotations.forms[int(named[1])]
        rotation.add_error(named[2] if named[2] in rotation.fields else None, str(error))
    else:
        error.field = error.field.removeprefix("chat_group.")
        blame(form, error)


def _shown(
    request: HttpRequest, by: Actor, row: Schedule | None, form: ScheduleForm, rotations: Rotations, *, check: bool
) -> HttpResponseBase:
    context = {"form": form, "rotations": rotations, "schedule": row}
    if check:
        context |= _draft(by, row, form, rotations)
    wrong = form.is_bound and (bool(form.errors) or not rotations.is_valid())
    return render(request, "oncall/schedule_form.html", context, status=422 if wrong else 200)


# --- What is in the form ---------------------------------------------------------------------------------------------


def _offered(request: HttpRequest, form: ScheduleForm, chosen: Iterable[int]) -> Offered:
    """Whom rotations may choose, those of the chosen team first."""
    team = whole(str(form["team"].value() or ""))
    return offered(chosen, team, whole=request.GET.get("choices") == "all")


def _chosen_in(data: Any) -> list[int]:
    sent = (data.getlist(key) for key in data if re.fullmatch(r"rotations-\d+-(members|shadows)-\d+", key))
    return wholes(value for values in sent for value in values)


def _levels_in(data: Any) -> set[int]:
    found = {whole(value) for key, value in data.items() if re.fullmatch(r"rotations-\d+-precedence", key)}
    count = whole(data.get("rotations-TOTAL_FORMS", "")) or 1
    return {*range(min(count, 20)), *(each for each in found if each is not None and 0 <= each <= 1000)}


def _formset(request: HttpRequest, form: ScheduleForm, initial: list[dict[str, Any]]) -> Rotations:
    levels = {*range(len(initial)), *(number for each in initial if (number := whole(str(each.get("precedence", 0)))))}
    turns = [turn for each in initial for name in ("members", "shadows") for turn in each.get(name) or ()]
    chosen = wholes(str(person) for turn in turns for person in turn)
    asked = {"offered": _offered(request, form, chosen), "levels": levels}
    return RotationFormSet(prefix="rotations", form_kwargs=asked, initial=initial)


def _usual(zone: str) -> dict[str, Any]:
    """What most begin with: by the week, from this Monday on, so that somebody is on call at once."""
    today = (
        clock.now().astimezone(rules.check_zone(zone)).replace(hour=9, minute=0, second=0, microsecond=0, tzinfo=None)
    )
    return {"name": "Weekly", "starts_at": today - timedelta(days=today.weekday())}


def _saved(row: Schedule) -> list[dict[str, Any]]:
    zone = rules.check_zone(row.timezone)
    found = []
    for rotation in row.rotations.prefetch_related("members"):
        turns: dict[int, list[int]] = {}
        shadows: dict[int, list[int]] = {}
        for place in rotation.members.all():
            turns.setdefault(place.turn, [])
            (shadows if place.is_shadow else turns).setdefault(place.turn, []).append(place.person_id)
        found.append(
            {
                "id": rotation.pk,
                "name": rotation.name,
                "length": rotation.length,
                "unit": rotation.unit,
                "precedence": rotation.precedence,
                "starts_at": rules.local_from(rotation.starts_at),
                "until": rotation.until and rotation.until.astimezone(zone).replace(tzinfo=None),
                "members": [turns[turn] for turn in sorted(turns)],
                "shadows": [shadows.get(turn, []) for turn in sorted(turns)] if shadows else [],
                "restrictions": rotation.restrictions,
            }
        )
    return found


def _changed(request: HttpRequest, form: ScheduleForm, entered: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What stands in the rotations after the button that was pressed; everything else stays as it was entered."""
    if (number := whole(request.POST.get("remove", ""))) is not None and number < len(entered):
        del entered[number]
    elif (number := whole(request.POST.get("fill", ""))) is not None and number < len(entered):
        rows = Membership.objects.filter(team=whole(str(form["team"].value() or "")), person__is_active=True)
        entered[number]["members"] = [[pk] for pk in rows.order_by("person__name").values_list("person", flat=True)]
    elif "add" in request.POST and len(entered) < 20:
        levels = [whole(str(each["precedence"] or 0)) or 0 for each in entered]
        first = entered[0] if entered else _usual(str(form["timezone"].value()))
        entered.append(
            {"name": f"Rotation {len(entered) + 1}", "precedence": max(levels, default=-1) + 1}
            | {name: first.get(name) for name in ("starts_at", "length", "unit") if first.get(name)}
        )
    return entered


# --- What it would be ------------------------------------------------------------------------------------------------


def _draft(by: Actor, row: Schedule | None, form: ScheduleForm, rotations: Rotations) -> dict[str, Any]:
    """The calendar of the rotations that are complete."""
    if rotations.is_bound:
        zone = str(form["timezone"].value() or "UTC")
        forms = [each for each in rotations.forms if each.is_valid()]
        try:
            rules.check_zone(zone)
            given = [each.values(zone) for each in forms]
            found = drafts.draft_of(row, zone, given) if given else None
        except (WatchroomError, rules.RuleError):
            return {"draft": None, "incomplete": True}
        return drawn(row, found) | {"incomplete": len(forms) < len(rotations.forms)}
    return {"draft": None, "incomplete": False}


def drawn(row: Schedule | None, draft: drafts.Draft | None, picture: timedelta = _PICTURE) -> dict[str, Any]:
    """What `oncall/_draft.html` shows of a draft."""
    if draft is None:
        return {"draft": None}
    start = here.make_aware(here.localtime(draft.start).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None))
    end = start + picture
    shadows = rules.shadow_shifts(draft.plan, start, end)
    shifts = rules.final_shifts(draft.plan, start, end)
    gaps = rules.gaps(draft.plan, draft.start, end)
    monday = start - timedelta(days=here.localtime(start).weekday())
    ahead = rules.final_shifts(draft.plan, draft.start, monday + timedelta(days=42))
    holes = rules.gaps(draft.plan, draft.start, monday + timedelta(days=42))
    names = {layer.key: layer.name for layer in draft.plan.layers}
    return {
        "draft": draft,
        "is_new": row is None,
        "label": row.name if row else "The schedule",
        "lanes": by_layer(draft.plan, shifts, shadows, gaps, draft.people, start, end, Reasons(names, {})),
        "picture": (start, end),
        "weeks": weeks(monday, ahead, holes, draft.people, Reasons(names, {}), {}),
        "weekdays": WEEKDAYS,
        "turns": [(each, draft.people.get(each.person)) for each in draft.shifts[:40]],
        "moved": [
            (
                each,
                [draft.people[pk] for pk in each.loses if pk in draft.people],
                [draft.people[pk] for pk in each.gains if pk in draft.people],
            )
            for each in draft.moved
        ],
    }
