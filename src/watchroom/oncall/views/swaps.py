"""Offers of shifts, and the two taps: take my shift, cover me for an hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from ...accounts.actors import Actor
from ...accounts.queries import person_by
from ...accounts.roles import Action
from ...kernel.errors import Refused
from ...kernel.finding import one
from ...kernel.numbers import whole
from ...kernel.times import within_reach
from ...web.middleware import actor_of
from .. import commands, queries
from ..models import Swap
from . import telling


def back(request: HttpRequest, fallback: str = "on-call-mine", *args: str) -> HttpResponseBase:
    """To the page that the form stood on, if it is one of ours."""
    target = request.POST.get("back", "")
    if target.startswith("/") and url_has_allowed_host_and_scheme(target, None):
        return redirect(target)
    return redirect(fallback, *args)


def instant(request: HttpRequest, name: str) -> datetime:
    """A posted instant (RFC 3339).

    :raises Refused: it is none.
    """
    try:
        value = within_reach(datetime.fromisoformat(request.POST.get(name, "")))
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    except ValueError:
        raise Refused(
            "That is not a time.", field=name, value=request.POST.get(name), fix="Go back and choose it again."
        ) from None


def _swap(by: Actor, pk: int) -> Swap:
    by.require(Action.SEE)
    return one(Swap.objects.select_related("schedule__team", "offered_by"), "swap", pk=pk)


@require_POST
def swap_offer(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Ask to be covered for one of one's own shifts."""
    by = actor_of(request)
    row = queries.schedule_by(by, slug)
    swap = telling.offer(
        by,
        row,
        starts_at=instant(request, "starts_at"),
        ends_at=instant(request, "ends_at"),
        reason=request.POST.get("reason", ""),
    )
    messages.success(request, f"{swap.offered_to.count()} people are asked. Until somebody takes it, it is yours.")
    return back(request)


@require_POST
def swap_take(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Take what is offered."""
    by = actor_of(request)
    swap = _swap(by, pk)
    telling.take(by, swap)
    messages.success(request, f"The shift is yours. {swap.offered_by} is told.")
    return back(request)


@require_POST
def swap_decline(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Not me."""
    by = actor_of(request)
    telling.decline(by, _swap(by, pk))
    messages.success(request, "Declined. The others still may take it.")
    return back(request)


@require_POST
def swap_withdraw(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Not needed any more."""
    by = actor_of(request)
    commands.withdraw_swap(by, _swap(by, pk))
    messages.success(request, "The offer is withdrawn; the shift stays yours.")
    return back(request)


@require_POST
def shift_take(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Take over somebody's shift."""
    by = actor_of(request)
    telling.take_over(
        by,
        queries.schedule_by(by, slug),
        starts_at=instant(request, "starts_at"),
        ends_at=instant(request, "ends_at"),
        person=person_by(request.POST.get("person", "")),
    )
    messages.success(request, "The shift is yours.")
    return back(request, "schedule", slug)


@require_POST
def cover(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Somebody covers for the reader: for an hour, as many as are said, or (``all``) the rest of the shift."""
    by = actor_of(request)
    written = request.POST.get("hours", "1")
    hours = whole(written, 2)
    if written != "all" and (hours is None or not 1 <= hours <= 24):
        raise Refused(
            "That many hours are not accepted.", field="hours", value=written[:40], fix="Use 1 to 24, or all."
        )
    person = person_by(request.POST.get("person", ""))
    length = None if hours is None else timedelta(hours=hours)
    made = telling.cover(by, queries.schedule_by(by, slug), person=person, length=length)
    messages.success(
        request, f"{person} covers for you until {timezone.localtime(made.ends_at):%a %H:%M}, and is told."
    )
    return back(request, "schedule", slug)
