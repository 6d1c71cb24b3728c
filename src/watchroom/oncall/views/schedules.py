"""The page of one schedule, with its overrides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from ...accounts.actors import Actor
from ...accounts.forms import blame
from ...accounts.models import Person
from ...accounts.roles import Action
from ...kernel import clock
from ...kernel.errors import NotFound, WatchroomError
from ...kernel.times import instant
from ...web.middleware import actor_of
from .. import commands, facts, outlook, queries, rules
from ..forms import OverrideForm
from ..models import Override, Schedule
from .lines import by_layer, by_person
from .month import WEEKDAYS, day_asked, month_start, reasons_of, weeks, why

_SPAN = timedelta(days=14)
KINDS = (("", "Two weeks"), ("week", "Week"), ("month", "Month"), ("people", "By person"))


def schedule(request: HttpRequest, slug: str) -> HttpResponseBase:
    """``/schedules/<slug>``: two weeks of it, with what is wrong with them."""
    by = actor_of(request)
    row = queries.schedule_by(by, slug)
    return _show(request, by, row, None)


_NO_END_IN_SIGHT = timedelta(days=28)


def _picked(request: HttpRequest, now: datetime) -> tuple[datetime, datetime] | None:
    """The time that was chosen in the picture (``?begins=…&ends=…``), as far as it lies ahead."""
    begins, ends = (instant(request.GET.get(name, "")) for name in ("begins", "ends"))
    if begins is None or ends is None or ends <= max(begins, now):
        return None
    return max(begins, now.replace(second=0, microsecond=0)), ends


def _initial_picked(by: Actor, span: tuple[datetime, datetime], shifts: list[rules.Shift]) -> dict[str, Any]:
    """Whoever is on call then looks for somebody; anybody else is offered to take over."""
    begins, ends = span
    me = by.person.pk if by.person else 0
    mine = any(shift.person == me and shift.starts_at < ends and shift.ends_at > begins for shift in shifts)
    times = {"starts_at": timezone.localtime(begins), "ends_at": timezone.localtime(ends)}
    return times | ({"replaces": me} if mine else {"person": me or None})


def _slots(
    span: tuple[datetime, datetime],
    shifts: list[rules.Shift],
    people: Mapping[int, Person],
    picked: tuple[datetime, datetime] | None,
) -> dict[str, Any]:
    """What `static/oncall/slots.js` needs to let a time be chosen in the picture; times in milliseconds since 1970."""

    def at(moment: datetime) -> int:
        return round(moment.timestamp() * 1000)

    return {
        "start": at(span[0]),
        "end": at(span[1]),
        "now": at(clock.now().replace(second=0, microsecond=0)),
        "zone": timezone.get_current_timezone_name(),
        "shifts": [
            (at(each.starts_at), at(each.ends_at), people[each.person].name) for each in shifts if each.person in people
        ],
        "chosen": picked and [at(each) for each in picked],
    }


def _initial(by: Actor, shift: rules.Shift | None) -> dict[str, Any]:
    # Somebody with a shift ahead wants to be covered in it; anybody else is offered to take over.
    now = timezone.localtime(clock.now()).replace(second=0, microsecond=0)
    if shift is None:
        return {"starts_at": now, "ends_at": now + timedelta(hours=8), "person": by.person.pk if by.person else None}
    starts_at = max(now, timezone.localtime(shift.starts_at))
    # Who is on call without a break wants an evening off, not all that was looked at.
    ends_at = shift.ends_at if shift.ends_at < now + _NO_END_IN_SIGHT else starts_at + timedelta(hours=8)
    return {"starts_at": starts_at, "ends_at": ends_at, "replaces": shift.person}


def _name(shift: rules.Shift) -> str:
    """How an address names a shift of the schedule that is shown."""
    return f"{shift.person}-{shift.starts_at.timestamp():.0f}"


def _first_of_each(findings: list[rules.Finding], most: int = 3) -> list[rules.Finding]:
    """A few of each kind first, so that a gap in every night hides nothing else."""
    seen: Counter[str] = Counter()
    ranked = []
    for each in findings:
        seen[each.kind] += 1
        ranked.append((seen[each.kind] > most, each))
    return [each for late in (False, True) for after, each in ranked if after is late]


def _show(request: HttpRequest, by: Actor, row: Schedule, form: OverrideForm | None) -> HttpResponseBase:
    kind = request.GET.get("view", "")
    kind = kind if kind in dict(KINDS) else ""
    start, now = day_asked(request), clock.now()
    if kind == "month":
        start = month_start(start)
    span = {"week": timedelta(days=7), "month": timedelta(days=42)}.get(kind, _SPAN)
    end = start + span
    plan = queries.plan_of(row, min(start, now), max(end, now + timedelta(days=60)))
    shifts = facts.shifts(row, plan, start, end)
    overrides = list(
        Override.objects.filter(schedule=row, ends_at__gt=now).select_related("person", "replaces", "created_by")
    )
    until = rules.next_handoff(plan, now)
    duties = rules.on_call_at(plan, now), rules.on_call_at(plan, until) if until else ()
    shadows = rules.shadow_shifts(plan, start, end)
    numbers = {shift.person for shift in [*shifts, *shadows]} | {duty.person for each in duties for duty in each}
    numbers |= {person for layer in plan.layers for turn in layer.members for person in turn}
    people = queries.people_of(numbers)
    since = min(max(start, row.created_at), end)  # before it was made, nobody was missing
    spans = [(max(shift.starts_at, since), shift.ends_at) for shift in shifts if shift.ends_at > since]
    gaps = rules.holes(spans, since, end)
    report, _ = outlook.quality_of(row, now, now + timedelta(days=60), plan)
    holidays = outlook.holidays_of(numbers, start, end)
    reasons = reasons_of(row, plan, shifts, start, end)
    me = by.person.pk if by.person else 0
    own = next(iter(rules.shifts_of(plan, me, now, now + timedelta(days=60))), None) if me in numbers else None
    chosen = next((each for each in shifts if _name(each) == request.GET.get("shift") and each.ends_at > now), None)
    picked = _picked(request, now)
    form = form or OverrideForm(initial=_initial_picked(by, picked, shifts) if picked else _initial(by, chosen or own))
    if picked:
        form.fields["person"].widget.attrs["autofocus"] = True  # who takes over is what is still to be said
    now_people = [people[duty.person] for duty in duties[0] if duty.person in people]
    may_override = by.may(Action.RESPOND, row.team) and by.person is not None
    context = {
        "schedule": row,
        "kind": kind,
        "kinds": KINDS,
        "lanes": by_person(shifts, gaps, people, reasons)
        if kind == "people"
        else by_layer(plan, shifts, shadows, gaps, people, start, end, reasons),
        "weeks": weeks(start, shifts, gaps, people, reasons, holidays) if kind == "month" else [],
        "weekdays": WEEKDAYS,
        "feasts": sorted(
            (day, name, people[pk].name) for pk, days in holidays.items() for day, name in days.items() if pk in people
        ),
        "start": start,
        "end": end,
        "last": end - timedelta(days=1),
        "label": row.name,
        "shifts": [
            (shift, people.get(shift.person), why(shift, reasons), _name(shift) if shift.ends_at > now else "")
            for shift in shifts
        ],
        "covered": people.get(chosen.person) if chosen else None,
        "picked": picked,
        "slots": _slots((start, end), shifts, people, picked) if may_override and kind != "month" else None,
        "gaps": [(a, b) for a, b in gaps if b > now],
        "warnings": _first_of_each([each for each in report.findings if each.kind in {"gap", "conflict", "calendar"}]),
        "now": now,
        "now_people": now_people,
        "take": [who for who in now_people if who != by.person] if may_override and until else [],
        "ask": [who for who in queries.candidates(row) if who != by.person][:6]
        if may_override and by.person in now_people
        else [],
        "until": until,
        "next_people": [people[duty.person] for duty in duties[1] if duty.person in people],
        "dropped": [
            (each, people.get(each.person) if each.person else None) for each in rules.dropped(plan, start, end)
        ],
        "overrides": [each for each in overrides if each.kind != Override.Kind.PLANNED],
        "planned": [each for each in overrides if each.kind == Override.Kind.PLANNED],
        "group": queries.group_of(row),
        "own": by.person,
        "calendars": row.calendars.all(),
        "temporaries": row.temporaries.filter(ends_at__gt=now).select_related("other"),
        "form": form,
        "may_manage": by.may(Action.MANAGE, row.team),
        "may_override": by.may(Action.RESPOND, row.team),
        "to_page": [who for who in now_people if who != by.person] if by.may(Action.RESPOND) else [],
        "earlier": f"{timezone.localtime(start) - (timedelta(days=1) if kind == 'month' else span):%Y-%m-%d}",
        "later": f"{timezone.localtime(start) + timedelta(days=38 if kind == 'month' else span.days):%Y-%m-%d}",
        "cover_me": own is not None,
    }
    return render(request, "oncall/schedule.html", context, status=422 if form.errors else 200)


@require_POST
def override_add(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Add an override: somebody takes over, from everybody or from one person ("cover me")."""
    by = actor_of(request)
    row = queries.schedule_by(by, slug)
    form = OverrideForm(request.POST)
    if form.is_valid():
        said = form.cleaned_data
        moved, _ = outlook.preview_override(row, said["person"], said["replaces"], said["starts_at"], said["ends_at"])
        try:
            made = commands.add_override(by, row, **said)
        except WatchroomError as error:
            blame(form, error)
        else:
            if moved:
                messages.success(request, f"{made.person} takes over.")
            else:
                messages.warning(request, f"Saved, but it changes nothing: {_why_nothing(made)}")
            if form.cleaned_data["starts_at"] < made.starts_at - timedelta(minutes=1):
                messages.info(
                    request,
                    "It counts from now on: who was on call before is written down, and was paged. Was it somebody else? A manager "
                    "corrects it under “Who was on call”.",
                )
            return redirect("schedule", slug)
    return _show(request, by, row, form)


