"""Offers of shifts that nobody took: whoever made one learns that the shift stays theirs."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from ..oncall.commands import expire_swaps
from ..oncall.models import Swap
from ..oncall.rules import span_text
from ..paging.commands import notify
from ..paging.models import Notification


def next_expiry() -> datetime | None:
    """When the next offer ends."""
    rows = Swap.objects.filter(state=Swap.State.OFFERED).order_by("expires_at")
    return rows.values_list("expires_at", flat=True).first()


def expire() -> int:
    """End the offers whose time has come, and tell who made them; both or neither."""
    with transaction.atomic():
        rows = expire_swaps()
        for row in rows:
            if not row.offered_by.is_active or row.schedule.is_demo:
                continue
            window = span_text(row.starts_at, row.ends_at, row.offered_by.timezone)
            notify(
                row.offered_by,
                purpose=Notification.Purpose.UPDATE,
                subject=f"Nobody took your shift: {row.schedule.name}",
                body=f"You are on call {window}. Ask again, ask one person directly, or be covered for an hour.",
                path="/on-call/mine",
                reason=f"swap-{row.pk}-expired",
            )
    return len(rows)
