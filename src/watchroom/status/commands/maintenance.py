"""Scheduled maintenance: announced, begun and ended at its times, called off."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from ...accounts.actors import SYSTEM, Actor
from ...accounts.changes import change
from ...accounts.roles import Action
from ...catalog.models import Service
from ...intake.commands import end_maintenance, save_maintenance
from ...intake.commands.repeating import move_on, read_series, set_times
from ...intake.models import MaintenanceWindow
from ...kernel import clock
from ...kernel.checks import aware
from ...kernel.db import claimable, locked
from ...kernel.errors import Conflict, Refused
from ..models import Component, ComponentSpan, ComponentState, Maintenance, MaintenanceNote, StatusPage
from ._shared import checked_text, moved
from .spans import set_spans

Stage = Maintenance.Stage
LONGEST = timedelta(days=60)
_AGAIN_AFTER = timedelta(minutes=1)  # what could not be turned

log = logging.getLogger(__name__)


def schedule(
    by: Actor,
    page: StatusPage,
    maintenance: Maintenance | None = None,
    *,
    title: str,
    starts_at: datetime,
    ends_at: datetime,
    components: Sequence[int | str] = (),
    text: str = "",
    hold_alerts: bool = False,
    repeats: str = "",
    timezone: str = "",
) -> Maintenance:
    """Announce planned work, or change what was announced. ``components`` by id or name. With ``hold_alerts`` the alerts
    of their services page nobody meanwhile (a maintenance window of the page's team, changed and ended along). With
    ``repeats`` (a rule as in RFC 5545) it comes again and again, from ``starts_at`` to ``ends_at`` by the clocks of
    ``timezone``: readers see the next occurrence as soon as one is over, and subscribers are told when each begins and ends.

    :raises Refused: title, times, rule or components are not accepted, it is under way and would begin later, or alerts of a
        team would be held for which ``by`` does not respond.
    :raises Conflict: it is over.
    """
    title = checked_text(title, field="title", most=200, fix="Say in customers' words what is done.", what="The title")
    chosen = _components(page, components)
    with change(
        by,
        "status_maintenance.changed" if maintenance else "status_maintenance.scheduled",
        maintenance,
        needs=Action.RESPOND,
        team=page.team,
    ) as made:
        if maintenance is not None:
            _read_again(maintenance)
            if maintenance.is_over:
                raise Conflict("This maintenance is over.", field="id", value=maintenance.pk, fix="Schedule a new one.")
        row = maintenance or Maintenance(page=page, starts_at=starts_at, ends_at=ends_at)
        _check_times(starts_at, ends_at, made.at, again=bool(repeats.strip()))
        series = read_series(repeats, timezone or page.timezone, starts_at, ends_at, made.at)
        made.subject = row
        row.title = title
        set_times(row, series, starts_at, ends_at, made.at)
        if row.stage == Stage.IN_PROGRESS and row.starts_at > made.at:
            raise Refused(
                "It is under way, and would begin only then.",
                field="starts_at",
                value=row.starts_at.isoformat(),
                fix="End this occurrence first, then change the next one or schedule a new one.",
            )
        row.due_at = row.ends_at if row.stage == Stage.IN_PROGRESS else row.starts_at
        row.window = _window(by, row, chosen, hold_alerts)
        row.save()
        row.components.set(chosen)
        if row.stage == Stage.IN_PROGRESS:
            _lay_over(row, made.at)
        if maintenance is None or text.strip():
            _note(row, made.at, text, by)
        made.note(page=page.slug, starts_at=row.starts_at.isoformat(), ends_at=row.ends_at.isoformat())
        if row.repeats:
            made.note(repeats=row.repeats, timezone=row.timezone)
        moved(made, page)
    return row


def add_note(by: Actor, maintenance: Maintenance, text: str) -> MaintenanceNote:
    """Say how it goes.

    :raises Refused: nothing is said.
    """
    if not text.strip():
        raise Refused("The note is empty.", field="text", value="", fix="Write something.")
    with change(by, "status_maintenance.noted", maintenance, needs=Action.RESPOND, team=maintenance.page.team) as made:
        note = _note(maintenance, made.at, text, by)
        moved(made, maintenance.page)
    return note


def end(by: Actor, maintenance: Maintenance, text: str = "", *, for_good: bool = False) -> Maintenance:
    """It is done sooner than planned; before its beginning it is called off. Of what repeats only this occurrence, or with
    ``for_good`` all that would follow, too. Doing it twice changes nothing."""
    with change(by, "status_maintenance.ended", maintenance, needs=Action.RESPOND, team=maintenance.page.team) as made:
        _read_again(maintenance)
        if not maintenance.is_over:
            if for_good:
                maintenance.repeats = ""
            _finish(maintenance, made.at, text, by)
            if maintenance.window is not None:
                end_maintenance(SYSTEM, maintenance.window)
            moved(made, maintenance.page)
    return maintenance


def turn_over(most: int) -> int:
    """Begin and end what is due. Returns how many were."""
    handled = 0
    while handled < most and _turn_one():
        handled += 1
    return handled


def _turn_one() -> bool:
    with transaction.atomic():
        due = Maintenance.objects.filter(due_at__lte=clock.now()).order_by("due_at", "id")
        row = claimable(due.select_related("page__team")).first()
        if row is None:
            return False
        try:
            _turn(row)
        except Exception:  # undone by itself: whatever is wrong with it must not keep all others from their turn
            log.exception("A maintenance could not be begun or ended: %s", row.pk)
            Maintenance.objects.filter(pk=row.pk).update(due_at=clock.now() + _AGAIN_AFTER)
    return True


def _turn(row: Maintenance) -> None:
    with change(SYSTEM, "status_maintenance.turned", row, needs=Action.RESPOND, team=row.page.team) as made:
        if row.stage == Stage.SCHEDULED:
            row.stage, row.begun_at, row.due_at = Stage.IN_PROGRESS, row.starts_at, row.ends_at
            row.save(update_fields=["stage", "begun_at", "due_at"])
            _lay_over(row, row.starts_at)
            _note(row, row.starts_at, "", SYSTEM)
        else:
            _finish(row, row.ends_at, "", SYSTEM)
        moved(made, row.page)


def _read_again(row: Maintenance) -> None:
    """As it is by now, locked: somebody else, or the engine, may have turned it since it was read."""
    row.refresh_from_db(from_queryset=locked(Maintenance.objects.all()))


def _finish(row: Maintenance, at: datetime, text: str, by: Actor) -> None:
    row.stage = Stage.COMPLETED if row.stage == Stage.IN_PROGRESS else Stage.CANCELLED
    row.ended_at, row.due_at = at, None
    following = _following(row)
    row.repeats = ""
    row.save(update_fields=["stage", "ended_at", "due_at", "repeats"])
    set_spans({}, ComponentSpan.Cause.MAINTENANCE, at, subject=row.pk, others_end=True)
    _note(row, at, text, by)
    if following is not None:
        following.due_at = following.starts_at
        chosen = list(row.components.select_related("service"))
        hold = row.window is not None and any(each.service_id for each in chosen)  # they may have lost their services
        following.window = _window(SYSTEM, following, chosen, hold)
        following.save()
        following.components.set(chosen)
        MaintenanceNote.objects.create(maintenance=following, stage=following.stage, at=clock.now(), person=None)


def _following(row: Maintenance) -> Maintenance | None:
    """The next occurrence. Nobody is told of it: how it repeats was said when it was announced."""
    again = Maintenance(page=row.page, title=row.title)
    for field in ("starts_at", "ends_at", "repeats", "timezone", "first_at", "first_end_at"):
        setattr(again, field, getattr(row, field))
    return again if move_on(again, clock.now()) else None


def _lay_over(row: Maintenance, at: datetime) -> None:
    states = dict.fromkeys(row.components.values_list("pk", flat=True), str(ComponentState.MAINTENANCE))
    set_spans(states, ComponentSpan.Cause.MAINTENANCE, at, subject=row.pk, others_end=True)


def _note(row: Maintenance, at: datetime, text: str, by: Actor) -> MaintenanceNote:
    from .announcing import announce_note

    note = MaintenanceNote.objects.create(
        maintenance=row, stage=row.stage, text=text.strip()[:5000], at=at, person=by.person
    )
    announce_note(note)
    return note


def _components(page: StatusPage, given: Sequence[int | str]) -> list[Component]:
    rows = list(page.components.select_related("service__team"))
    by_key: dict[int | str, Component] = {row.pk: row for row in rows} | {row.name: row for row in rows}
    chosen = []
    for each in given:
        found = by_key.get(each)
        if found is None:
            raise Refused(
                "There is no such component on this page.",
                field="components",
                value=each,
                fix="Use ids or names of its components.",
            )
        chosen.append(found)
    return list(dict.fromkeys(chosen))


def _check_times(starts_at: datetime, ends_at: datetime, now: datetime, *, again: bool) -> None:
    """``again``: it repeats, and its first occurrence may be long over."""
    aware(starts_at, field="starts_at")
    aware(ends_at, field="ends_at")
    if (ends_at <= now and not again) or ends_at <= starts_at or ends_at - starts_at > LONGEST:
        raise Refused(
            "It can't end then.",
            field="ends_at",
            value=ends_at.isoformat(),
            fix=f"Use a time that is still to come, after its beginning, and within {LONGEST.days} days of it.",
        )


def _window(by: Actor, row: Maintenance, components: Sequence[Component], hold: bool) -> MaintenanceWindow | None:
    """The maintenance window that holds the alerts, made, changed or ended along."""
    services: list[Service] = list({c.service.pk: c.service for c in components if c.service is not None}.values())
    if hold and not services:
        raise Refused(
            "None of these components has a service whose alerts could be held.",
            field="hold_alerts",
            value=True,
            fix="Choose components with a service, or leave the alerts alone.",
        )
    if hold:
        try:
            return save_maintenance(
                by,
                row.window,
                team=row.page.team,
                title=row.title,
                services=services,
                starts_at=row.starts_at,
                ends_at=row.ends_at,
            )
        except Refused as refused:  # title and times have been looked at: it is about a service
            team = next((each.team for each in services if each.slug == refused.value), "its team")
            raise Refused(
                refused.message,
                field="hold_alerts",
                value=True,
                fix=f"Leave the alerts alone, or ask a responder of {team} to hold them.",
            ) from None
    if row.window is not None:
        end_maintenance(by, row.window)
    return None