def _why_nothing(made: Override) -> str:
    if made.replaces is not None:
        return f"{made.replaces} is not on call then."
    return f"{made.person} is on call then anyway."


@require_POST
def override_preview(request: HttpRequest, slug: str) -> HttpResponseBase:
    """A part of the page: who would gain and who would lose which time by what stands in the form."""
    row = queries.schedule_by(actor_of(request), slug)
    form = OverrideForm(request.POST)
    context: dict[str, Any] = {"schedule": row, "moved": None}
    if form.is_valid():
        said = form.cleaned_data
        moved, people = outlook.preview_override(
            row, said["person"], said["replaces"], said["starts_at"], said["ends_at"]
        )
        context["moved"] = [
            (each, [people[pk] for pk in each.loses if pk in people], [people[pk] for pk in each.gains if pk in people])
            for each in moved
        ]
    return render(request, "oncall/_override_draft.html", context)


@require_POST
def override_remove(request: HttpRequest, slug: str, pk: int) -> HttpResponseBase:
    """Undo an override."""
    by = actor_of(request)
    row = (
        Override.objects.select_related("schedule", "person")
        .filter(schedule=queries.schedule_by(by, slug), pk=pk)
        .first()
    )
    if row is None:
        raise NotFound("There is no such override.", field="override", value=pk, fix="See the schedule.")
    commands.remove_override(by, row)
    messages.success(request, "The override is removed.")
    return redirect("schedule", slug)


@require_POST
def group_again(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Tell the chat anew who belongs in the user group."""
    by = actor_of(request)
    row = queries.schedule_by(by, slug)
    try:
        commands.put_group_right(by, row)
    except WatchroomError as error:
        messages.error(request, str(error))
    return redirect("schedule", slug)


@require_POST
def schedule_delete(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Delete a schedule that no policy uses."""
    by = actor_of(request)
    row = queries.schedule_by(by, slug)
    commands.delete_schedule(by, row)
    messages.success(request, f"The schedule {row.name} is deleted.")
    return redirect("schedules")
