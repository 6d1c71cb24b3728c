"""Announcements become deliveries; deliveries are claimed, sent (see duties.py) and written down."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet

from ...channels.base import Delivery as Handed
from ...channels.base import DeliveryFailed
from ...incidents.models import Incident, Update
from ...incidents.rules import told_of
from ...kernel import clock, wake
from ...kernel.db import announce, claimable, locked
from ...kernel.errors import WatchroomError
from ..models import (
    Announcement,
    Delivery,
    DeliveryAttempt,
    MaintenanceNote,
    PublicIncident,
    StakeholderList,
    Subscriber,
)
from ..rules.retries import again_after

BATCH = 500
LEASE = timedelta(seconds=90)  # longer than any channel takes
FAILURES_TO_END = 5
State = Delivery.State


def announce_shown(public: PublicIncident, update: Update) -> None:
    """Tell the subscribers of a page of an update that has just been shown there. Inside the caller's transaction."""
    now = clock.now()
    Announcement.objects.get_or_create(page=public.page, update=update, defaults={"created_at": now, "due_at": now})
    announce({wake.DUE})


def announce_note(note: MaintenanceNote) -> None:
    """Tell the subscribers of a page of a maintenance."""
    now = clock.now()
    Announcement.objects.create(page=note.maintenance.page, note=note, created_at=now, due_at=now)
    announce({wake.DUE})


def lists_for(incident: Incident) -> list[StakeholderList]:
    """The lists that hear of an incident: by team, severity and audience (see ``incidents.rules.told_of``)."""
    rows = StakeholderList.objects.filter(Q(team=incident.team_id) | Q(every_team=True)).order_by("name")
    quiet = incident.drill or getattr(incident, "test", False)
    return [
        row
        for row in rows
        if told_of(row.audience, row.least_severity, incident.severity, quiet=quiet, private=incident.private)
    ]


def announce_published(update: Update, lists: list[str] | None) -> list[str]:
    """Tell lists of an update: those that ``lists`` names by slug; None: all that hear of its incident. Inside the
    caller's transaction. Returns their names."""
    chosen = [row for row in lists_for(update.incident) if lists is None or row.slug in lists]
    now = clock.now()
    Announcement.objects.bulk_create(
        Announcement(list=row, update=update, created_at=now, due_at=now) for row in chosen
    )
    if chosen:
        announce({wake.DUE})
    return [row.name for row in chosen]


def expand(most: int) -> int:
    """Make the deliveries of due announcements, a batch at a time, so that a hundred thousand subscribers hold nobody up.
    Returns how many batches were made."""
    handled = 0
    while handled < most and _expand_one():
        handled += 1
    return handled


def _expand_one() -> bool:
    now = clock.now()
    with transaction.atomic():
        row = claimable(Announcement.objects.filter(due_at__lte=now).order_by("due_at", "id")).first()
        if row is None:
            return False
        if row.list_id is not None:
            Delivery.objects.bulk_create(
                Delivery(announcement=row, recipient=each, created_at=now, due_at=now)
                for each in row.list.recipients.all()  # type: ignore[union-attr]
            )
            row.due_at = None
        else:
            found = list(_subscribers(row).order_by("pk")[:BATCH])
            Delivery.objects.bulk_create(
                Delivery(announcement=row, subscriber=each, created_at=now, due_at=now) for each in found
            )
            row.reached = found[-1].pk if found else row.reached
            row.due_at = now if len(found) == BATCH else None
        row.save(update_fields=["reached", "due_at"])
        announce({wake.DUE})
    return True


