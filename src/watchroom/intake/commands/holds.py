"""Holds alerts and groups back from paging, and lets them go again. Run by the engine.

A group that becomes held stops paging; one that is let go and still fires pages at once, unless somebody has it. Whoever
was told that it fires is told when it is over, whatever held it in between (`lifecycle.close_group`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from ...accounts.actors import SYSTEM
from ...catalog.models import Dependency
from ...kernel import clock, wake
from ...kernel.db import announce, claimable, update_each
from ...kernel.prepared import prepared
from ...paging.commands import notify, stop_escalation
from ...paging.models import Escalation, Notification
from ...paging.wording import stamp
from .. import holding
from ..holding import Firing, Hold, Inhibition, SilenceRule
from ..matchers import matcher
from ..models import Alert, AlertGroup, GroupEvent, MaintenanceWindow, Silence, TimeInterval
from ..routing import tree
from ..rules import Outcome, outcomes_by_route
from .flapping import let_go_of_new
from .lifecycle import start_paging, take_up
from .marking import firing_that_match, inhibit_rules, mark, services_changed, sources_changed
from .repeating import move_on

Kind = GroupEvent.Kind
REMIND_BEFORE = timedelta(minutes=15)
LOOK_AGAIN = timedelta(minutes=1)


class Rulebook:
    """All that may hold something at this moment, read once for many groups."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.silences = [
            SilenceRule(
                each.pk, each.comment, each.ends_at.isoformat(), each.team_id, tuple(map(matcher, each.matchers))
            )
            for each in _silences(at)
        ]
        self.rules = list(inhibit_rules())
        self.inhibitions = [
            Inhibition(
                each.pk,
                each.name,
                each.team_id,
                tuple(map(matcher, each.source_matchers)),
                tuple(map(matcher, each.target_matchers)),
                tuple(each.equal),
            )
            for each in self.rules
        ]
        self.windows: dict[int, Hold] = {}
        for row in _windows(at):
            window = row.maintenancewindow
            self.windows[row.service_id] = Hold("maintenance", window.pk, window.title, window.ends_at.isoformat())
        self._outcomes: dict[int, Outcome] | None = None
        self._sources: dict[int, list[Firing]] = {}

    def on_alert(self, alert: Alert, team: int | None) -> Hold | None:
        """What holds one alert."""
        firing = Firing(alert.pk, team, alert.labels)
        held = holding.silenced_by(firing, self.silences)
        if held is not None or not self.inhibitions:
            return held
        asked = [rule for rule in self.inhibitions if holding.accepts(rule.targets, alert.labels)]
        return holding.inhibited_by(firing, asked, {rule.id: self.sources_of(rule) for rule in asked})

    def sources_of(self, rule: Inhibition) -> list[Firing]:
        """What fires and is accepted by the source side of a rule."""
        if rule.id not in self._sources:
            found = firing_that_match(rule.sources, team=rule.team, real=True)  # a drill holds nothing real
            teams = dict(
                AlertGroup.objects.filter(pk__in={each.group_id for each in found}).values_list("pk", "team_id")
            )
            self._sources[rule.id] = [Firing(each.pk, teams.get(each.group_id), each.labels) for each in found]
        return self._sources[rule.id]

    def on_group(self, group: AlertGroup) -> Hold | None:
        """What holds a whole group: work on its service, the hours of its route, its own coming and going,
        a service that it needs."""
        if group.service_id in self.windows:
            return self.windows[group.service_id]
        if group.route_id is not None and (hold := self._by_times(group, group.route_id)) is not None:
            return hold
        if group.flapping_since is not None and group.flap_turns_at is not None:
            return Hold("flapping", group.pk, "it begins and ends again and again", group.flap_turns_at.isoformat())
        if group.service_id is None:
            return None
        upstream = self._upstream(group.service_id)
        if not upstream:
            return None
        cause = (
            AlertGroup.objects.filter(
                service__in=upstream,
                resolved_at__isnull=True,
                held__isnull=True,
                severity="critical",
                drill=group.drill,
            )
            .exclude(pk=group.pk)
            .order_by("id")
            .first()
        )
        return Hold("upstream", cause.pk, str(cause)) if cause else None

    def _by_times(self, group: AlertGroup, route: int) -> Hold | None:
        if self._outcomes is None:
            self._outcomes = outcomes_by_route(tree()) if _an_interval() else {}
        outcome = self._outcomes.get(route)
        if outcome is None or not outcome.times:
            return None
        return holding.by_times(
            outcome.times, route, outcome.path[-1], self.at, waits=group.urgency == "low" and not group.hurried
        )

    @cached_property
    def needs(self) -> Mapping[int, set[int]]:
        """Which services each service needs; of those that need any."""
        found: dict[int, set[int]] = defaultdict(set)
        for one, needed in _dependencies():
            found[one].add(needed)
        return found

    def may_be_needed(self) -> bool:
        """Whether any service may need another one; False only where all of that has been read anyway, and there is none."""
        return "needs" not in vars(self) or bool(self.needs)

    def _upstream(self, service: int) -> set[int]:
        reached: set[int] = set()
        edge = {service}
        while edge:
            edge = {needs for each in edge for needs in self.needs.get(each, ())} - reached - {service}
            reached |= edge
        return reached


