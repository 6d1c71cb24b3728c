"""A step of which nobody can be reached any more waits for no answer: what follows it comes at once.

Every message of it has failed for good, and nothing else of it was done either. What is still to be sent, is tried again or
has been handed over counts as reached; so does a telephone that rang, for somebody may have heard it. The last resort is
not hurried through: it is asked again after its wait, and with it, where nobody of the last round or of the last resort
itself could be reached, the people of the policy: what kept them from being reached may have passed. Only where it left
somebody out (`excusing.py`) it is asked again at once, with them.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime

from django.db.models import QuerySet

from ...kernel import clock, wake
from ...kernel.db import announce, locked
from ..models import Attempt, Escalation, EscalationEvent, Notification, StepAction
from ..rules import Plan, Position, next_turn
from .excusing import leaves_out
from .nobody import failed_at

log = logging.getLogger(__name__)
Kind = EscalationEvent.Kind
State = Notification.State
_LOST = (State.FAILED, State.CANCELLED)


def held(numbers: Collection[int | None]) -> list[Escalation]:
    """Those of these escalations that run, locked by their numbers. To be called before any of their notifications is
    locked; inside the caller's transaction."""
    wanted = {pk for pk in numbers if pk is not None}
    running = Escalation.objects.filter(pk__in=wanted, ended_at__isnull=True).order_by("pk")
    return list(locked(running)) if wanted else []


def move_on(escalations: Collection[Escalation]) -> None:
    """Let those of these go on at once that wait for an answer which nobody can give. The caller holds them."""
    now = clock.now()
    for escalation in escalations:
        _move_on(escalation, now)


def _move_on(escalation: Escalation, now: datetime) -> None:
    asking = escalation.events.filter(kind__in=(Kind.STEP, Kind.GIVEN, Kind.LAST_RESORT))
    event = asking.select_related("escalation").order_by("-id").first()
    if escalation.ended_at is not None or event is None or not _reached_nobody(escalation, event):
        return
    if escalation.events.filter(kind=Kind.UNREACHED, id__gt=event.pk).exists():
        return
    plan, at = Plan.of(escalation.plan), Position(event.round, event.step or 0)
    names = ", ".join(dict.fromkeys(str(row.person) for row in event.notifications.select_related("person")))
    whom = f" ({names})" if names else ""
    resort = event.kind == Kind.LAST_RESORT
    EscalationEvent.objects.create(
        escalation=escalation,
        at=now,
        kind=Kind.UNREACHED,
        # Of somebody to whom it was given it says nothing of the step that follows.
        step=event.step if event.kind == Kind.STEP else None,
        round=event.round,
        text=f"nobody could be reached{whom[:200]}" + ("; they are asked again" if resort else ""),
    )
    if (defect := failed_at(escalation, plan, event, at)) is not None:
        defect.record_unreached(names)
    log.warning("Escalation %s: nobody of its %s could be reached", escalation.pk, event.get_kind_display().lower())
    if not resort or leaves_out(escalation, event):
        if event.kind == Kind.STEP:
            turn = next_turn(plan, at, somebody=False, before=somebody_before(escalation, at))
            escalation.round, escalation.next_step = turn.after.round, turn.after.step
        escalation.due_at = min(escalation.due_at or now, now)
        escalation.late_seconds = max(escalation.late_seconds, escalation.said_late_seconds)  # it was said to nobody
        escalation.save(update_fields=["round", "next_step", "due_at", "late_seconds"])
    announce(
        {wake.PAGES, "paging-defects", f"escalation:{escalation.pk}", f"{escalation.kind}:{escalation.subject_id}"}
    )


def _reached_nobody(escalation: Escalation, event: EscalationEvent) -> bool:
    """Whether all that was done at this point of an escalation has failed; whoever has answered is not waited for."""
    rows = event.notifications.exclude(person__in=escalation.answers.values("person"))
    actions = event.actions.exclude(state=StepAction.State.CANCELLED)
    if rows.exclude(state__in=_LOST).exists() or actions.exclude(state=StepAction.State.FAILED).exists():
        return False
    if rows.filter(attempts__outcome=Attempt.Outcome.MISSED).exists():
        return False
    return rows.exists() or actions.exists()


def somebody_before(escalation: Escalation, at: Position) -> bool:
    """Whether somebody of a step before ``at`` in its round could be reached, or it was waited for something else."""
    return any(_waited(escalation.events.filter(round=at.round, step__lt=at.step))[escalation.pk, at.round].values())


def in_vain(repeats: Mapping[int, int]) -> set[int]:
    """Those of these escalations, given with how often their plan starts again, of whose last round nobody could be reached:
    they came to the last resort without anybody of the plan having heard of it; and those whose last resort itself has
    reached nobody. Rounds in which all was left out, as the conditions say, count for nothing. Two queries."""
    rounds: dict[int, tuple[int, bool]] = {}
    resort: set[int] = set()
    for (pk, number), steps in _waited(EscalationEvent.objects.filter(escalation__in=list(repeats))).items():
        if number > repeats[pk]:
            resort.add(pk)  # of the last resort only that is told
        elif number >= rounds.get(pk, (0, True))[0]:
            rounds[pk] = number, any(steps.values())
    return resort | {pk for pk, (_, somebody) in rounds.items() if not somebody}


def _waited(events: QuerySet[EscalationEvent]) -> Mapping[tuple[int, int], Mapping[int | None, bool]]:
    """By escalation and round, whether each step of it waited for an answer."""
    acted = set(events.filter(kind=Kind.STEP, actions__isnull=False).values_list("escalation", "round", "step"))
    found: defaultdict[tuple[int, int], dict[int | None, bool]] = defaultdict(dict)
    told = events.filter(kind__in=(Kind.STEP, Kind.NOBODY, Kind.UNREACHED)).order_by("id")
    for pk, number, step, kind in told.values_list("escalation", "round", "step", "kind"):
        found[pk, number][step] = kind == Kind.STEP or (kind == Kind.NOBODY and (pk, number, step) in acted)
    return found
