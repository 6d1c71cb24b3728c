"""Why was I paged for an alert group, or why not: what of its paging concerns one person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..accounts.models import Person
from ..paging.models import Escalation, EscalationEvent, Notification
from ..paging.people import people_of
from ..paging.rules import Plan
from .holding import page_of
from .models import AlertGroup

_REACHED = (Notification.State.SENT, Notification.State.DELIVERED)
_OPEN = (Notification.State.WAITING, Notification.State.SENDING)


@dataclass(frozen=True)
class Mine:
    """The answer for one person. ``link`` leads to what decided; ``future``: it has not come to that yet."""

    at: datetime
    text: str
    link: str = ""
    future: bool = False


def mine(
    group: AlertGroup, person: Person, escalations: Sequence[Escalation], lines: Iterable[Mapping[str, Any]]
) -> Mine:
    """Whether and by what ``person`` was paged, or why not. ``lines`` are the traces of its ``escalations``."""
    rows = list(
        Notification.objects.filter(
            escalation__in=escalations, person=person, purpose=Notification.Purpose.PAGE
        ).order_by("id")
    )
    if rows:
        return _told(rows)
    named = _named(escalations, person)
    if named is not None:
        return named
    ahead = next((line for line in lines if line["future"] and person.pk in line.get("people", ())), None)
    if ahead is not None:
        return Mine(
            ahead["at"], "You have not been paged yet: your turn comes then, unless somebody answers.", future=True
        )
    if not escalations:
        link = page_of(group.held) if group.held else ""
        return Mine(group.opened_at, "You were not paged, and nobody else was.", link)
    return _passed_over(escalations[-1], person)


def _named(escalations: Sequence[Escalation], person: Person) -> Mine | None:
    """It was their turn, and yet there is no message to them: there was no way to reach them."""
    event = EscalationEvent.objects.filter(escalation__in=escalations, people=person).order_by("id").first()
    if event is None:
        return None
    turn = "as a last resort" if event.kind == EscalationEvent.Kind.LAST_RESORT else "in your turn"
    text = f"You were to be paged {turn}, but no way to reach you was set up for this."
    return Mine(event.at, text, "/me/contact")


def _told(rows: list[Notification]) -> Mine:
    link = f"/notifications?escalation={rows[0].escalation_id}"
    reached = [row for row in rows if row.state in _REACHED]
    if reached:
        more = {1: "", 2: ", and once more"}.get(len(reached), f", and {len(reached) - 1} more times")
        return Mine(
            reached[0].ended_at or reached[0].created_at, f"You were paged by {reached[0].method_text}{more}.", link
        )
    if waits := next((row for row in rows if row.state in _OPEN), None):
        at = waits.due_at or waits.created_at
        return Mine(at, f"You are paged by {waits.method_text}, unless somebody answers before.", link, future=True)
    last = rows[-1]
    if last.state == Notification.State.FAILED:
        text = f"You were to be paged, but no message reached you: {last.method_text} failed."
    else:
        note = f" ({last.note})" if last.note else ""
        text = f"You were to be paged by {last.method_text}, and then it was no longer needed{note}."
    return Mine(last.ended_at or last.created_at, text, link)


def _passed_over(escalation: Escalation, person: Person) -> Mine:
    """Nobody meant to send them anything: they stand in no step, or in one that was left out or never came."""
    link, policy = f"/escalations/{escalation.pk}", escalation.policy or "its policy"
    ended_at, began_at = escalation.ended_at or escalation.started_at, escalation.started_at
    steps = Plan.of(escalation.plan).steps
    if not steps and escalation.policy is None:
        text = (
            "You were not paged: no policy says whom to page, so only the team's managers and the administrators were."
        )
        return Mine(began_at, text, link)
    for number, step in enumerate(steps):
        if person not in people_of((target for target in step.targets if target.is_person), began_at):
            continue
        taken = escalation.events.filter(step=number, kind__in=("step", "skipped")).order_by("id").first()
        if taken is None:
            how = escalation.get_end_display().lower() if escalation.end else "not yet"
            return Mine(
                ended_at, f"You stand in step {number + 1} of “{policy}”, to which it did not come: {how}.", link
            )
        if taken.kind == "skipped":
            return Mine(
                taken.at, f"Step {number + 1} of “{policy}”, in which you stand, was left out: {taken.text}.", link
            )
        text = (
            f"Step {number + 1} of “{policy}” paged {taken.text or 'nobody'}: it was not your turn, or you were away."
        )
        return Mine(taken.at, text, link)
    return Mine(began_at, f"You were not paged: you stood in no step of “{policy}” when it began.", link)
