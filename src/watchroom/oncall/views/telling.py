"""Swaps and notes with their messages: paging lies above schedules, so the two are brought together at the edge."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from ...accounts.actors import Actor
from ...paging.commands import notify
from .. import commands
from ..models import Handoff, Override, Schedule, Swap


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


def note(by: Actor, handoff: Handoff, text: str) -> Handoff:
    """Leave a note at a shift change; whoever has come on call already is told of it."""
    with transaction.atomic():
        row = commands.note_handoff(by, handoff, text)
        if row.note and row.written_at is not None:
            for person in row.incoming.filter(is_active=True):
                if by.person is None or person.pk != by.person.pk:
                    notify(
                        person,
                        purpose="update",
                        subject=f"A note of the last shift: {row.schedule.name}",
                        body=row.note[:500],
                        path=f"/hand-offs/{row.pk}",
                        reason=f"handoff-{row.pk}-note-{row.note_at:%Y%m%dT%H%M%S}",
                    )
    return row
