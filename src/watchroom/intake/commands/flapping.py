"""Alert groups that begin and end again and again: marked, held back, told once, and never lost.

While one flaps it is held like by a silence, and says so. It pages when it fires on for `LIMIT`; whoever had been paged
for it hears that it flaps, and that it is quiet again. Both are one due time on the group, `flap_turns_at`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.db import transaction

from ...accounts.models import Person
from ...kernel import clock
from ...kernel import settings as conf
from ...kernel.db import announce, claimable
from ...paging.commands import notify
from ...paging.models import Escalation, Notification
from ..models import Alert, AlertGroup, GroupEvent
from ..rules.flapping import FROM, LIMIT, QUIET, WITHIN, flaps

Kind = GroupEvent.Kind
FIELDS = ("flapping_since", "flap_turns_at")
_LIMIT, _QUIET, _WITHIN = (int(each.total_seconds() // 60) for each in (LIMIT, QUIET, WITHIN))


def beginnings(lasts: Collection[AlertGroup], at: datetime) -> dict[str, list[datetime]]:
    """When the groups of the same keys as these, which have just ended by themselves, began lately; by key."""
    found: dict[str, list[datetime]] = defaultdict(list)
    keys = {
        last.group_key
        for last in lasts
        if last.resolved_by_id is None and last.resolved_at and last.resolved_at > at - WITHIN
    }
    if not keys or not conf.current().hold_flapping:
        return found
    rows = GroupEvent.objects.filter(
        group__group_key__in=keys, group__last_alert_at__gt=at - WITHIN, kind__in=(Kind.OPENED, Kind.REOPENED)
    )
    for key, began in rows.filter(at__gt=at - WITHIN).values_list("group__group_key", "at"):
        found[key].append(began)
    return found


def begins(group: AlertGroup, before: Sequence[datetime], at: datetime) -> bool:
    """A group begins to fire (again): mark it if it flaps. Whether that is news. Nothing is saved here."""
    if group.flapping_since is None and not flaps([*before, at], at):
        return False
    news = group.flapping_since is None
    group.flapping_since = group.flapping_since or at
    group.flap_turns_at = clock.now() + LIMIT
    return news


def tell_flapping(groups: Sequence[AlertGroup]) -> None:
    """These have just been found to flap. Inside the caller's transaction."""
    now = clock.now()
    for group in groups:
        people = _paged_for(group)
        for person in people:
            notify(
                person,
                purpose=Notification.Purpose.UPDATE,
                subject=f"Flapping: {group.title}",
                body=f"It began {FROM} times within {_WITHIN} min and ended by itself. It pages again only if it fires on for "
                f"{_LIMIT} min, and you hear when it has been quiet for {_QUIET} min.",
                path=f"/alerts/{group.pk}",
                reason=f"group:{group.pk}:flapping:{now.isoformat(timespec='seconds')}",
                urgency=group.urgency,
                drill=group.drill,
            )
        told = f"; told to {', '.join(map(str, people))}" if people else ""
        text = f"it began {FROM} times within {_WITHIN} min and ended by itself{told}"
        GroupEvent.objects.create(group=group, at=now, kind=Kind.FLAPPING, text=text[:1000])


def let_go_of_new(alerts: Sequence[Alert], groups: Mapping[int, AlertGroup]) -> list[AlertGroup]:
    """Alerts that nothing else holds have just begun in these groups, by number. One that is critical and has not come and
    gone with the others is another problem: its group pages at once, until it ends. Returns those groups; their holds
    are still to be judged. Inside the caller's transaction."""
    candidates = [
        alert
        for alert in alerts
        if alert.severity == "critical"
        and (group := groups[alert.group_id]).flapping_since is not None
        and group.flap_turns_at is not None
    ]
    if not candidates:
        return []
    now = clock.now()
    before = Alert.objects.filter(
        group__group_key__in={groups[alert.group_id].group_key for alert in candidates},
        dedup_key__in={alert.dedup_key for alert in candidates},
        last_seen_at__gt=now - WITHIN,
    ).exclude(pk__in=[alert.pk for alert in alerts])
    known = set(before.values_list("group__group_key", "integration", "dedup_key"))
    let_go: dict[int, AlertGroup] = {}
    for alert in candidates:
        group = groups[alert.group_id]
        if (group.group_key, alert.integration_id, alert.dedup_key) in known or group.pk in let_go:
            continue
        group.flap_turns_at = None
        let_go[group.pk] = group
        why = f"because something critical has joined that did not come and go before: {alert.title}"
        GroupEvent.objects.create(group=group, at=now, kind=Kind.HURRIED, alert=alert, text=why[:1000])
    AlertGroup.objects.filter(pk__in=let_go).update(flap_turns_at=None)
    return list(let_go.values())


def turn_flapping(most: int) -> int:
    """Those that have fired on for too long are let go, so that they page; those that are quiet flap no more."""
    now = clock.now()
    with transaction.atomic():
        due = AlertGroup.objects.filter(flap_turns_at__lte=now).order_by("flap_turns_at")
        groups = list(claimable(due)[:most])
        for group in groups:
            if group.resolved_at is None:
                group.flap_turns_at, group.review_at = None, now
                group.save(update_fields=["flap_turns_at", "review_at"])
                continue
            people = _paged_for(group)
            group.flapping_since = group.flap_turns_at = None
            group.save(update_fields=FIELDS)
            GroupEvent.objects.create(group=group, at=now, kind=Kind.QUIET, text=f"not fired for {_QUIET} min")
            for person in people:
                notify(
                    person,
                    purpose=Notification.Purpose.RESOLVED,
                    subject=f"Quiet again: {group.title}",
                    body=f"It has not fired for {_QUIET} min.",
                    path=f"/alerts/{group.pk}",
                    reason=f"group:{group.pk}:quiet:{now.isoformat(timespec='seconds')}",
                    drill=group.drill,
                )
            announce({"alert-groups", f"group:{group.pk}", f"alert_group:{group.pk}"})
    return len(groups)


def _paged_for(group: AlertGroup) -> list[Person]:
    """Whoever has been paged for it since it began to come and go."""
    since = (group.flapping_since or clock.now()) - WITHIN
    same = AlertGroup.objects.filter(group_key=group.group_key, last_alert_at__gt=since).values_list("pk", flat=True)
    rows = Notification.objects.filter(
        escalation__kind=Escalation.Kind.ALERT_GROUP,
        escalation__subject_id__in=[*same],
        purpose=Notification.Purpose.PAGE,
        state__in=(Notification.State.SENT, Notification.State.DELIVERED),
        created_at__gt=since,
    )
    return list({row.person_id: row.person for row in rows.select_related("person")}.values())
