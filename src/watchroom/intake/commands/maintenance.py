"""Maintenance windows: planned, moved, ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from ...accounts.actors import Actor
from ...accounts.changes import Change, change
from ...accounts.models import Team
from ...accounts.roles import Action
from ...catalog.models import Service
from ...kernel.db import locked
from ...kernel.errors import Conflict, Refused
from ..models import AlertGroup, MaintenanceWindow
from .holds import window_due
from .marking import mark
from .repeating import check_times, move_on, read_series, set_times, skip


def save_maintenance(
    by: Actor,
    window: MaintenanceWindow | None,
    *,
    team: Team,
    title: str,
    services: Sequence[Service],
    starts_at: datetime,
    ends_at: datetime,
    repeats: str = "",
    timezone: str = "",
) -> MaintenanceWindow:
    """Plan work on services, or change the plan: their alerts page nobody in between. With ``repeats`` (a rule as in
    RFC 5545) it comes again by the clocks of ``timezone``; the times are then those of the first occurrence.

    :raises Refused: no title, no services, times or a rule that are not accepted, or a service of a team for which ``by``
        does not respond (where it is not held like this already).
    :raises Conflict: somebody has ended it since it was read.
    """
    if not title.strip():
        raise Refused("A maintenance window needs a title.", field="title", value=title, fix="Say what is done.")
    if not services:
        raise Refused("It is about no service.", field="services", value=[], fix="Choose at least one.")
    if window is not None:
        by.require(Action.RESPOND, window.team)
    verb = "maintenance.changed" if window else "maintenance.created"
    with change(by, verb, window, needs=Action.RESPOND, team=team) as made:
        if window is not None:
            was_over = _is_over(window, made.at)
            window.refresh_from_db(from_queryset=locked(MaintenanceWindow.objects.all()))
            if _is_over(window, made.at) and not was_over:
                raise Conflict("This maintenance was ended meanwhile.", fix="Plan a new one.")
        series = read_series(repeats, timezone, starts_at, ends_at, made.at)
        before = set(window.services.values_list("pk", flat=True)) if window else set()
        window = window or MaintenanceWindow(author=by.person)
        window.team, window.title = team, title.strip()
        times = _times(window)
        set_times(window, series, starts_at, ends_at, made.at)
        _may_quiet(by, [each for each in services if each.pk not in before or _times(window) != times])
        window.due_at = window_due(window, made.at)
        window.save()
        window.services.set(services)
        _look_again(made, before | {service.pk for service in services})
        made.note(services=[service.slug for service in services], ends_at=ends_at.isoformat())
        if window.repeats:
            made.note(repeats=window.repeats, timezone=window.timezone)
    return window


def _may_quiet(by: Actor, services: Iterable[Service]) -> None:
    """As with silences, nobody makes the pages of a team wait for which they do not respond."""
    for service in services:
        if not by.may(Action.RESPOND, service.team_id):
            raise Refused(
                f"The service {service} belongs to {service.team}, for which you do not respond.",
                field="services",
                value=service.slug,
                fix=f"Leave it out, or ask a responder of {service.team}.",
            )


def _times(window: MaintenanceWindow) -> tuple[datetime, datetime, str, str]:
    return window.starts_at, window.ends_at, window.repeats, window.timezone


def _is_over(window: MaintenanceWindow, at: datetime) -> bool:
    return window.ends_at <= at and not window.repeats


def extend_maintenance(by: Actor, window: MaintenanceWindow, ends_at: datetime) -> MaintenanceWindow:
    """Let it end at another time. Of one that repeats only the occurrence that runs, or comes next, is changed.

    :raises Refused: the time is not accepted, or a service is of a team for which ``by`` does not respond.
    :raises Conflict: the window has ended.
    """
    with change(by, "maintenance.extended", window, needs=Action.RESPOND, team=window.team) as made:
        _may_quiet(by, window.services.select_related("team"))
        window.refresh_from_db(from_queryset=locked(MaintenanceWindow.objects.all()))
        if window.ends_at <= made.at and not move_on(window, made.at):
            raise Conflict("This maintenance has ended.", fix="Plan a new one.")
        check_times(window.starts_at, ends_at, made.at)
        window.ends_at = ends_at
        made.note(ends_at=ends_at.isoformat())
        _moved(made, window)
    return window


def skip_maintenance(by: Actor, window: MaintenanceWindow, starts_at: datetime | None = None) -> MaintenanceWindow:
    """End the occurrence that runs, or leave out the next. The one after it comes as planned. With ``starts_at`` only if
    that one is still the occurrence that began then: twice is once.

    :raises Conflict: it doesn't repeat, or no more.
    """
    with change(by, "maintenance.skipped", window, needs=Action.RESPOND, team=window.team) as made:
        window.refresh_from_db(from_queryset=locked(MaintenanceWindow.objects.all()))
        if starts_at not in (None, window.starts_at):
            return window
        skipped = window.starts_at
        skip(window, made.at)
        made.note(skipped=skipped.isoformat(), starts_at=window.starts_at.isoformat())
        _moved(made, window)
    return window


def _moved(made: Change, window: MaintenanceWindow) -> None:
    window.due_at = window_due(window, made.at)
    window.save(update_fields=["starts_at", "ends_at", "due_at"])
    _look_again(made, set(window.services.values_list("pk", flat=True)))


def end_maintenance(by: Actor, window: MaintenanceWindow) -> MaintenanceWindow:
    """End it now for good, or call it off. Doing it twice changes nothing."""
    with change(by, "maintenance.ended", window, needs=Action.RESPOND, team=window.team) as made:
        if window.ends_at > made.at or window.repeats:
            window.starts_at, window.ends_at = min(window.starts_at, made.at), made.at
            window.due_at, window.repeats = None, ""
            window.save(update_fields=["starts_at", "ends_at", "due_at", "repeats"])
            _look_again(made, set(window.services.values_list("pk", flat=True)))
    return window


def _look_again(made: Change, services: set[int]) -> None:
    """Have what is open of these services looked at once more: the window may hold it, or no longer."""
    mark(AlertGroup.objects.filter(service__in=services, resolved_at__isnull=True).values_list("pk", flat=True))
    made.touch("silences", "alert-groups")
    made.due()
