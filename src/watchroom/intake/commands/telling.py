"""What is told after the first page: what has joined a group, and that it still fires.

Both are due times on the group, written when it is paged, answered or joined; changing the routes moves none of them.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from ...accounts.actors import Actor
from ...accounts.models import Person
from ...kernel import clock
from ...kernel.db import announce, claimable
from ...kernel.errors import Conflict
from ...paging.commands import notify
from ...paging.models import Escalation, Notification
from ..models import AlertGroup, GroupEvent
from ..rules.summary import differing, in_words
from ..summing import MOST
from .groups import changing
from .lifecycle import open_again, start_paging

Kind = GroupEvent.Kind
_TITLES = 5


def engaged(group: AlertGroup) -> list[Person]:
    """Whoever deals with a group: who has it and who came to help; while nobody has it, everybody who was paged."""
    if group.acknowledged_at is not None:
        helpers = group.responders.filter(escalation__end=Escalation.End.ACKNOWLEDGED).select_related("person")
        found = [group.acknowledged_by, *(each.person for each in helpers)]
    else:
        rows = Notification.objects.filter(
            escalation__kind=Escalation.Kind.ALERT_GROUP,
            escalation__subject_id=group.pk,
            purpose=Notification.Purpose.PAGE,
            state__in=(Notification.State.SENT, Notification.State.DELIVERED),
        )
        found = [row.person for row in rows.select_related("person")]
    return list({person.pk: person for person in found if person is not None}.values())


def tell_updates(most: int) -> int:
    """Tell those who are engaged what has joined their groups since they were last told."""
    now = clock.now()
    with transaction.atomic():
        due = AlertGroup.objects.filter(update_at__lte=now, resolved_at__isnull=True).order_by("update_at")
        groups = list(claimable(due).select_related("acknowledged_by")[:most])
        for group in groups:
            since = group.told_at or group.opened_at
            joined = group.alerts.filter(first_seen_at__gt=since, ended_at__isnull=True, held__isnull=True)
            count = joined.count()
            group.update_at = None
            people = engaged(group) if count and group.held is None and not group.snoozed else []
            if people:
                _tell(group, people, count, list(joined.order_by("id").values_list("title", "labels")[:MOST]), now)
                group.told_at = now
            group.save(update_fields=["update_at", "told_at"])
    return len(groups)


def _tell(
    group: AlertGroup, people: list[Person], count: int, joined: list[tuple[str, dict[str, str]]], now: datetime
) -> None:
    titles = list(dict.fromkeys(title for title, _ in joined))[:_TITLES]  # in a storm they all say the same
    unnamed = count - sum(title in titles for title, _ in joined)
    by_label = "".join(f"\n{line}" for line in in_words(differing(labels for _, labels in joined)))
    more = f"\nand {unnamed} more" if unnamed else ""
    what = f"{count} more alert{'' if count == 1 else 's'}"
    for person in people:
        notify(
            person,
            purpose=Notification.Purpose.UPDATE,
            subject=f"{what}: {group.title}",
            body="\n".join(titles) + more + by_label + f"\n{group.firing} alerts of this group fire now.",
            path=f"/alerts/{group.pk}",
            reason=f"group:{group.pk}:joined:{now.isoformat(timespec='seconds')}",
            urgency=group.urgency,
            drill=group.drill,
        )
    names = ", ".join(map(str, people))
    GroupEvent.objects.create(group=group, at=now, kind=Kind.UPDATED, text=f"{what} told to {names}"[:1000])
    announce({f"group:{group.pk}", f"alert_group:{group.pk}"})


def bring_up_again(most: int) -> int:
    """Groups that still fire a repeat interval after they were paged or taken: whoever has one is paged again, and after
    them its policy goes on; where nobody has it and nobody is being paged, paging starts again."""
    now = clock.now()
    with transaction.atomic():
        due = AlertGroup.objects.filter(repeat_at__lte=now, resolved_at__isnull=True).order_by("repeat_at")
        groups = list(claimable(due).select_related("service", "team", "acknowledged_by")[:most])
        for group in groups:
            again = now + timedelta(seconds=group.repeat_interval_seconds) if group.repeat_interval_seconds else None
            if group.held is not None:
                again = None  # when that ends it pages at once, or its holder has it
            elif group.returns_at is not None:
                again = group.returns_at if again is None else max(again, group.returns_at)
            elif group.acknowledged_at is not None:
                _say(group, now, f"it still fires; {group.acknowledged_by or 'somebody'} has it")
                open_again(group, why="it still fires", first=_reachable(group.acknowledged_by))
            elif not group.escalations.filter(ended_at__isnull=True).exists():
                _say(group, now, "it still fires, and nobody has it")
                start_paging([group])
            group.repeat_at = again
            group.save(update_fields=["repeat_at"])
    return len(groups)


def _reachable(person: Person | None) -> Person | None:
    if person is None or not person.is_active or not person.contact_methods.filter(enabled=True).exists():
        return None
    return person


def _say(group: AlertGroup, now: datetime, text: str) -> None:
    GroupEvent.objects.create(group=group, at=now, kind=Kind.REPEATED, text=text)
    announce({"alert-groups", f"group:{group.pk}", f"alert_group:{group.pk}"})


def page_now(by: Actor, group: AlertGroup) -> AlertGroup:
    """Let a group page now that waits for its hours, or that flaps (until it ends again).

    :raises Conflict: it waits for nothing like that.
    """
    with changing(by, "hurried", group) as (made, row):
        if row.resolved_at or row.held is None or row.held["kind"] not in {"hours", "flapping"}:
            raise Conflict(
                "This alert group waits for no hours, and does not flap.", fix="Reload the page to see its state."
            )
        row.hurried, row.held, row.flap_turns_at = True, None, None
        row.review_at = row.unattended_since = made.at  # something else may hold it
        row.save(update_fields=["hurried", "held", "review_at", "flap_turns_at", "unattended_since"])
        made.history(GroupEvent(group=row, at=made.at, kind=Kind.HURRIED, person=by.person, text=f"by {by.name}"))
        if row.acknowledged_at is None:
            start_paging([row])
        made.due()
    return row