@prepared
def _silences(at: datetime) -> QuerySet[Silence]:
    return Silence.objects.filter(starts_at__lte=at, ends_at__gt=at)


@prepared
def _windows(at: datetime) -> QuerySet[Any]:
    rows = MaintenanceWindow.services.through.objects.select_related("maintenancewindow")
    return rows.filter(maintenancewindow__starts_at__lte=at, maintenancewindow__ends_at__gt=at)


@prepared
def _an_interval() -> QuerySet[TimeInterval, int]:
    return TimeInterval.objects.order_by().values_list("pk", flat=True)[:1]


@prepared
def _dependencies() -> QuerySet[Dependency, tuple[int, int]]:
    return Dependency.objects.order_by().values_list("service_id", "needs_id")


def weigh(alerts: Sequence[Alert], groups: Iterable[AlertGroup], fresh: Iterable[AlertGroup]) -> None:
    """Judge alerts that have just begun to fire, before anybody is paged for them, and have what they may hold looked at.
    ``groups`` are theirs, ``fresh`` those of them that have just been opened. Inside the caller's transaction."""
    book = Rulebook(clock.now())
    held_by_group: dict[int, list[Hold | None]] = defaultdict(list)
    changed: list[Alert] = []
    by_pk = {group.pk: group for group in groups}
    for alert in alerts:
        hold = book.on_alert(alert, by_pk[alert.group_id].team_id)
        held_by_group[alert.group_id].append(hold)
        if hold is not None:
            alert.held = hold.as_json()
            changed.append(alert)
    update_each(changed, ["held"])
    let_go_of_new([alert for alert in alerts if alert.held is None], by_pk)
    new = {group.pk for group in fresh}
    for pk, group in by_pk.items():
        if pk in new:
            _apply(group, holding.of_group(book.on_group(group), held_by_group[pk]))
        elif group.held is not None:
            mark([pk])  # something that nobody holds may have joined it
    critical = {group.service_id for group in by_pk.values() if group.severity == "critical"} - {None}
    if critical and book.may_be_needed():
        services_changed(critical)
    sources_changed(alerts, book.rules)


def _apply(group: AlertGroup, hold: Hold | None) -> None:
    """Write down what holds a group now, and stop or start paging where that has changed."""
    before = group.held
    if hold is None and before is None and group.review_at is None:
        return  # nothing holds it and nothing did: by far the most common case
    now = clock.now()
    since = before["since"] if before else now.isoformat()
    group.held = {**hold.as_json(), "since": since} if hold else None
    # A silence that ended while this was being written could not see the group: it is looked at once more soon.
    group.review_at = now + LOOK_AGAIN if hold is not None and before is None else None
    if hold is not None and before is None:
        group.notify_at = group.update_at = group.repeat_at = None
    group.save(update_fields=["held", "review_at", "notify_at", "update_at", "repeat_at"])
    if hold is not None and (before is None or (before["kind"], before["id"]) != (hold.kind, hold.id)):
        GroupEvent.objects.create(group=group, at=now, kind=Kind.HELD, text=f"{hold.kind}: {hold.name}"[:1000])
    if hold is not None and before is None:
        stop_escalation(Escalation.Kind.ALERT_GROUP, group.pk, end=Escalation.End.HELD, by=SYSTEM)
    elif hold is None and before is not None:
        GroupEvent.objects.create(
            group=group, at=now, kind=Kind.RELEASED, text=f"{before['kind']}: {before['name']}"[:1000]
        )
        if group.resolved_at is None and group.acknowledged_at is None:
            group.unattended_since = now
            group.save(update_fields=["unattended_since"])
            start_paging([group])
        elif group.resolved_at is None:
            take_up(group)
    if (hold is None) != (before is None):
        if group.severity == "critical":
            services_changed([group.service_id])
        announce({wake.DUE, "alert-groups", f"group:{group.pk}", f"alert_group:{group.pk}"})


