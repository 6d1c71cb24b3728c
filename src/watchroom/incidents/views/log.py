"""The running log."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from ...accounts.actors import Actor
from ...kernel import clock
from ...kernel.errors import Refused
from ...kernel.numbers import whole, wholes
from ...kernel.times import instant
from ...web.middleware import actor_of
from .. import commands, queries, rules, wording
from ..forms import EditEntryForm, EntryForm
from ..models import Incident, LogEntry, RoleAssignment
from ._lines import lines
from ._room import done, may_act
from ._saying import say, words


def log(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: the newest entries as a fragment, ``?before=7``: older ones, ``?since=TIME``: what has changed since then (205:
    so much that the page had better be read anew). POST: write one, or carry out a /-command."""
    by = actor_of(request)
    incident = queries.incident_for(by, pk)
    if request.method == "POST":
        return _write(request, by, incident)
    holders = list(RoleAssignment.objects.filter(incident=incident, ended_at__isnull=True))
    now, since, more = clock.now(), _time(request.GET.get("since", "")), False
    if since is not None:
        found = queries.log_since(incident, since)
        if found is None:
            return HttpResponse(status=205)
    else:
        before = whole(request.GET.get("before", ""))
        older = None if before is None else queries.entry_for(by, before)
        found, more = queries.log_page(incident, before=older)
    answer = render(
        request,
        "incidents/parts/entries.html",
        {"lines": lines(incident, found, acts=may_act(by, incident, holders)), "since": since or older_than(request)},
    )
    answer["X-Since"], answer["X-More"], answer["Cache-Control"] = now.isoformat(), "yes" if more else "no", "no-store"
    return answer


def older_than(request: HttpRequest) -> str:
    """The entry before which one asks for."""
    return request.GET.get("before", "")


def _time(text: str) -> datetime | None:
    return instant(text.replace(" ", "+"))


def _write(request: HttpRequest, by: Actor, incident: Incident) -> HttpResponse:
    form = EntryForm(request.POST)
    if not form.is_valid():
        field, errors = next(iter(form.errors.items()))
        raise Refused("The entry was not written.", field=field, value=request.POST.get(field, ""), fix=str(errors[0]))
    said: dict[str, Any] = form.cleaned_data
    if not said["as_is"] and (found := wording.findings(said["text"])):
        return _look_first(request, incident, form, found)
    files = wholes(request.POST.getlist("attachment"))
    at = clock.now() - timedelta(seconds=said["ago"]) if said["ago"] else said["at"]
    answer = say(
        by,
        incident,
        said["text"],
        kind=said["kind"],
        at=at,
        parent=queries.entry_for(by, said["parent"]) if said["parent"] else None,
        attachments=files,
        client_key=said["client_key"],
    )
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"text": answer.text, "entry": answer.entry.pk if answer.entry else None})
    if answer.entry is None:
        messages.success(request, answer.text)
    return redirect(f"/incidents/{incident.pk}" + (f"#entry-{answer.entry.pk}" if answer.entry else ""))


def _look_first(
    request: HttpRequest, incident: Incident, form: EntryForm, found: list[rules.blameless.Finding]
) -> HttpResponse:
    """Words that blame are shown to whoever wrote them, before anybody else reads them; nothing is written yet."""
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"wording": [asdict(each) for each in found]}, status=422)
    context = {"incident": incident, "form": form, "findings": found, "attachments": request.POST.getlist("attachment")}
    return render(request, "incidents/before_sending.html", context, status=422)


def entry(request: HttpRequest, pk: int) -> HttpResponse:
    """One entry with what it said before; put it right."""
    by = actor_of(request)
    found = queries.entry_for(by, pk)
    form = EditEntryForm(request.POST or None, initial={"text": found.text, "at": found.at})
    blames: list[rules.blameless.Finding] = []
    if request.method == "POST" and form.is_valid():
        blames = [] if form.cleaned_data["as_is"] else wording.findings(form.cleaned_data["text"])
    if request.method == "POST" and form.is_valid() and not blames:
        commands.edit_entry(by, found, text=form.cleaned_data["text"], at=form.cleaned_data["at"])
        return redirect(f"/incidents/{found.incident_id}#entry-{found.pk}")
    revisions = list(found.revisions.select_related("replaced_by").order_by("-id"))
    holders = list(RoleAssignment.objects.filter(incident=found.incident, ended_at__isnull=True))
    context = {
        "entry": found,
        "incident": found.incident,
        "form": form,
        "revisions": revisions,
        "findings": blames,
        "edits": found.kind != LogEntry.Kind.SYSTEM and may_act(by, found.incident, holders),
    }
    return render(request, "incidents/entry.html", context, status=422 if form.errors or blames else 200)


@require_POST
def mark(request: HttpRequest, pk: int) -> HttpResponse:
    """Pin an entry, take the pin away, or say how a hypothesis or a question stands."""
    by = actor_of(request)
    found = queries.entry_for(by, pk)
    if "standing" in request.POST:
        commands.set_standing(by, found, request.POST["standing"])
    else:
        commands.pin(by, found, request.POST.get("pinned") == "yes")
    return done(request, f"/incidents/{found.incident_id}#entry-{found.pk}")


@require_POST
def turn(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a task of an entry, or park it."""
    by = actor_of(request)
    found = queries.entry_for(by, pk)
    if request.POST.get("into") == "parked":
        commands.park(by, found.incident, found.text[:500], entry=found)
    else:
        commands.add_task(by, found.incident, found.text[:300], entry=found, client_key=f"entry-{found.pk}")
    return done(request, f"/incidents/{found.incident_id}#entry-{found.pk}")


@require_GET
def say_words(request: HttpRequest, pk: int) -> HttpResponse:
    """What completes while one types."""
    queries.incident_for(actor_of(request), pk)
    return JsonResponse(words())
