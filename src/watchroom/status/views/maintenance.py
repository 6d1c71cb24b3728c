"""Scheduling maintenance that strangers are told of."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...kernel import clock
from ...kernel.errors import Conflict, Refused, WatchroomError
from ...web.middleware import actor_of
from .. import commands
from ..models import StatusPage
from ..queries import maintenance_by, page_by


def _at(label: str) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, help_text="In your time zone.", widget=widget)


class MaintenanceForm(forms.Form):
    """What is planned."""

    title = forms.CharField(label="What is done", max_length=200, help_text="In the words of your customers.")
    starts_at = _at("Begins")
    ends_at = _at("Ends")
    components = forms.MultipleChoiceField(label="Components", required=False, widget=forms.CheckboxSelectMultiple)
    text = forms.CharField(
        label="What readers should know",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Subscribers are told at once, when it begins and when it ends.",
    )
    hold_alerts = forms.BooleanField(label="Alerts of these components' services page nobody meanwhile", required=False)

    def __init__(self, *args: Any, page: StatusPage, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = [(str(each.pk), each.name) for each in page.components.all()]
        self.fields["components"].choices = rows  # type: ignore[attr-defined]


def edit(request: HttpRequest, slug: str, pk: int | None = None) -> HttpResponse:
    """Announce a maintenance, or change one."""
    actor = actor_of(request)
    page = page_by(actor, slug)
    row = maintenance_by(actor, slug, pk) if pk else None
    if row is not None:
        chosen = [str(each) for each in row.components.values_list("pk", flat=True)]
        names = ("title", "starts_at", "ends_at")
        initial = {name: getattr(row, name) for name in names}
        initial |= {"components": chosen, "hold_alerts": row.window_id is not None}
    else:
        tomorrow = (clock.now() + timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
        initial = {"starts_at": tomorrow, "ends_at": tomorrow + timedelta(hours=1), "hold_alerts": True}
    form = MaintenanceForm(request.POST or None, page=page, initial=initial)
    error: WatchroomError | None = None
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data | {"components": [int(each) for each in form.cleaned_data["components"]]}
        try:
            commands.schedule(actor, page, row, **said)
        except (Refused, Conflict) as refused:
            error = refused
        else:
            messages.success(request, "Readers can see it now.")
            return redirect("status-page", slug)
    context = {"page": page, "row": row, "form": form, "error": error}
    code = error.status if error else 422 if form.is_bound and form.errors else 200
    return render(request, "status/maintenance.html", context, status=code)


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
    row = commands.end(actor, maintenance_by(actor, slug, pk), request.POST.get("text", ""))
    messages.success(request, f"{row}: {row.get_stage_display().lower()}.")
    return redirect("status-page", slug)
