"""What follows from turns of escalations: gathered while they are decided, and written together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ...accounts.models import Person
from ...kernel import wake
from ...kernel.db import announce, insert_all, update_each
from ...kernel.http import origin
from ...workspaces.posts import redraw
from ..hooks import proposed_by, tell_proposed
from ..models import Approval, Escalation, EscalationEvent, RoundRobin, StepAction
from ..naming import name_of
from ..people import Roster
from ..proposed import approval_words
from ..rules import Target
from .nobody import Defect, event_of
from .notifications import Notice, write_all
from .places import Place

Kind = EscalationEvent.Kind
_MOVED = ["round", "next_step", "due_at", "first", "first_told", "late_seconds", "said_late_seconds"]


class Book:
    """Events, pages, defects and deeds of many turns at one moment. Nothing is written before :meth:`write`, but what can't be
    said without (what was proposed before)."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self.defects: list[tuple[Defect, str]] = []
        self._events: list[EscalationEvent] = []
        self._paged: list[tuple[EscalationEvent, Sequence[Person]]] = []
        self._notices: list[Notice] = []
        self._actions: list[StepAction] = []
        self._newly_proposed: list[Escalation] = []

    def note(self, place: Place, kind: str, text: str) -> EscalationEvent:
        """A line of the trace."""
        event = event_of(place.escalation, kind, place.at, self._now, text)
        self._events.append(event)
        return event

    def page(self, event: EscalationEvent, people: Sequence[Person], notice: Notice) -> None:
        """These were to be paged; those of ``notice`` can be."""
        self._paged.append((event, people))
        self._notices.append(notice)

    def propose(self, place: Place, target: Target) -> str:
        """Ask whether a mitigation or a runbook shall be started; once, however often the policy starts again. Returns what those who
        are paged read about it."""
        proposal = proposed_by(target)
        if proposal is None:
            gone = f"The {target.kind} {target.detail} is no longer there: nothing was proposed."
            self.note(place, Kind.APPROVAL, gone)
            return ""
        row, new = Approval.objects.get_or_create(
            escalation=place.escalation,
            **Approval.named(target),
            defaults={
                "title": proposal.title[:200],
                "text": proposal.text,
                "mark": proposal.mark,
                "proposed_at": self._now,
            },
        )
        if new:
            text = f"Proposed: {row.title}. Nothing is done before somebody approves it."
            self.note(place, Kind.APPROVAL, text)
            self._newly_proposed.append(place.escalation)
        if row.state != Approval.State.OPEN:
            return ""
        return f"\n\n{approval_words(row.title)}"

    def begin(self, place: Place, event: EscalationEvent, target: Target) -> bool:
        """Put into the book what a step does besides paging. It is carried out in a transaction of its own: nothing there
        may keep the step from paging people, and an incident locks alerts, which come before escalations."""
        if target.kind == "webhook":
            policy = place.escalation.policy
            key = policy.webhook_key if policy else None
            if not key:
                self.note(place, Kind.WEBHOOK, "The webhook was not called: the policy has been deleted.")
                return False
            text, settings = f"webhook {origin(target.detail)}/…", {"url": target.detail, "secret": key}
        elif target.kind == "chat":
            text, settings = name_of(target), {"workspace": target.id, "room": target.detail}
        else:
            text, settings = "declare an incident", {"severity": target.id}
        self._actions.append(
            StepAction(
                escalation=place.escalation,
                event=event,
                kind=target.kind,
                target=text[:200],
                settings=settings,
                created_at=self._now,
                due_at=self._now,
            )
        )
        return True

    def write(self, escalations: Sequence[Escalation], robins: Sequence[RoundRobin], roster: Roster) -> None:
        """Write all of it, with where the escalations stand now and whose turn it was, and wake whoever waits for it."""
        insert_all(self._events)
        through: Any = EscalationEvent.people.through
        insert_all(
            [through(escalationevent_id=event.pk, person_id=one.pk) for event, who in self._paged for one in who]
        )
        if self._actions:
            StepAction.objects.bulk_create(self._actions)
        update_each(robins, ["last", "turns"])
        for notice in self._notices:
            if notice.event is not None and notice.event.kind == Kind.GIVEN:  # it may be given to the same one again
                notice.reason += f":{notice.event.pk}"
        write_all(self._notices, roster)
        for defect, why in sorted(self.defects, key=lambda each: each[0].key):
            defect.record(why)
        update_each(escalations, _MOVED)
        if self._newly_proposed:
            tell_proposed(self._newly_proposed)
            for kind in sorted({each.kind for each in self._newly_proposed}):
                redraw(kind, [each.subject_id for each in self._newly_proposed if each.kind == kind])
        topics = {wake.PAGES, *([wake.DUE] if self._actions else [])}
        for escalation in escalations:
            topics |= {f"escalation:{escalation.pk}", f"{escalation.kind}:{escalation.subject_id}"}
        announce(topics)
