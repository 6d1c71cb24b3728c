"""Swaps and notes with their messages: paging lies above schedules, so the two are brought together at the edge."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from ...accounts.actors import Actor
from ...accounts.models import Person
from ...insights.offers import offer
from ...paging.commands import notify
from ...paging.models import Notification
from .. import commands
from ..models import Handoff, Override, Schedule, Swap
from ..rules import span_text

__all__ = ["cover", "decline", "note", "offer", "take", "take_over"]


def _window(what: Swap | Override, person: Person) -> str:
    return span_text(what.starts_at, what.ends_at, person.timezone)


def take(by: Actor, swap: Swap) -> Override:
    """Take a shift and tell whoever offered it."""
    with transaction.atomic():
        override = commands.take_swap(by, swap)
        notify(
            swap.offered_by,
            purpose=Notification.Purpose.UPDATE,
            subject=f"{override.person} covers for you",
            body=f"{swap.schedule.name}, {_window(swap, swap.offered_by)}.",
            path=f"/schedules/{swap.schedule.slug}",
            reason=f"swap-{swap.pk}-taken",
        )
    return override


def decline(by: Actor, swap: Swap) -> None:
    """Decline a shift. Once all who were asked have, whoever offered it is told: it stays theirs unless they do something."""
    with transaction.atomic():
        if not commands.decline_swap(by, swap):
            notify(
                swap.offered_by,
                purpose=Notification.Purpose.UPDATE,
                subject=f"Everybody declined your shift: {swap.schedule.name}",
                body=f"You are on call {_window(swap, swap.offered_by)}. Ask somebody else, or enter who covers for you.",
                path="/on-call/mine",
                reason=f"swap-{swap.pk}-declined",
            )


def take_over(by: Actor, schedule: Schedule, **given: Any) -> Override:
    """Take over somebody's shift without having been asked, and tell them."""
    with transaction.atomic():
        override = commands.take_shift(by, schedule, **given)
        assert override.replaces is not None
        _tell(override.replaces, override, f"{override.person} takes over from you")
    return override


def cover(by: Actor, schedule: Schedule, **given: Any) -> Override:
    """Somebody stands in for ``by`` from now on, and is told at once: pages go to them."""
    with transaction.atomic():
        override = commands.cover(by, schedule, **given)
        _tell(override.person, override, f"You cover for {override.replaces}")
    return override


def _tell(person: Person, override: Override, subject: str) -> None:
    notify(
        person,
        purpose=Notification.Purpose.UPDATE,
        subject=subject,
        body=f"{override.schedule.name}, {_window(override, person)}.",
        path=f"/schedules/{override.schedule.slug}",
        reason=f"override-{override.pk}-{person.pk}",
    )


def note(by: Actor, handoff: Handoff, text: str) -> Handoff:
    """Leave a note at a shift change; whoever has come on call already is told of it."""
    with transaction.atomic():
        row = commands.note_handoff(by, handoff, text)
        if row.note and row.written_at is not None:
            for person in row.incoming.filter(is_active=True):
                if by.person is None or person.pk != by.person.pk:
                    notify(
                        person,
                        purpose=Notification.Purpose.UPDATE,
                        subject=f"A note of the last shift: {row.schedule.name}",
                        body=row.note[:500],
                        path=f"/hand-offs/{row.pk}",
                        reason=f"handoff-{row.pk}-note-{row.note_at:%Y%m%dT%H%M%S}",
                    )
    return row
