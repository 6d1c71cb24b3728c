"""Offers of shifts with their messages: whoever is asked learns of it, and whoever asked that nobody took it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from ..accounts.actors import Actor
from ..oncall.commands import expire_swaps, offer_swap
from ..oncall.models import Schedule, Swap
from ..oncall.rules import span_text
from ..paging.commands import notify
from ..paging.models import Notification


def offer(by: Actor, schedule: Schedule, **given: Any) -> Swap:
    """Offer a shift and tell everybody who is asked; both or nothing."""
    with transaction.atomic():
        swap = offer_swap(by, schedule, **given)
        for person in swap.offered_to.all():
            window = span_text(swap.starts_at, swap.ends_at, person.timezone)
            notify(
                person,
                purpose=Notification.Purpose.UPDATE,
                subject=f"Can you cover for {swap.offered_by}?",
                body=f"{schedule.name}, {window}. {swap.reason}".strip(),
                path="/on-call/mine",
                reason=f"swap-{swap.pk}-offered-{person.pk}",
            )
    return swap


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
