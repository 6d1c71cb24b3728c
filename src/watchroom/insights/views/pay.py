"""``/insights/pay``: what on-call earned in a month, and by which rules."""

from __future__ import annotations

from datetime import date

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from ...accounts.forms import blame
from ...accounts.models import Team
from ...accounts.queries import team_by
from ...accounts.roles import Action
from ...kernel.errors import Refused, WatchroomError
from ...oncall.models import Schedule
from ...web.middleware import actor_of
from ...web.sheets import sheet
from ..forms import PayForm
from ..pay import Pay, last_month, pay_of
from ..pay_rules import EVER, book_of, history_of, rules_of, set_pay, usual_day, withdraw_pay
from ..rules.pay import KINDS
from ..rules.pay_book import in_words
from ._team import no_team, team_of


def _pay(request: HttpRequest, team: Team) -> Pay:
    return pay_of(actor_of(request), team, request.GET.get("month", "") or last_month())


def pay(request: HttpRequest) -> HttpResponse:
    """The sums by person, with every line that made them."""
    actor = actor_of(request)
    team = team_of(actor, request.GET)
    if team is None:
        return no_team(request, "Pay for on-call", "On-call is paid by a team's rules. Make a team, with a schedule.")
    found = _pay(request, team)
    by_person = {total.person: [line for line in found.lines if line.person == total.person] for total in found.totals}
    context = {
        "team": team,
        "teams": actor.teams_where(Action.SEE),
        "schedules": Schedule.objects.filter(team=team),
        "found": found,
        "own_rules": not found.empty or rules_of(team)[1],
        "rows": [
            (found.people[total.person], total, [total.hours[kind] for kind in KINDS], by_person[total.person])
            for total in found.totals
        ],
        "may": actor.may(Action.MANAGE, team),
    }
    return render(request, "insights/pay.html", context)


def pay_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Every line as a file."""
    team = team_by(request.GET.get("team", ""))
    found = _pay(request, team)
    columns = (
        "person", "email", "schedule", "what", "from", "to", "quantity", "rate", "amount", "unit", "time_off_hours", "why",
    )  # fmt: skip
    rows = (
        [
            str(found.people[line.person]), found.people[line.person].email, line.schedule, line.what, line.starts_at,
            line.ends_at, line.quantity, line.rate, line.amount, found.unit, line.off, line.text,
        ]
        for line in found.lines
    )  # fmt: skip
    return sheet(f"on-call-pay-{team.slug}-{found.month}", columns, rows)


def pay_rules(request: HttpRequest) -> HttpResponseBase:
    """By which rules a team pays."""
    given = request.POST if request.method == "POST" else request.GET
    actor = actor_of(request)
    team = team_of(actor, given, Action.MANAGE)
    if team is None:
        return no_team(request, "Pay rules", "A team's managers set by which rules it pays.")
    actor.require(Action.MANAGE, team)
    rules, own = rules_of(team)
    day = usual_day(book_of(team))
    form = PayForm(
        request.POST if request.method == "POST" else None,
        initial=rules.data() | {"valid_from": None if day == EVER else day.isoformat()},
    )
    if request.method == "POST" and form.is_valid():
        said = dict(form.cleaned_data)
        valid_from, reason = said.pop("valid_from"), said.pop("reason")
        try:
            set_pay(actor, team, said, valid_from=valid_from, reason=reason)
        except WatchroomError as error:
            blame(form, error)
        else:
            messages.success(request, "Saved. What was counted before that day stays as it was.")
            return redirect(f"{reverse('pay-rules')}?team={team.slug}")
    history = [
        (row, None if row.valid_from == EVER else row.valid_from, in_words(each), state)
        for row, each, state in history_of(team)
    ]
    context = {"team": team, "form": form, "own": own, "day": None if day == EVER else day, "history": history}
    return render(request, "insights/pay_rules.html", context, status=422 if form.errors else 200)


@require_POST
def pay_stop(request: HttpRequest) -> HttpResponseBase:
    """Hours go on being counted, and nothing is paid."""
    team = team_by(request.POST.get("team", ""))
    set_pay(actor_of(request), team, None)
    messages.success(request, "Nothing is paid any more; hours go on being counted.")
    return redirect(f"{reverse('insights-pay')}?team={team.slug}")


@require_POST
def pay_withdraw(request: HttpRequest, day: str) -> HttpResponseBase:
    """Rules that have not begun are taken back."""
    team = team_by(request.POST.get("team", ""))
    try:
        begins = date.fromisoformat(day)
    except ValueError:
        raise Refused("That is not a day.", field="day", value=day, fix="Write it like 2026-05-01.") from None
    withdraw_pay(actor_of(request), team, begins)
    messages.success(request, "Taken back: the rules go on as they are.")
    return redirect(f"{reverse('pay-rules')}?team={team.slug}")
