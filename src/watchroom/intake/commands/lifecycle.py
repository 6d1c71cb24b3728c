"""How alerts and groups begin to page, and how they end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from ...accounts.actors import SYSTEM, Actor
from ...accounts.listeners import Happened, tell
from ...accounts.models import Person
from ...kernel import clock
from ...kernel.again import retried
from ...kernel.db import announce, claimable, insert_all, locked, update_each
from ...kernel.errors import Refused
from ...kernel.prepared import prepared
from ...paging.commands import Cause, notify, resume_escalation, start_escalations, stop_escalation, take_first_turns
from ...paging.models import Escalation, EscalationPolicy, Notification
from ...paging.wording import stamp
from ...workspaces.posts import redraw
from .. import hooks
from ..models import Alert, AlertGroup, GroupEvent, Integration, Practises
from ..rules.flapping import QUIET
from ..summing import own_words_of, words_of
from .marking import mark, services_changed, sources_changed

Kind = GroupEvent.Kind
MISSED_GRACE = timedelta(minutes=5)
LONGEST = timedelta(days=30)


def checked_until(until: datetime) -> datetime:
    """A time at which something returns. Raises ``Refused`` when it has passed or lies more than 30 days ahead."""
    ahead = until - clock.now()
    if not timedelta(0) < ahead <= LONGEST:
        raise Refused(
            "That time has passed." if ahead <= timedelta(0) else "That is too long.",
            field="until",
            value=until,
            fix="Use a time within the next 30 days.",
        )
    return until


def start_paging(groups: Sequence[AlertGroup], *, without: Person | None = None) -> list[Escalation]:
    """Start the escalations of groups, in a handful of statements however many they are; what somebody has escalated by
    hand while it was held is being paged already. Without a policy nobody would be told: then one begins with the last
    resort. ``without``: who has it and asks for help, or can't take it. Inside the caller's transaction. Returns what has
    been started, of which nobody has been paged yet."""
    if not groups:
        return []
    now = clock.now()
    for group in groups:
        group.notify_at = group.update_at = None
        group.told_at, group.repeat_at = now, repeat_after(group, now)
    update_each(groups, ["notify_at", "update_at", "told_at", "repeat_at"])
    paged = set(_paged([group.pk for group in groups]))
    groups = [group for group in groups if group.pk not in paged]
    policies = {row.pk: row for row in _policies({group.policy_id for group in groups if group.policy_id})}
    practising = _practising([group for group in groups if group.drill])
    groups = _but_for_nobody(groups, practising, now)
    named_ones = {pk: each.people for pk, each in practising.items() if each.people is not None}
    insert_all(
        [
            GroupEvent(
                group=group,
                at=now,
                kind=Kind.UNROUTED,
                text="No escalation policy: managers and administrators are told instead. Give the service or route a policy.",
            )
            for group in groups
            if group.policy_id not in policies and group.pk not in named_ones
        ]
    )
    words, own = words_of(groups), own_words_of(groups)
    started = start_escalations(
        [
            Cause(
                kind=Escalation.Kind.ALERT_GROUP,
                subject_id=group.pk,
                title=_subject(group),
                body="\n".join([*describe(group, own.get(group.pk, ())), *words.get(group.pk, ())]),
                path=f"/alerts/{group.pk}",
                team=group.team,
                urgency=group.urgency,
                policy=None if group.pk in named_ones else policies.get(group.policy_id or 0),
                people=named_ones.get(group.pk, ()),
                drill=group.drill,
                excused=without,
            )
            for group in groups
        ]
    )
    for escalation in started:
        if (practice := practising.get(escalation.subject_id or 0)) is not None and practice.rests:
            stop_escalation(escalation.kind, escalation.subject_id, end=Escalation.End.SNOOZED, by=SYSTEM)
    return started


def _practising(drills: Sequence[AlertGroup]) -> dict[int, hooks.Practice]:
    """Of each group of a drill of a scenario, whom it pages: nobody, once that drill has ended."""
    if not drills:
        return {}
    ours = Integration.objects.filter(pk__in={group.integration_id for group in drills}, practises=Practises.SCENARIOS)
    teams = dict(ours.values_list("pk", "team"))
    found, nobody = hooks.practising(list(teams.values())), hooks.Practice(())
    return {
        group.pk: found.get(teams[group.integration_id], nobody) for group in drills if group.integration_id in teams
    }


def _but_for_nobody(
    groups: Sequence[AlertGroup], practising: Mapping[int, hooks.Practice], now: datetime
) -> list[AlertGroup]:
    """Those that page somebody: where nobody practises any more, neither the policy nor the last resort is asked."""
    nobody = {pk for pk, each in practising.items() if each.people is not None and not each.people}
    insert_all(
        [
            GroupEvent(group=group, at=now, kind=Kind.NOTE, text="Nobody is paged: nobody practises this any more.")
            for group in groups
            if group.pk in nobody
        ]
    )
    return [group for group in groups if group.pk not in nobody]


@prepared
def _paged(groups: Collection[int]) -> QuerySet[Escalation, int | None]:
    rows = Escalation.objects.filter(kind=Escalation.Kind.ALERT_GROUP, subject_id__in=groups, ended_at__isnull=True)
    return rows.order_by().values_list("subject_id", flat=True)


@prepared
def _policies(numbers: Collection[int]) -> QuerySet[EscalationPolicy]:
    return EscalationPolicy.objects.filter(pk__in=numbers).order_by()


def _subject(group: AlertGroup) -> str:
    """What stands on a locked phone: a thousand alerts are not one of them."""
    more = f" and {group.firing - 1} more" if group.firing > 1 else ""
    return named(group)[: 300 - len(more)] + more


def repeat_after(group: AlertGroup, at: datetime) -> datetime | None:
    """When a group is brought up again that was paged or taken at that time."""
    return at + timedelta(seconds=group.repeat_interval_seconds) if group.repeat_interval_seconds else None


def take_up(group: AlertGroup) -> None:
    """A group that somebody has is no longer held: they hear at once of what has joined meanwhile, and it is brought up
    again in time. Inside the caller's transaction."""
    now = clock.now()
    group.update_at, group.repeat_at = now, repeat_after(group, now)
    group.save(update_fields=["update_at", "repeat_at"])