def review(most: int) -> int:
    """Look again at the groups that are marked."""
    with transaction.atomic():
        marked = AlertGroup.objects.filter(review_at__lte=clock.now()).order_by("review_at")
        groups = list(claimable(marked).select_related("service", "team")[:most])
        book = Rulebook(clock.now()) if groups else None
        for group in groups:
            assert book is not None
            if group.resolved_at is not None:
                AlertGroup.objects.filter(pk=group.pk).update(review_at=None)
                continue
            holds: list[Hold | None] = []
            changed: list[Alert] = []
            for alert in group.alerts.filter(ended_at__isnull=True).order_by("id"):
                hold = book.on_alert(alert, group.team_id)
                holds.append(hold)
                if alert.held != (hold.as_json() if hold else None):
                    alert.held = hold.as_json() if hold else None
                    changed.append(alert)
            Alert.objects.bulk_update(changed, ["held"], batch_size=500)
            _apply(group, holding.of_group(book.on_group(group), holds))
    return len(groups)


def turn_over(most: int) -> int:
    """Silences and maintenance windows that begin, end or are about to end."""
    now = clock.now()
    with transaction.atomic():
        silences = list(claimable(Silence.objects.filter(due_at__lte=now).order_by("due_at"))[:most])
        for silence in silences:
            affected = {
                alert.group_id
                for alert in firing_that_match([matcher(text) for text in silence.matchers], team=silence.team_id)
            }
            if silence.author is not None and not silence.reminded and now >= silence.ends_at - REMIND_BEFORE:
                silence.reminded = True
                if affected and silence.ends_at > now:
                    _remind(silence, len(affected))
            mark(affected | _held_by("silence", silence.pk))
            if silence.ends_at <= now and move_on(silence, now):
                silence.reminded = False
            silence.due_at = next_due(silence, now)
            silence.save(update_fields=["starts_at", "ends_at", "due_at", "reminded", "repeats"])
        windows = list(claimable(MaintenanceWindow.objects.filter(due_at__lte=now).order_by("due_at"))[:most])
        for window in windows:
            mark(
                AlertGroup.objects.filter(
                    Q(service__in=window.services.all()) | Q(pk__in=_held_by("maintenance", window.pk)),
                    resolved_at__isnull=True,
                ).values_list("pk", flat=True)
            )
            if window.ends_at <= now:
                move_on(window, now)
            window.due_at = window_due(window, now)
            window.save(update_fields=["starts_at", "ends_at", "due_at", "repeats"])
    return len(silences) + len(windows)


def next_due(silence: Silence, now: datetime) -> datetime | None:
    """When the engine must look at a silence again: at its beginning, before its end (the reminder), at its end."""
    times = [silence.starts_at, silence.ends_at]
    if silence.ends_at - silence.starts_at >= 4 * REMIND_BEFORE and not silence.reminded:
        times.append(silence.ends_at - REMIND_BEFORE)
    return min((at for at in times if at > now), default=None)


def window_due(window: MaintenanceWindow, now: datetime) -> datetime | None:
    """When the engine must look at a maintenance window again: at its beginning and at its end."""
    return next((at for at in (window.starts_at, window.ends_at) if at > now), None)


def _held_by(kind: str, pk: int) -> set[int]:
    rows = Alert.objects.filter(ended_at__isnull=True, held__kind=kind, held__id=pk) if kind == "silence" else None
    found = set(rows.values_list("group_id", flat=True)) if rows is not None else set()
    open_groups = AlertGroup.objects.filter(resolved_at__isnull=True, held__kind=kind, held__id=pk)
    return found | set(open_groups.values_list("pk", flat=True))


def _remind(silence: Silence, groups: int) -> None:
    assert silence.author is not None
    notify(
        silence.author,
        purpose=Notification.Purpose.REMINDER,
        subject=f"Your silence ends at {stamp(silence.ends_at)}",
        body=f"{silence.comment}\n"
        + (
            "It holds an alert group that still fires, and pages when it ends; extend it if that should not be."
            if groups == 1
            else f"It holds {groups} alert groups that still fire. They page when it ends; extend it if they should not."
        ),
        path="/silences",
        reason=f"silence:{silence.pk}:{silence.ends_at.isoformat()}:reminder",
    )
