"""Evidence on the page of an alert group or an incident. The page never waits: each item is a request of its own,
which answers at once and comes again until there is something to show."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from ...accounts.actors import Actor
from ...accounts.roles import Action
from ...incidents.commands._shared import needed
from ...incidents.models import Incident
from ...incidents.queries import incident_for, open_incident_of
from ...intake.models import AlertGroup
from ...intake.queries import groups_visible_to
from ...kernel.errors import NotFound, WatchroomError
from ...kernel.numbers import whole
from ...web.middleware import actor_of
from .. import commands, items, pictures, queries
from ..asking import Answered, desk
from ..items import Item, View

MOST_POLLS = 30
DRAWN = 6  # so many of what is kept are drawn in the list, where nothing is asked for
EAGER = 6  # so many items are asked for at once; the others when one scrolls to them
_PATIENT_SECONDS = 10.0


def view_of(by: Actor, about: str, pk: int) -> View:
    """What there is to see. :raises NotFound: there is no such subject, or ``by`` may not see it."""
    if about == "incidents":
        return items.of_incident(by, incident_for(by, pk))
    group = groups_visible_to(by).filter(pk=pk).select_related("service", "team").first()
    if group is None:
        raise NotFound(f"There is no alert group {pk}.", field="id", value=pk, fix="See the list of alerts.")
    return items.of_group(by, group)


def may_keep(by: Actor, subject: Incident | AlertGroup) -> bool:
    """Whether ``by`` may keep what they see with ``subject``."""
    if isinstance(subject, Incident):
        return by.may(needed(by, subject), subject.team)
    return by.may(Action.RESPOND, subject.team)


def place_for(by: Actor, subject: Incident | AlertGroup) -> Incident | AlertGroup:
    """Where to keep what is seen at an alert group: with its open incident, where there is one."""
    if isinstance(subject, AlertGroup):
        return open_incident_of(by, [subject]) or subject
    return subject


@require_GET
def section(request: HttpRequest, about: str, pk: int) -> HttpResponse:
    """The list of what there is, and the changes, which we know ourselves."""
    by = actor_of(request)
    view = view_of(by, about, pk)
    kept = queries.snapshots_visible_to(by).defer("data")
    if isinstance(view.subject, Incident):
        kept = kept.filter(incident=view.subject) | kept.filter(group__in=view.subject.alert_groups.all())
    else:
        kept = kept.filter(group=view.subject)
    rows = list(kept.order_by("id")[:100])
    drawn = 0 if view.items else DRAWN
    context = {
        "about": about,
        "view": view,
        "subject": view.subject,
        "items": [(each, place < EAGER) for place, each in enumerate(view.items)],
        "drawn": rows[:drawn],
        "kept": rows[drawn:],
        "service": view.services[0] if view.services else None,
        "may_manage": bool(view.services) and by.may(Action.MANAGE, view.services[0].team),
        "has_connections": bool(view.items) or queries.connections_visible_to(by).exists(),
        "back": f"/{'incidents' if about == 'incidents' else 'alerts'}/{pk}",
    }
    return render(request, f"evidence/{'list' if request.headers.get('HX-Request') else 'page'}.html", context)


@require_GET
def item(request: HttpRequest, about: str, pk: int, key: str) -> HttpResponse:
    """One item: its picture, or that it is still being asked for, or why there is none."""
    by = actor_of(request)
    view = view_of(by, about, pk)
    found = view.item(key)
    live = bool(request.headers.get("HX-Request"))
    number = min(whole(request.GET.get("n", ""), 5) or 0, 1000)
    answer = _ask(found, view, again=bool(request.GET.get("again")), patient=not live)
    if answer is None and (number >= MOST_POLLS or not live):
        answer = Answered(None, "It did not answer in time.", 0.0)
    context = {
        "about": about,
        "pk": pk,
        "item": found,
        "view": view,
        "answer": answer,
        "next": number + 1,
        "data": answer.data if answer else None,
        "shown": pictures.shown(found.kind, answer.data) if answer and answer.data is not None else {},
        "seen": items.key_of(found, view),
        "may_keep": may_keep(by, view.subject),
        "back": reverse("evidence", args=[about, pk]),
    }
    return render(request, f"evidence/{'item' if live else 'item_page'}.html", context)


def _ask(found: Item, view: View, *, again: bool = False, patient: bool = False) -> Answered | None:
    answer = desk.ask(
        items.key_of(found, view),
        found.connection.pk,
        items.question_of(found, view),
        about=items.about(found, view),
        again=again,
        **({"wait_seconds": _PATIENT_SECONDS} if patient else {}),
    )
    if answer is not None:
        commands.note_outcome(found.connection.pk, answer.error if answer.everything else "")
    return answer


@require_POST
def keep(request: HttpRequest, about: str, pk: int, key: str) -> HttpResponse:
    """Keep what was seen: the very answer that was shown where it is still known, else a new one."""
    by = actor_of(request)
    view = view_of(by, about, pk)
    found = view.item(key)
    trace_id, seen = request.POST.get("trace", "")[:200], request.POST.get("seen", "")[:64]
    kind, title = found.kind, found.title
    answer: Answered | None
    if trace_id:
        _must_be_a_trace(found, trace_id)
        kind, title, seen = (
            "trace",
            f"Trace {trace_id[:40]} ({found.title})",
            items.trace_key(found.connection, trace_id),
        )
        answer = desk.ask(
            seen,
            found.connection.pk,
            items.trace_question(found.connection, trace_id),
            wait_seconds=_PATIENT_SECONDS,
        )
    else:
        answer = desk.remembered(seen, items.about(found, view)) if seen else None
        if answer is None:
            seen = items.key_of(found, view)
            answer = _ask(found, view, patient=True)
    if answer is None or answer.data is None:
        raise WatchroomError(answer.error if answer else "It did not answer in time.", fix="Try again.")
    kept = commands.keep(
        by,
        place_for(by, view.subject),
        kind=kind,
        title=title,
        data=answer.data,
        query=found.expression,
        source=found.connection.name,
        link=str(answer.data.get("link") or ""),
        client_key=seen,
    )
    if request.headers.get("HX-Request"):
        return render(request, "evidence/kept.html", {"kept": kept})
    messages.success(request, "Kept.")
    return redirect("snapshot", kept.pk)


def _must_be_a_trace(found: Item, trace_id: str) -> None:
    """:raises NotFound: the item has no traces, or that is no id of one."""
    if found.kind != "traces" or not pictures.TRACE_ID.fullmatch(trace_id):
        raise NotFound("There is no such trace.", field="trace", value=trace_id[:40])


@require_GET
def trace(request: HttpRequest, about: str, pk: int, key: str, trace_id: str) -> HttpResponse:
    """One trace as a waterfall."""
    by = actor_of(request)
    view = view_of(by, about, pk)
    found = view.item(key)
    _must_be_a_trace(found, trace_id)
    live = bool(request.headers.get("HX-Request"))
    number = min(whole(request.GET.get("n", ""), 5) or 0, 1000)
    answer = desk.ask(
        items.trace_key(found.connection, trace_id),
        found.connection.pk,
        items.trace_question(found.connection, trace_id),
        again=bool(request.GET.get("again")),
        wait_seconds=0.25 if live else _PATIENT_SECONDS,
    )
    if answer is None and (number >= MOST_POLLS or not live):
        answer = Answered(None, "It did not answer in time.", 0.0)
    context = {
        "about": about,
        "pk": pk,
        "item": found,
        "view": view,
        "trace_id": trace_id,
        "answer": answer,
        "next": number + 1,
        "data": answer.data if answer else None,
        "shown": pictures.shown("trace", answer.data) if answer and answer.data is not None else {},
        "may_keep": may_keep(by, view.subject),
        "back": reverse("evidence", args=[about, pk]),
    }
    return render(request, f"evidence/{'trace' if live else 'trace_page'}.html", context)