def open_again(
    group: AlertGroup, *, why: str, first: Person | None = None, told: str = "", without: Person | None = None
) -> None:
    """Nobody has it any more: its escalation goes on where it stopped, or a new one starts where there is none to go on
    with. ``told``: what ``first`` reads before all else; ``without``: who can't take it. ``group`` is locked, inside the
    caller's transaction."""
    group.acknowledged_at = group.acknowledged_by = group.returns_at = None
    group.snoozed = False
    group.declare_at = group.unattended_since = clock.now()
    group.save(
        update_fields=[
            "acknowledged_at", "acknowledged_by", "returns_at", "snoozed", "declare_at", "unattended_since",
        ]
    )  # fmt: skip
    if group.held is not None:
        return
    about = Escalation.Kind.ALERT_GROUP, group.pk
    if resume_escalation(*about, why=why, first=first, told=told, without=without) is None:
        start_paging([group], without=without)
        if first is not None:
            resume_escalation(*about, why=why, first=first, told=told, without=without)
    group.notify_at = None


def named(group: AlertGroup) -> str:
    """What it is called in a message: with its service, where it has one."""
    return f"{group.service}: {group.title}" if group.service_id else group.title


def describe(group: AlertGroup, said: Sequence[str]) -> list[str]:
    """What a page says of a group, in lines: how bad, since when, what its sender says, and by what it was grouped."""
    since = f"{group.get_severity_display()} since {stamp(group.opened_at)}."
    return [since, *said, *(f"{name}: {value}" for name, value in group.group_labels.items())]


