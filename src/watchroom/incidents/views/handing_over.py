"""Handing a role over in writing, by page."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from ...accounts.models import Person
from ...accounts.queries import active_person
from ...kernel import clock
from ...kernel.errors import Refused
from ...kernel.numbers import whole
from ...web.middleware import actor_of
from .. import commands, handing_over, queries
from ..rules.handing_over import prefilled
from ._catching_up import catch_up_for


def hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    """Write a hand-off; it begins with what the log knows."""
    by = actor_of(request)
    assignment = queries.assignment_for(by, pk)
    incident = queries.incident_for(by, assignment.incident_id)  # whoever had a role once sees no private one
    error: Refused | None = None
    if request.method == "POST":
        written = {name: request.POST.get(name, "") for name in ("to", "knows", "still_open", "following")}
        who = written["to"]
        person = active_person(who)
        try:
            if person is None:
                raise Refused("Nobody was chosen.", field="to", value=who, fix="Choose who takes over.")
            parts = {name: written[name] for name in ("knows", "still_open", "following")}
            commands.offer_handoff(by, assignment, person, **parts)
        except Refused as refused:
            error = refused
        else:
            messages.success(request, f"{person} is being paged to take over. Until then the role is not theirs.")
            return redirect("incident", incident.pk)
    else:
        note = prefilled(catch_up_for(incident, clock.now(), None))
        written = {"to": "", "knows": note.knows, "still_open": note.still_open, "following": note.following}
    people = Person.objects.filter(is_active=True).exclude(pk=assignment.person_id)
    if request.GET.get("choices") != "all":  # the others are looked for as somebody types
        people = people.filter(pk=whole(written["to"]) or 0)
    context = {"assignment": assignment, "incident": incident, "written": written, "people": people, "error": error}
    return render(request, "incidents/hand_over.html", context, status=error.status if error else 200)


def handoff(request: HttpRequest, pk: int) -> HttpResponse:
    """Read a hand-off, and accept or decline it."""
    by = actor_of(request)
    found = handing_over.handoff_for(by, pk)
    incident = found.assignment.incident
    if request.method == "POST":
        accept = request.POST.get("answer") == "accept"
        commands.answer_handoff(by, found, accept=accept, why=request.POST.get("why", ""))
        name = found.assignment.get_role_display().lower()
        messages.success(request, f"You are the {name} now." if accept else "The role stays where it is.")
        seen = queries.visible_to(by).filter(pk=incident.pk).exists()
        return redirect("incident", incident.pk) if seen else redirect("home")
    mine = by.person is not None and by.person.pk == found.to_id
    return render(request, "incidents/handoff.html", {"handoff": found, "incident": incident, "mine": mine})
