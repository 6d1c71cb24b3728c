"""Scheduling maintenance that strangers are told of."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from ...accounts.forms import blame
from ...accounts.roles import Action
from ...intake.forms import AGAIN, rule_from
from ...intake.rules.repeats import DAYS, Series
from ...kernel import clock
from ...kernel.errors import Conflict, Refused
from ...kernel.local_time import LocalDay, LocalTime
from ...oncall.rules.zones import to_local
from ...web.middleware import actor_of
from .. import commands
from ..models import Component
from ..queries import maintenance_by, page_by


class MaintenanceForm(forms.Form):
    """What is planned."""

    title = forms.CharField(label="What is done", max_length=200, help_text="In the words of your customers.")
    starts_at = LocalTime("Begins", "In your time zone.")
    ends_at = LocalTime("Ends", "In your time zone.")
    components = forms.MultipleChoiceField(label="Components", required=False, widget=forms.CheckboxSelectMultiple)
    text = forms.CharField(
        label="What readers should know",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Subscribers are told at once, when it begins and when it ends.",
    )
    hold_alerts = forms.BooleanField(label="Alerts of these components' services page nobody meanwhile", required=False)
    again = forms.ChoiceField(
        label="Repeats",
        required=False,
        choices=[*(AGAIN | {"week": "Every week on the same day"}).items()],
        help_text="Each time is shown as soon as the one before it is over; subscribers are told when it begins and ends.",
    )
    rule = forms.CharField(
        label="Rule of your own",
        required=False,
        max_length=300,
        widget=forms.TextInput(attrs={"class": "mono", "placeholder": "FREQ=WEEKLY;BYDAY=TU,TH"}),
        help_text="As in RFC 5545, of FREQ, INTERVAL, BYDAY, BYMONTHDAY, BYMONTH and UNTIL. Only with the choice above.",
    )
    until = LocalDay(label="Last day", required=False, help_text="Empty: for good.")

    def __init__(
        self, *args: Any, components: Iterable[Component], others: Collection[str] = (), zone: str = "", **kwargs: Any
    ) -> None:
        """``others``: the teams of these components for which whoever fills it in does not respond. ``zone``: by whose clocks
        the times are, if not by those of whoever fills it in."""
        super().__init__(*args, **kwargs)
        for name in ("starts_at", "ends_at") if zone else ():
            self.fields[name].help_text = f"By the clocks of {zone}."
        rows = [(str(each.pk), each.name) for each in components]
        self.fields["components"].choices = rows  # type: ignore[attr-defined]
        if others:
            why = f"Not those of {', '.join(others)}, for which you do not respond: ask somebody there to hold them."
            self.fields["hold_alerts"].help_text = why


def edit(request: HttpRequest, slug: str, pk: int | None = None) -> HttpResponse:
    """Announce a maintenance, or change one."""
    actor = actor_of(request)
    page = page_by(actor, slug)
    row = maintenance_by(actor, slug, pk) if pk else None
    series = row.series if row is not None else None
    components = list(page.components.select_related("service__team"))
    teams = {each.service.team for each in components if each.service is not None}
    others = sorted(str(team) for team in teams if not actor.may(Action.RESPOND, team))
    if row is not None:
        chosen = [str(each) for each in row.components.values_list("pk", flat=True)]
        initial = {"title": row.title, "starts_at": row.starts_at, "ends_at": row.ends_at}
        if series is not None:
            initial |= {name: to_local(at, series.zone) for name, at in _first(series).items()}
            initial |= {"again": "own", "rule": row.repeats}
        initial |= {"components": chosen, "hold_alerts": row.window_id is not None}
    else:
        tomorrow = (clock.now() + timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
        initial = {"starts_at": tomorrow, "ends_at": tomorrow + timedelta(hours=1)}
        initial |= {"hold_alerts": bool(teams) and not others}
    zone = series.zone.key if series else ""
    form = MaintenanceForm(request.POST or None, components=components, others=others, zone=zone, initial=initial)
    status = 422
    with timezone.override(zone or timezone.get_current_timezone()):  # whoever changes it, it keeps its own clocks
        if request.method == "POST" and form.is_valid():
            said = form.cleaned_data | {"components": [int(each) for each in form.cleaned_data["components"]]}
            try:
                commands.schedule(actor, page, row, **_with_rule(said, series))
            except (Refused, Conflict) as refused:
                blame(form, refused)
                status = refused.status
            else:
                messages.success(request, "Readers can see it now.")
                return redirect("status-page", slug)
    context = {"page": page, "row": row, "form": form}
    return render(request, "status/maintenance.html", context, status=status if form.errors else 200)


def _first(series: Series) -> dict[str, datetime]:
    """The first occurrence, from which the rule counts."""
    return {"starts_at": series.starts_at, "ends_at": series.ends_at}


def _with_rule(said: dict[str, Any], before: Series | None) -> dict[str, Any]:
    """What was filled in, with how it repeats as one rule, by the clocks of the zone that is active. Times of what
    repeated ``before`` that were left alone stay as they are, to the second."""
    for name, at in _first(before).items() if before else ():
        if said[name] == at.replace(second=0, microsecond=0):
            said[name] = at
    again = said.pop("again")
    given = {"rule": said.pop("rule"), "until": said.pop("until") or "", "interval": "1"}
    if not again:
        return said
    local = timezone.localtime(said["starts_at"])
    rule = rule_from(given, again, [DAYS[local.weekday()]] if again == "week" else [], local)
    return said | {"repeats": rule, "timezone": timezone.get_current_timezone_name()}


@require_POST
def note(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Say how it goes."""
    actor = actor_of(request)
    commands.add_note(actor, maintenance_by(actor, slug, pk), request.POST.get("text", ""))
    messages.success(request, "Said.")
    return redirect("status-maintenance", slug, pk)


@require_POST
def end(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """It is done, or called off."""
    actor = actor_of(request)
    for_good = request.POST.get("for_good") == "yes"
    row = commands.end(actor, maintenance_by(actor, slug, pk), request.POST.get("text", ""), for_good=for_good)
    messages.success(request, f"{row}: {row.get_stage_display().lower()}.")
    return redirect("status-page", slug)