@retried
def notify_waiting(most: int) -> int:
    """Start the escalations of groups whose group wait is over."""
    with transaction.atomic():
        due = AlertGroup.objects.filter(notify_at__lte=clock.now(), resolved_at__isnull=True).order_by("notify_at")
        groups = list(claimable(due).select_related("service", "team")[:most])
        take_first_turns(start_paging(groups))
    return len(groups)


def end_alerts(ended: Iterable[tuple[Alert, datetime]], *, by: Actor, why: str) -> None:
    """End alerts, each at its time, and each group with the last of them. Inside the caller's transaction."""
    now = clock.now()
    alerts: list[Alert] = []
    for alert, at in ended:
        alert.ended_at, alert.expires_at = at, None
        alerts.append(alert)
    update_each(alerts, ["ended_at", "expires_at"])
    GroupEvent.objects.bulk_create(
        GroupEvent(group_id=alert.group_id, at=now, kind=Kind.ENDED, alert=alert, text=f"{alert.title}: {why}"[:1000])
        for alert in alerts
    )
    counts = Counter(alert.group_id for alert in alerts)
    for group in locked(AlertGroup.objects.filter(pk__in=counts)).order_by("id"):
        group.firing -= counts[group.pk]
        group.save(update_fields=["firing"])
        if group.firing == 0 and group.resolved_at is None:
            close_group(group, by=by, text="every alert has ended")
    mark(
        set(
            Alert.objects.filter(group__in=counts, ended_at__isnull=True, held__isnull=False).values_list(
                "group", flat=True
            )
        )
    )
    sources_changed(alerts)


def acknowledge_group(group: AlertGroup, *, by: Actor, text: str, until: datetime | None = None) -> None:
    """Somebody has it, for good or ``until`` then: its escalation ends, nobody else is paged. Doing it twice changes
    nothing. ``group`` is locked, inside the caller's transaction."""
    if group.resolved_at:
        return
    now = clock.now()
    if group.acknowledged_at and group.returns_at is None and until is None:
        # Counts where the policy asks for several people, and where somebody has asked for help since.
        if stop_escalation(Escalation.Kind.ALERT_GROUP, group.pk, end=Escalation.End.ACKNOWLEDGED, by=by):
            GroupEvent.objects.create(
                group=group, at=now, kind=Kind.ACKNOWLEDGED, person=by.person, text=f"also {text}"[:1000]
            )
            announce({"alert-groups", f"group:{group.pk}", f"alert_group:{group.pk}"})
        return
    group.acknowledged_at, group.acknowledged_by, group.notify_at = now, by.person, None
    group.returns_at, group.snoozed = until, False
    group.repeat_at = repeat_after(group, now) if group.held is None else None
    group.save(update_fields=["acknowledged_at", "acknowledged_by", "notify_at", "returns_at", "snoozed", "repeat_at"])
    GroupEvent.objects.create(group=group, at=now, kind=Kind.ACKNOWLEDGED, person=by.person, text=text[:1000])
    if by.is_system:
        tell([Happened("alert_group.acknowledged", now, by, group, group.team_id)])
    stop_escalation(Escalation.Kind.ALERT_GROUP, group.pk, end=Escalation.End.ACKNOWLEDGED, by=by)
    announce({"alert-groups", f"group:{group.pk}", f"alert_group:{group.pk}"})


def _to_be_told(group: AlertGroup) -> list[Person]:
    """Who was told that it fires, and not since then that it is over: one that fired again within minutes of its end may
    have been held back until it ended once more."""
    told = Notification.objects.filter(
        Q(escalation__kind=Escalation.Kind.ALERT_GROUP, escalation__subject_id=group.pk)
        | Q(escalation__in=group.responders.values("escalation")),
        purpose=Notification.Purpose.PAGE,
        state__in=(Notification.State.SENT, Notification.State.DELIVERED),
    ).select_related("person")
    last = {row.person_id: row for row in told.order_by("id")}
    ended: dict[int, int] = {}
    if group.reopened and last:
        over = Notification.objects.filter(person__in=last, reason__startswith=_over(group)).order_by("id")
        ended = dict(over.values_list("person_id", "id"))
    return [row.person for row in last.values() if row.pk > ended.get(row.person_id, 0)]


