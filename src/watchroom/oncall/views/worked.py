"""``/schedules/<slug>/worked``: who was on call in a month, as it was written down, and correcting it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from ...accounts.forms import blame
from ...accounts.models import Person
from ...accounts.roles import Action
from ...kernel import clock
from ...kernel.errors import Refused, WatchroomError
from ...kernel.numbers import whole
from ...kernel.times import instant
from ...web.middleware import actor_of
from ...web.sheets import sheet
from .. import commands, queries, rules, worked
from ..forms import CorrectionForm
from ..models import Schedule, WorkedShift

WHY = dict(WorkedShift.Why.choices)


def _month(request: HttpRequest, row: Schedule) -> tuple[str, datetime, datetime]:
    """The month that the page shows, by the schedule's own clock: ``?month=2026-03``, else this one."""
    zone = rules.check_zone(row.timezone)
    text = request.GET.get("month", "") or f"{clock.now().astimezone(zone):%Y-%m}"
    try:
        first = datetime.strptime(text, "%Y-%m")  # noqa: DTZ007 - local
        if first.year < 1970:
            raise ValueError
        after = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    except ValueError:
        raise Refused("That is not a month.", field="month", value=text, fix="Write it like 2026-03.") from None
    return f"{first:%Y-%m}", rules.to_utc(first, zone), rules.to_utc(after, zone)


def _rows(request: HttpRequest, row: Schedule) -> tuple[str, list[worked.Worked]]:
    month, start, end = _month(request, row)
    return month, worked.of_schedule(row, start, end, taken_out=True)


def worked_page(request: HttpRequest, slug: str) -> HttpResponseBase:
    """A month, shift by shift."""
    return _show(request, slug, None)


def _show(request: HttpRequest, slug: str, form: CorrectionForm | None) -> HttpResponseBase:
    by = actor_of(request)
    row = queries.schedule_by(by, slug)
    month, found = _rows(request, row)
    people = worked.people_in(found)
    may = by.may(Action.MANAGE, row.team)
    if form is None:
        form = CorrectionForm(initial=_initial(request))
    context = {
        "schedule": row,
        "month": month,
        "rows": [
            (each, people[each.person], WHY[each.why], people.get(each.instead_of or 0))
            for each in found
            if each.person in people
        ],
        "corrections": worked.corrections_of(by, row)[:50],
        "form": form if may else None,
        "in_words": worked.in_words,
    }
    return render(request, "oncall/worked.html", context, status=422 if form.errors else 200)


def _initial(request: HttpRequest) -> dict[str, Any]:
    """A shift that was pressed fills the form."""
    found: dict[str, Any] = {}
    if (who := whole(request.GET.get("of", ""))) is not None:
        found["instead_of"] = Person.objects.filter(pk=who).first()
    for name, key in (("starts_at", "from"), ("ends_at", "to")):
        if (at := instant(request.GET.get(key, ""))) is not None:
            found[name] = timezone.localtime(at)
    return found


@require_POST
def correct(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Say who really was on call."""
    by = actor_of(request)
    row = queries.schedule_by(by, slug)
    by.require(Action.MANAGE, row.team)
    form = CorrectionForm(request.POST)
    if form.is_valid():
        try:
            made = commands.correct(by, row, **form.cleaned_data)
        except WatchroomError as error:
            blame(form, error)
        else:
            messages.success(request, "Corrected. What was written down before stays beside it.")
            month = made.starts_at.astimezone(rules.check_zone(row.timezone))
            return redirect(f"{reverse('worked', args=[slug])}?month={month:%Y-%m}")
    return _show(request, slug, form)


@require_POST
def correction_take_back(request: HttpRequest, pk: int) -> HttpResponseBase:
    """It was wrong."""
    by = actor_of(request)
    made = commands.take_back(by, worked.correction_for(by, pk))
    messages.success(request, "Taken back: what was written down counts again.")
    return redirect("worked", made.schedule.slug) if made.schedule else redirect("schedules")


def worked_csv(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """The month as a file."""
    row = queries.schedule_by(actor_of(request), slug)
    month, found = _rows(request, row)
    people = worked.people_in(found)
    columns = (
        "person",
        "email",
        "from",
        "to",
        "hours",
        "why",
        "detail",
        "instead_of",
        "shadow",
        "counts",
        "correction",
    )
    lines = (
        [
            str(people[each.person]), people[each.person].email, each.starts_at, each.ends_at,
            round((each.ends_at - each.starts_at).total_seconds() / 3600, 2), each.why, each.detail,
            str(people.get(each.instead_of or 0, "")), each.shadow, each.taken_out is None,
            worked.in_words(said) if (said := each.taken_out or each.correction) else "",
        ]
        for each in found
        if each.person in people
    )  # fmt: skip
    return sheet(f"worked-{row.slug}-{month}", columns, lines)
