"""Whoever keeps a runbook right is told once, in the morning, when it is to be looked at again."""

from __future__ import annotations

from django.db import transaction

from ...accounts.queries import managers_of
from ...kernel import clock
from ...kernel.db import claimable
from ...paging.commands import notify
from ...paging.models import Notification
from ..models import Runbook
from ..rules import reviews


def remind_next() -> bool:
    """Tell whoever keeps one runbook right whose review is due, and say whether there was one: its owner, or the managers of its
    team where it has none or they have left. Once for each time that it is due."""
    now = clock.now()
    with transaction.atomic():
        due = Runbook.objects.filter(remind_at__lte=now).order_by("remind_at", "id")
        row = claimable(due).first()
        if row is None:
            return False
        owner = row.owner if row.owner is not None and row.owner.is_active else None
        since = reviews.due(row.reviewed_at or row.created_at, row.review_days)
        for person in [owner] if owner else managers_of(row.team):
            notify(
                person,
                purpose=Notification.Purpose.REMINDER,
                subject=f"Is this runbook still right? {row.name}"[:200],
                body="Read it once as if you had been woken for it. If it is right, press “Still right”; if not, mend it. "
                f"It was last looked at on {row.reviewed_at or row.created_at:%d %B %Y}.",
                path=f"/runbooks/{row.slug}",
                reason=f"runbook-review-{row.pk}-{since or now:%Y%m%dT%H%M}-{person.pk}",
            )
        row.remind_at = None
        row.save(update_fields=["remind_at"])
    return True
