"""The running log."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from ...kernel.errors import Refused
from ...web.middleware import actor_of
from .. import commands, queries
from ..forms import EditEntryForm, EntryForm
from ..models import LogEntry, RoleAssignment
from .room import log_entries, may_act


def log(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: the entries as a fragment (``?after=7``: those written after entry 7). POST: write one."""
    by = actor_of(request)
    incident = queries.incident_for(by, pk)
    if request.method == "POST":
        return _write(request, pk)
    entries = log_entries(incident)
    after = request.GET.get("after", "")
    if after.isdecimal():
        entries = [entry for entry in entries if entry.pk > int(after)]
    holders = list(RoleAssignment.objects.filter(incident=incident, ended_at__isnull=True))
    return render(
        request,
        "incidents/parts/entries.html",
        {
            "incident": incident,
            "entries": entries,
            "acts": may_act(by, incident, holders),
            "standings": LogEntry.Standing.choices,
        },
    )


def _write(request: HttpRequest, pk: int) -> HttpResponse:
    by = actor_of(request)
    incident = queries.incident_for(by, pk)
    form = EntryForm(request.POST)
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        raise Refused("The entry was not written.", field=field, value=request.POST.get(field, ""), fix=str(errors[0]))
    said = form.cleaned_data
    parent = queries.entry_for(by, said["parent"]) if said["parent"] else None
    entry = commands.log(
        by, incident, said["kind"], said["text"], at=said["at"], parent=parent, client_key=said["client_key"]
    )
    return redirect(f"/incidents/{pk}#entry-{entry.pk}")


def entry(request: HttpRequest, pk: int) -> HttpResponse:
    """One entry with what it said before; put it right."""
    by = actor_of(request)
    found = queries.entry_for(by, pk)
    form = EditEntryForm(request.POST or None, initial={"text": found.text, "at": found.at})
    if request.method == "POST" and form.is_valid():
        commands.edit_entry(by, found, text=form.cleaned_data["text"], at=form.cleaned_data["at"])
        return redirect(f"/incidents/{found.incident_id}#entry-{found.pk}")
    revisions = list(found.revisions.select_related("replaced_by").order_by("-id"))
    holders = list(RoleAssignment.objects.filter(incident=found.incident, ended_at__isnull=True))
    context = {
        "entry": found,
        "incident": found.incident,
        "form": form,
        "revisions": revisions,
        "edits": found.kind != LogEntry.Kind.SYSTEM and may_act(by, found.incident, holders),
    }
    return render(request, "incidents/entry.html", context, status=422 if form.errors else 200)


@require_POST
def mark(request: HttpRequest, pk: int) -> HttpResponse:
    """Pin an entry, take the pin away, or say how a hypothesis stands."""
    by = actor_of(request)
    found = queries.entry_for(by, pk)
    if "standing" in request.POST:
        commands.set_standing(by, found, request.POST["standing"])
    else:
        commands.pin(by, found, request.POST.get("pinned") == "yes")
    return redirect(f"/incidents/{found.incident_id}#entry-{found.pk}")
