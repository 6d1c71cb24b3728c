"""Tasks, the parking lot, and the investigation board."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET, require_POST

from ...accounts.actors import Actor
from ...accounts.models import Person
from ...accounts.queries import active_person
from ...actions import commands as actions
from ...kernel import clock
from ...kernel.errors import Refused
from ...web.middleware import actor_of
from .. import commands, queries
from ..models import RoleAssignment
from ._room import board_of, done, may_act
from ._saying import people_first


def _person(by: Actor, chosen: str) -> Person | None:
    if chosen == "me":
        return by.person
    return active_person(chosen)


@require_POST
def tasks(request: HttpRequest, pk: int) -> HttpResponse:
    """Add a task; ``@ada`` at its beginning gives it to her."""
    by = actor_of(request)
    incident = queries.incident_for(by, pk)
    people, text = people_first(request.POST.get("text", ""))
    commands.add_task(
        by, incident, text, assignee=people[0] if people else None, client_key=request.POST.get("client_key", "")
    )
    return done(request, f"/incidents/{pk}#tasks")


@require_POST
def task(request: HttpRequest, pk: int) -> HttpResponse:
    """Say how far a task is, take it, or give it away."""
    by = actor_of(request)
    found = queries.task_for(by, pk)
    who = request.POST.get("person", "")
    commands.change_task(
        by, found, state=request.POST.get("state") or None, assignee=_person(by, who), nobody=who == "nobody"
    )
    return done(request, f"/incidents/{found.incident_id}#task-{pk}")


@require_POST
def parking(request: HttpRequest, pk: int) -> HttpResponse:
    """Park something."""
    by = actor_of(request)
    commands.park(
        by, queries.incident_for(by, pk), request.POST.get("text", ""), client_key=request.POST.get("client_key", "")
    )
    return done(request, f"/incidents/{pk}#parking")


@require_POST
def parked(request: HttpRequest, pk: int) -> HttpResponse:
    """Make an action item of what was parked, or drop it."""
    by = actor_of(request)
    item = queries.parked_for(by, pk)
    if request.POST.get("do") == "drop":
        commands.leave_parking(by, item)
        return done(request, f"/incidents/{item.incident_id}#parking")
    owner = _person(by, request.POST.get("owner", "me"))
    if owner is None:
        raise Refused("Nobody was chosen.", field="owner", value=request.POST.get("owner"), fix="Choose somebody.")
    due = parse_date(request.POST.get("due_on", "")) or (timezone.localtime(clock.now()) + timedelta(days=14)).date()
    with transaction.atomic():
        action = actions.create(
            by,
            incident=item.incident,
            title=request.POST.get("title", "") or item.text[:200],
            owner=owner,
            due_on=due,
            description=f"Parked during the incident: {item.text}",
        )
        commands.leave_parking(by, item, became=f"/actions/{action.pk}")
    messages.success(request, f"{owner} has it as an action item, due {due:%Y-%m-%d}.")
    return redirect(f"/incidents/{item.incident_id}#parking")


@require_GET
def board(request: HttpRequest, pk: int) -> HttpResponse:
    """The hypotheses in columns, with what was done and found under each; a fragment for the room."""
    by = actor_of(request)
    incident = queries.incident_for(by, pk)
    holders = list(RoleAssignment.objects.filter(incident=incident, ended_at__isnull=True))
    context = {
        "incident": incident,
        "columns": board_of(queries.ideas_of(incident)),
        "acts": may_act(by, incident, holders),
        "new_key": uuid.uuid4().hex,
        "whole": not request.headers.get("HX-Request"),
    }
    part = "parts/board" if request.headers.get("HX-Request") else "board"
    return render(request, f"incidents/{part}.html", context)