def _subscribers(row: Announcement) -> QuerySet[Subscriber]:
    """Who is still to be told: confirmed when it was said, and following one of the components that it is about."""
    rows = Subscriber.objects.filter(
        page=row.page_id, state=Subscriber.State.ACTIVE, pk__gt=row.reached, confirmed_at__lte=row.created_at
    )
    if row.update_id is not None:
        public = PublicIncident.objects.filter(page=row.page_id, updates__update=row.update_id).first()
        about = list(public.impacts.values_list("component", flat=True)) if public else []
    else:
        about = list(row.note.maintenance.components.values_list("pk", flat=True))  # type: ignore[union-attr]
    if about:
        through: Any = Subscriber.components.through
        followers = through.objects.filter(component__in=about).values("subscriber")
        rows = rows.filter(Q(all_components=True) | Q(pk__in=followers))
    return rows


def claim(most: int) -> list[tuple[Delivery, DeliveryAttempt]]:
    """Take due deliveries for ourselves, each with a new attempt; cut off, they are due again when the lease is over."""
    now = clock.now()
    with transaction.atomic():
        due = Delivery.objects.filter(due_at__lte=now).order_by("due_at", "id")
        rows = list(claimable(due)[:most])
        for row in rows:
            row.state, row.tried, row.due_at = State.SENDING, row.tried + 1, now + LEASE
        Delivery.objects.bulk_update(rows, ["state", "tried", "due_at"])
        attempts = DeliveryAttempt.objects.bulk_create(
            DeliveryAttempt(delivery=row, number=row.tried, at=now) for row in rows
        )
    return list(zip(rows, attempts, strict=True))


def record(delivery: Delivery, attempt: DeliveryAttempt, result: Handed | Exception | None) -> None:
    """What came of an attempt. None: it was not wanted any more. Another try that has taken the delivery over meanwhile, or
    has ended it, keeps its word; that this one reached somebody is written down all the same."""
    now = clock.now()
    with transaction.atomic():
        attempt.ended_at = now
        mine = Delivery.objects.filter(pk=delivery.pk, state=State.SENDING, tried=delivery.tried)
        if locked(mine).first() is None and not isinstance(result, Handed):
            attempt.delete()
        elif result is None:
            attempt.delete()
            _end(delivery, State.DROPPED)
        elif isinstance(result, Handed):
            attempt.outcome, attempt.provider_id = DeliveryAttempt.Outcome.SENT, result.provider_id[:250]
            attempt.save()
            _end(delivery, State.SENT)
            if delivery.subscriber_id:
                Subscriber.objects.filter(pk=delivery.subscriber_id, failures__gt=0).update(failures=0)
        else:
            _failed(delivery, attempt, result)
        announce({f"deliveries:{delivery.announcement_id}"})


def _failed(delivery: Delivery, attempt: DeliveryAttempt, error: Exception) -> None:
    permanent = isinstance(error, DeliveryFailed) and error.permanent
    pause = again_after(delivery.tried, getattr(error, "retry_after", None))
    attempt.detail = (str(error) if isinstance(error, WatchroomError) else type(error).__name__)[:300]
    if permanent or pause is None:
        attempt.outcome = DeliveryAttempt.Outcome.FAILED
        attempt.save()
        _end(delivery, State.FAILED)
        if delivery.subscriber_id:
            _count_failure(delivery.subscriber_id)
        return
    attempt.outcome = DeliveryAttempt.Outcome.AGAIN
    attempt.save()
    delivery.state, delivery.due_at = State.WAITING, clock.now() + pause
    delivery.save(update_fields=["state", "due_at"])


def _end(delivery: Delivery, state: str) -> None:
    delivery.state, delivery.due_at, delivery.ended_at = state, None, clock.now()
    delivery.save(update_fields=["state", "due_at", "ended_at"])


def _count_failure(subscriber: int) -> None:
    """Whoever can't be reached again and again is left alone."""
    rows = Subscriber.objects.filter(pk=subscriber)
    rows.update(failures=F("failures") + 1)
    rows.filter(failures__gte=FAILURES_TO_END, state=Subscriber.State.ACTIVE).update(
        state=Subscriber.State.ENDED, ended_at=clock.now(), end_reason="could not be reached"
    )
