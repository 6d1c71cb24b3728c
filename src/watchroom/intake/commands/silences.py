"""Silences, maintenance windows and inhibition rules, as people make and end them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from ...accounts.actors import Actor
from ...accounts.changes import Change, change
from ...accounts.models import Team
from ...accounts.roles import Action
from ...catalog.models import Service
from ...kernel.db import locked
from ...kernel.errors import Conflict, Refused
from ...kernel.names import only_one
from .. import holding
from ..matchers import Matcher, matcher
from ..models import AlertGroup, InhibitRule, MaintenanceWindow, Silence
from .holds import next_due, window_due
from .marking import firing_that_match, mark
from .repeating import check_times, move_on, read_series, set_times, skip

WIDE_GROUPS = 20  # a silence that hits more open groups than this has to be confirmed


def read_matchers(texts: Iterable[str], field: str = "matchers") -> list[Matcher]:
    """Matchers as they are typed.

    :raises Refused: one can't be read, or there is none.
    """
    found = []
    for number, text in enumerate(texts):
        try:
            found.append(matcher(text))
        except ValueError as error:
            raise Refused(
                "That matcher is not accepted.", field=f"{field}[{number}]", value=text, fix=f"{error}."
            ) from None
    if not found:
        raise Refused(
            "Without matchers it would hold everything.",
            field=field,
            value=[],
            fix='Add one, such as alertname="DiskFull".',
        )
    return found


def groups_hit(matchers: Sequence[Matcher], team: Team | None) -> list[AlertGroup]:
    """The open groups that a silence with these matchers would touch, newest first."""
    pks = {alert.group_id for alert in firing_that_match(matchers, team=team.pk if team else None)}
    return list(AlertGroup.objects.filter(pk__in=pks, resolved_at__isnull=True).select_related("service", "team"))


def _look(made: Change, matchers: Sequence[Matcher], team: Team | None) -> None:
    mark(alert.group_id for alert in firing_that_match(matchers, team=team.pk if team else None))
    made.touch("silences", "alert-groups")
    made.due()


def save_silence(
    by: Actor,
    silence: Silence | None,
    *,
    matchers: Iterable[str],
    ends_at: datetime,
    comment: str,
    starts_at: datetime | None = None,
    team: Team | None = None,
    confirm: bool = False,
    identity: UUID | None = None,
    repeats: str = "",
    timezone: str = "",
) -> Silence:
    """Make a silence or change one that has not ended. Alerts that it matches page nobody until it ends; what fires then
    pages at once. A new one gets ``identity`` as its UUID, where that is given. With ``repeats`` (a rule as in RFC 5545)
    it comes again by the clocks of ``timezone``; the times are then those of the first occurrence.

    :raises Refused: matchers, times, rule or comment are not accepted, or it would hold much and ``confirm`` is not set.
    :raises Conflict: the silence has ended.
    """
    read = read_matchers(matchers)
    if not comment.strip():
        raise Refused(
            "A silence needs a reason.", field="comment", value=comment, fix="Say why, and when it can be ended."
        )
    hit = groups_hit(read, team)
    if not confirm and (holding.too_wide(read) or len(hit) > WIDE_GROUPS):
        raise Refused(
            f"That would hold {len(hit)} open alert groups, and whatever matches later.",
            field="confirm",
            value=False,
            fix="Add a matcher that asks for a certain value, or confirm that you mean it.",
        )
    if silence is not None:
        by.require(Action.RESPOND, silence.team)
    with change(
        by, "silence.changed" if silence else "silence.created", silence, needs=Action.RESPOND, team=team
    ) as made:
        old: list[Matcher] = []
        if silence is not None:
            silence.refresh_from_db(from_queryset=locked(Silence.objects.all()))  # it may have been ended meanwhile
            if silence.ends_at <= made.at and not move_on(silence, made.at):
                raise Conflict("This silence has ended.", fix="Make a new one.")
            old = [matcher(text) for text in silence.matchers]
        begins = starts_at or ((silence.first_at or silence.starts_at) if silence else made.at)
        series = read_series(repeats, timezone, begins, ends_at, made.at)
        if silence is None:
            silence = Silence(author=by.person, author_name=by.name)
            silence.uuid = identity or silence.uuid
        silence.team, silence.matchers, silence.comment = team, [str(each) for each in read], comment.strip()
        set_times(silence, series, begins, ends_at, made.at)
        silence.reminded = False
        silence.due_at, silence.updated_at = next_due(silence, made.at), made.at
        silence.save()
        made.note(matchers=silence.matchers, ends_at=ends_at.isoformat(), comment=silence.comment)
        if silence.repeats:
            made.note(repeats=silence.repeats, timezone=silence.timezone)
        _look(made, read, team)
        if old and old != read:
            _look(made, old, team)
    return silence


def extend_silence(by: Actor, silence: Silence, ends_at: datetime) -> Silence:
    """Let it end at another time. Of one that repeats only the occurrence that runs, or comes next, is changed.

    :raises Refused: the time is not accepted.
    :raises Conflict: the silence has ended.
    """
    with change(by, "silence.extended", silence, needs=Action.RESPOND, team=silence.team) as made:
        silence.refresh_from_db(from_queryset=locked(Silence.objects.all()))
        if silence.ends_at <= made.at and not move_on(silence, made.at):
            raise Conflict("This silence has ended.", fix="Make a new one.")
        check_times(silence.starts_at, ends_at, made.at)
        silence.ends_at, silence.reminded, silence.updated_at = ends_at, False, made.at
        silence.due_at = next_due(silence, made.at)
        silence.save(update_fields=["starts_at", "ends_at", "reminded", "due_at", "updated_at"])
        made.note(ends_at=ends_at.isoformat())
        _look(made, [matcher(text) for text in silence.matchers], silence.team)
    return silence


def skip_silence(by: Actor, silence: Silence, starts_at: datetime | None = None) -> Silence:
    """End the occurrence that runs, or leave out the next; what fires pages at once. The one after it comes as planned.
    With ``starts_at`` only if that one is still the occurrence that began then: twice is once.

    :raises Conflict: it doesn't repeat, or no more.
    """
    with change(by, "silence.skipped", silence, needs=Action.RESPOND, team=silence.team) as made:
        silence.refresh_from_db(from_queryset=locked(Silence.objects.all()))
        if starts_at not in (None, silence.starts_at):
            return silence
        skipped = silence.starts_at
        skip(silence, made.at)
        silence.reminded, silence.updated_at = False, made.at
        silence.due_at = next_due(silence, made.at)
        silence.save(update_fields=["starts_at", "ends_at", "reminded", "due_at", "updated_at"])
        made.note(skipped=skipped.isoformat(), starts_at=silence.starts_at.isoformat())
        _look(made, [matcher(text) for text in silence.matchers], silence.team)
    return silence


def expire_silence(by: Actor, silence: Silence) -> Silence:
    """End a silence now, for good: what it held and still fires pages at once. Doing it twice changes nothing."""
    with change(by, "silence.expired", silence, needs=Action.RESPOND, team=silence.team) as made:
        if silence.ends_at > made.at or silence.repeats:
            silence.starts_at, silence.ends_at = min(silence.starts_at, made.at), made.at
            silence.due_at, silence.updated_at, silence.repeats = None, made.at, ""
            silence.save(update_fields=["starts_at", "ends_at", "due_at", "updated_at", "repeats"])
            _look(made, [matcher(text) for text in silence.matchers], silence.team)
    return silence


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
        _mark_services(before | {service.pk for service in services})
        made.note(services=[service.slug for service in services], ends_at=ends_at.isoformat())
        if window.repeats:
            made.note(repeats=window.repeats, timezone=window.timezone)
        made.touch("silences", "alert-groups")
        made.due()
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
    _mark_services(set(window.services.values_list("pk", flat=True)))
    made.touch("silences", "alert-groups")
    made.due()


def end_maintenance(by: Actor, window: MaintenanceWindow) -> MaintenanceWindow:
    """End it now for good, or call it off. Doing it twice changes nothing."""
    with change(by, "maintenance.ended", window, needs=Action.RESPOND, team=window.team) as made:
        if window.ends_at > made.at or window.repeats:
            window.starts_at, window.ends_at = min(window.starts_at, made.at), made.at
            window.due_at, window.repeats = None, ""
            window.save(update_fields=["starts_at", "ends_at", "due_at", "repeats"])
            _mark_services(set(window.services.values_list("pk", flat=True)))
            made.touch("silences", "alert-groups")
            made.due()
    return window


def _mark_services(services: set[int]) -> None:
    mark(AlertGroup.objects.filter(service__in=services, resolved_at__isnull=True).values_list("pk", flat=True))


def save_inhibition(
    by: Actor,
    rule: InhibitRule | None,
    *,
    name: str,
    source_matchers: Iterable[str],
    target_matchers: Iterable[str],
    equal: Sequence[str] = (),
    team: Team | None = None,
) -> InhibitRule:
    """Make or change a rule: while a source fires, targets with the same values of ``equal`` page nobody.

    :raises Refused: no name, or a matcher can't be read.
    :raises Conflict: another rule has this name.
    """
    if not name.strip():
        raise Refused("An inhibition rule needs a name.", field="name", value=name, fix="Say what holds what.")
    sources = read_matchers(source_matchers, "source_matchers")
    targets = read_matchers(target_matchers, "target_matchers")
    if rule is not None:
        by.require(Action.MANAGE, rule.team)
    with change(by, f"inhibition.{'changed' if rule else 'created'}", rule, needs=Action.MANAGE, team=team) as made:
        old = [matcher(text) for text in rule.target_matchers] if rule else []
        rule = rule or InhibitRule()
        rule.name, rule.team = name.strip(), team
        rule.source_matchers, rule.target_matchers = [str(each) for each in sources], [str(each) for each in targets]
        rule.equal = [label.strip() for label in equal if label.strip()]
        with only_one("rule", name=name):
            rule.save()
        _look(made, targets, None)
        if old:
            _look(made, old, None)
    return rule


def delete_inhibition(by: Actor, rule: InhibitRule) -> None:
    """Delete a rule: what it held and still fires pages at once."""
    with change(by, "inhibition.deleted", None, needs=Action.MANAGE, team=rule.team) as made:
        made.note(name=rule.name)
        targets = [matcher(text) for text in rule.target_matchers]
        rule.delete()
        _look(made, targets, None)
