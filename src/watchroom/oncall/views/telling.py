"""Swaps with their messages: paging lies above schedules, so the two are brought together at the edge."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from ...accounts.actors import Actor
from ...paging.commands import notify
from .. import commands
from ..models import Override, Schedule, Swap


def _window(swap: Swap) -> str:
    return f"{swap.starts_at:%a %d %b %H:%M} to {swap.ends_at:%a %d %b %H:%M} UTC"


def offer(by: Actor, schedule: Schedule, **given: Any) -> Swap:
    """Offer a shift and tell everybody who is asked; both or nothing."""
    with transaction.atomic():
        swap = commands.offer_swap(by, schedule, **given)
        for person in swap.offered_to.all():
            notify(
                person,
                purpose="notice",
                subject=f"Can you cover for {swap.offered_by}?",
                body=f"{schedule.name}, {_window(swap)}. {swap.reason}".strip(),
                path="/on-call/mine",
                reason=f"swap-{swap.pk}-offered-{person.pk}",
            )
    return swap


def take(by: Actor, swap: Swap) -> Override:
    """Take a shift and tell whoever offered it."""
    with transaction.atomic():
        override = commands.take_swap(by, swap)
        notify(
            swap.offered_by,
            purpose="notice",
            subject=f"{override.person} covers for you",
            body=f"{swap.schedule.name}, {_window(swap)}.",
            path=f"/schedules/{swap.schedule.slug}",
            reason=f"swap-{swap.pk}-taken",
        )
    return override