def _over(group: AlertGroup) -> str:
    """How the reason begins for which somebody is told that a group is over."""
    return f"group:{group.pk}:resolved"


def close_group(group: AlertGroup, *, by: Actor, text: str) -> None:
    """Resolve a group: its escalation ends, and whoever was told that it fired is told that it is over. Inside the
    caller's transaction."""
    now = clock.now()
    group.resolved_at, group.resolved_by, group.notify_at = now, by.person, None
    group.returns_at, group.snoozed = None, False
    group.update_at = group.repeat_at = group.declare_at = None
    hushed = False
    if group.flapping_since is not None:  # one that flaps is told of once, and again when it is quiet
        hushed = by.person is None and group.held is not None and group.held["kind"] == "flapping"
        group.flapping_since = group.flapping_since if by.person is None else None
        group.flap_turns_at = now + QUIET if by.person is None else None
    group.save(
        update_fields=[
            "resolved_at", "resolved_by", "notify_at", "returns_at", "snoozed", "update_at", "repeat_at",
            "declare_at", "flapping_since", "flap_turns_at",
        ]
    )  # fmt: skip
    end_responders(group)
    GroupEvent.objects.create(group=group, at=now, kind=Kind.RESOLVED, person=by.person, text=text)
    if by.is_system:  # what a person does is told by their command
        tell([Happened("alert_group.resolved", now, by, group, group.team_id)])
    stop_escalation(Escalation.Kind.ALERT_GROUP, group.pk, end=Escalation.End.RESOLVED, by=by)
    redraw(Escalation.Kind.ALERT_GROUP, [group.pk])  # after its escalation: who ends that marks the same messages
    if group.severity == "critical":
        services_changed([group.service_id])
    for person in () if hushed else _to_be_told(group):
        if by.person is None or person.pk != by.person.pk:
            notify(
                person,
                purpose=Notification.Purpose.RESOLVED,
                subject=f"Resolved: {named(group)}",
                body=f"{text[:1].upper()}{text[1:]}.",
                path=f"/alerts/{group.pk}",
                # Of one that fired again within minutes of its end, the second end is news as well.
                reason=_over(group) + (f":{group.reopened}" if group.reopened else ""),
                drill=group.drill,
            )
    announce({"alert-groups", f"group:{group.pk}", f"alert_group:{group.pk}"})


@retried
def end_expired(most: int) -> int:
    """End alerts that their sender has stopped talking about."""
    with transaction.atomic():
        due = Alert.objects.filter(expires_at__lte=clock.now())
        groups = set(due.order_by("expires_at").values_list("group", flat=True)[:most])
        # A group before its alerts, as whoever resolves it locks them; meanwhile some may have been seen again.
        list(locked(AlertGroup.objects.filter(pk__in=groups).order_by("id").only("id")))
        alerts = list(claimable(due.filter(group__in=groups)).order_by("expires_at")[:most])
        end_alerts(
            [(alert, alert.expires_at) for alert in alerts if alert.expires_at],
            by=SYSTEM,
            why="not seen again in time",
        )
    return len(alerts)


def extend_missed() -> int:
    """When an engine starts: an alert that ran out while Watchroom was down may well still be firing, and its sender
    could not say so. Give it time to be seen again before it counts as over."""
    now = clock.now()
    missed = Alert.objects.filter(expires_at__lte=now)
    return missed.update(expires_at=now + MISSED_GRACE)


def end_responders(group: AlertGroup) -> None:
    """The group is over: nobody is asked to help any more. Inside the caller's transaction."""
    for each in group.responders.filter(escalation__ended_at__isnull=True):
        stop_escalation(Escalation.Kind.DIRECT, each.escalation_id, end=Escalation.End.RESOLVED, by=SYSTEM)
