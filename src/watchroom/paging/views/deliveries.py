"""What was sent to whom, what came of it, and the page that waits in an open tab."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from ...accounts.models import Person
from ...api.pages import page
from ...kernel import clock
from ...kernel.errors import Refused
from ...kernel.local_time import LocalTime
from ...kernel.numbers import whole
from ...kernel.plugins import all_of
from ...oncall.commands import people_spoken_for
from ...web.answers import answer
from ...web.middleware import actor_of, page_before
from ...web.sheets import sheet
from .. import commands
from ..models import Notification
from ..queries import delivery_log, pending_page_of
from ..silence import why_quiet
from .respond import VERBS


class WhyForm(forms.Form):
    """A time, as the reader's clock shows it."""

    start = LocalTime("From")
    end = LocalTime("Until")


class TimesForm(forms.Form):
    """When messages of the log were made; either may be left out."""

    start = LocalTime("From", required=False)
    end = LocalTime("Until", required=False)


_FILTERS = ("state", "channel", "who", "person", "q", "escalation", "start", "end")
FILE_LIMIT = 50_000  # notifications; a longer log is asked for in parts


def _filtered(request: HttpRequest) -> QuerySet[Notification]:
    """What the address asks for, of what may be seen."""
    actor, given = actor_of(request), request.GET
    mine = actor.person.pk if given.get("who") == "me" and actor.person else None
    times = TimesForm(given)
    times.is_valid()  # what can't be read is said beside its field, and filters nothing
    return delivery_log(
        actor,
        state=given.get("state", ""),
        channel=given.get("channel", ""),
        person=mine or whole(given.get("person", "")),
        escalation=whole(given.get("escalation", "")),
        text=given.get("q", ""),
        start=times.cleaned_data.get("start"),
        end=times.cleaned_data.get("end"),
    )


def index(request: HttpRequest) -> HttpResponse:
    """The delivery log: why did my phone (not) ring?"""
    found, older = page(_filtered(request), cursor=request.GET.get("after"))
    context = {
        "notifications": found,
        "older": older,
        "states": Notification.State.choices,
        "channels": all_of("watchroom.channels").values(),
        "people": Person.objects.filter(is_active=True),
        "person": whole(request.GET.get("person", "")) or 0,
        "times": TimesForm(request.GET),
        "filtered": any(request.GET.get(name) for name in _FILTERS),
    }
    return render(request, "paging/notifications.html", context)


def why(request: HttpRequest) -> HttpResponse:
    """Why did my phone not ring? About oneself, or somebody whom one may ask about."""
    actor, given = actor_of(request), request.GET
    whose = whole(given.get("person", ""))
    person = get_object_or_404(Person, pk=whose) if whose else actor.person
    now, error, reasons = clock.now(), None, []
    form = WhyForm(given if "start" in given else None)
    start, end = now - timedelta(days=1), now
    if form.is_bound and form.is_valid():
        start, end = form.cleaned_data["start"], form.cleaned_data["end"]
    if person is not None:
        try:
            reasons = why_quiet(actor, person, start, end)
        except Refused as refused:
            error = refused
    people = people_spoken_for(actor)
    context = {
        "person": person,
        "people": people if people[1:2] else [],
        "error": error,
        "start": timezone.localtime(start),
        "end": timezone.localtime(end),
        "always": [each for each in reasons if each.at is None],
        "happened": [each for each in reasons if each.at is not None],
    }
    return render(request, "paging/why.html", context, status=422 if error else 200)


def as_file(request: HttpRequest) -> StreamingHttpResponse:
    """The same as a file, the newest first: a line for each attempt, with the provider's id and how long it took."""
    columns = (
        "notification", "person", "method", "purpose", "subject", "state", "created_at", "seen_at", "attempt",
        "started_at", "seconds", "outcome", "provider_id", "error", "note",
    )  # fmt: skip

    found = _filtered(request)  # now: what is refused within a stream would be the end of a file

    def lines() -> Iterator[list[object]]:
        for row in found.order_by("-id")[:FILE_LIMIT].iterator(chunk_size=500):
            about = [row.pk, str(row.person), row.method_text, row.purpose, row.subject, row.state, row.created_at]
            attempts = list(row.attempts.all())
            for each in attempts:
                tried = [each.number, each.started_at, each.seconds, each.outcome, each.provider_id, each.error]
                yield [*about, row.seen_at, *tried, row.note]
            if not attempts:
                yield [*about, row.seen_at, *[None] * 6, row.note]

    return sheet("delivery-log", columns, lines())


@never_cache
def pending_page(request: HttpRequest) -> HttpResponse:
    """The fragment that an open tab shows above everything; nothing when nobody waits for an answer."""
    person = getattr(request.user, "pk", None)
    waiting = pending_page_of(request.user) if person else None  # type: ignore[arg-type]
    if waiting is None:
        return HttpResponse(status=204)
    context = {
        "notification": waiting,
        "verb": VERBS[waiting.escalation.kind] if waiting.escalation else "I got it",
        # The script says so once the dialog is open. A test waits for the person's own word.
        "marks_seen": waiting.seen_at is None and waiting.purpose != Notification.Purpose.TEST,
    }
    return render(request, "paging/pending_page.html", context)


@require_POST
def seen(request: HttpRequest, pk: int) -> HttpResponse:
    """It is on the person's screen now."""
    actor = actor_of(request)
    commands.mark_seen(actor, get_object_or_404(Notification, pk=pk, person=actor.person))
    return HttpResponse(status=204)


@require_POST
def answer_pending(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer it from the open tab."""
    actor = actor_of(request)
    row = get_object_or_404(Notification.objects.select_related("escalation"), pk=pk, person=actor.person)
    commands.mark_seen(actor, row)
    if row.escalation is not None:
        answer(actor, row.escalation)
    before = page_before(request)
    # Whoever is being led through the first steps is led on: their page says by itself what came of it.
    stays = row.escalation is None or before.startswith("/welcome")
    return redirect(before if before and stays else row.path)
