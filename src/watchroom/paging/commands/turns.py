"""Who takes the turns of escalations, and what happens if one breaks.

An engine claims those that are due and takes their turns together (`carrying_on.py`); one that breaks takes none of the
others with it: then they are taken one by one, and that one goes on with its next step. Whoever starts escalations takes
their first turns at once.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, transaction
from django.db.models import QuerySet

from ...kernel import clock, wake
from ...kernel.again import retried
from ...kernel.db import announce, claimable, locked
from ...kernel.prepared import attach, prepared
from ..models import Escalation, EscalationEvent, PagingDefect
from ..rules import Plan, Position, next_turn
from .carrying_on import LeftToTheEngine, carry_on
from .defects import record_defect
from .ending import finish
from .moving_on import somebody_before
from .nobody import defect_of, event_of, named

log = logging.getLogger(__name__)
_HELD = ("pk", "due_at", "round", "next_step", "first_id")  # the due time alone stays where a step asks nobody
AT_ONCE = 200  # bounds the transaction, and for how long an answer to one of them may have to wait


def take_turn(most: int) -> int:
    """Carry on up to ``most`` escalations that are due: the step of each, everybody's notifications and its next due time
    are committed together, or not at all. Returns how many it handled."""
    handled = 0
    while handled < most:
        wanted = min(most - handled, AT_ONCE)
        try:
            done = _take(wanted, [])
        except OperationalError:
            raise
        except Exception:
            log.exception("Escalations could not be carried on together; taking them one by one")
            done = _take_one_by_one(wanted)
        handled += done
        if not done:
            break
    return handled


def _take_one_by_one(most: int) -> int:
    for done in range(most):
        if not _take_alone():
            return done
    return most


def _take_alone() -> int:
    """The next one that is due. What it needs may be broken (a schedule that cannot be worked out): that stops nobody
    else's."""
    holding: list[dict[str, Any]] = []
    try:
        return _take(1, holding)
    except OperationalError:
        raise
    except Exception as error:
        if not holding:
            raise
        log.exception("Escalation %s could not be carried on", holding[0]["pk"])
        _pass_over(holding[0], error)
        return 1


def _take(most: int, holding: list[dict[str, Any]]) -> int:
    """``holding`` takes the number, the due time and the place of what is carried on, as they were before anything changed."""
    now = clock.now()
    taken, through = _take_batch(most, holding, now)
    for pk in through:
        _run_out(pk, now)
    return taken


@prepared
def _due(now: datetime, *, most: int) -> QuerySet[Escalation]:
    due = Escalation.objects.filter(ended_at__isnull=True, due_at__lte=now).order_by("due_at", "id")
    return claimable(due)[:most]


@retried
def _take_batch(most: int, holding: list[dict[str, Any]], now: datetime) -> tuple[int, list[int]]:
    with transaction.atomic():
        rows = _due(now, most=most)
        attach(rows, "team")  # many share them
        attach(rows, "first")
        attach(attach(rows, "policy"), "team")
        holding[:] = [
            {name: getattr(row, name) for name in _HELD} for row in rows
        ]  # not those of a try that was given up
        return len(rows), carry_on(rows, now)


@retried
def _run_out(pk: int, now: datetime) -> None:
    """Nobody has answered, not even the last resort. By itself: ending it locks the notifications of that escalation, and
    whoever holds those of several takes them in another order."""
    with transaction.atomic():
        due = Escalation.objects.filter(pk=pk, ended_at__isnull=True, due_at__lte=now)
        escalation = claimable(due).select_related("team", "policy").first()
        if escalation is None or not _is_through(escalation):
            return
        finish(
            escalation,
            Escalation.End.EXHAUSTED,
            None,
            "nobody answered"
            + ("" if escalation.plan.get("closed") else ", and the last resort has been tried for an hour"),
        )
        if not escalation.drill:
            record_defect(
                PagingDefect.Kind.RAN_OUT,
                f"ran_out:{escalation.pk}",
                text=f"Nobody answered {named(escalation)}, not even the last resort.",
                fix="See who was paged and by what, and talk about it.",
                path=f"/escalations/{escalation.pk}",
                team=escalation.team,
                policy=escalation.policy,
            )


def _is_through(escalation: Escalation) -> bool:
    plan, at = Plan.of(escalation.plan), Position(escalation.round, escalation.next_step)
    return not escalation.first_id and next_turn(plan, at).kind == "exhausted"


def _pass_over(held: dict[str, Any], error: Exception) -> None:
    """What one escalation needs is broken: its own goes on with the next step at once instead of trying the same for
    ever. Unless it stands elsewhere than where it was ``held``: then somebody else has taken that step meanwhile."""
    now = clock.now()
    with transaction.atomic():
        rows = Escalation.objects.filter(ended_at__isnull=True, **held)
        escalation = locked(rows).select_related("team", "policy__team").first()
        if escalation is None:
            return
        plan, at = Plan.of(escalation.plan), Position(escalation.round, escalation.next_step)
        event = event_of(
            escalation,
            EscalationEvent.Kind.NOBODY,
            at,
            now,
            f"could not be carried out: {type(error).__name__}: {error}",
        )
        event.save()
        if not escalation.drill and (defect := defect_of(escalation, plan, event, at)) is not None:
            defect.record(f"it is broken ({type(error).__name__}: {error})")
        escalation.first, escalation.first_told = None, ""
        turn = next_turn(plan, at, somebody=False, before=somebody_before(escalation, at))
        escalation.round, escalation.next_step = turn.after.round, turn.after.step
        # The last resort is not hurried through, and neither is the end: whatever is wrong may pass.
        wait = 60 if turn.kind == "exhausted" else turn.due_in_seconds
        escalation.due_at = now + timedelta(seconds=wait)
        escalation.save(update_fields=["round", "next_step", "due_at", "first", "first_told"])
        announce({wake.DUE, f"escalation:{escalation.pk}", f"{escalation.kind}:{escalation.subject_id}"})


@prepared
def _running(numbers: Collection[int], now: datetime) -> QuerySet[Escalation, tuple[int, str]]:
    rows = Escalation.objects.filter(pk__in=numbers, ended_at__isnull=True, due_at__lte=now)
    return rows.order_by().values_list("pk", "urgency")


def take_first_turns(started: Sequence[Escalation]) -> None:
    """Take the turns of escalations that have just been started in the caller's transaction, so that nobody waits until an
    engine comes round to them. To be called last in it: it may take locks, and waits for none. What breaks, or what
    somebody else has in hand, is simply still due: the engine comes to it."""
    now = clock.now()
    running = dict(_running([each.pk for each in started], now))  # some may be answered meanwhile, or become urgent
    escalations = [each for each in started if each.pk in running]
    for each in escalations:
        each.urgency = running[each.pk]
    if not escalations:
        return
    try:
        with transaction.atomic():
            carry_on(escalations, now, patient=False)
    except OperationalError:
        raise
    except LeftToTheEngine:
        pass
    except Exception:
        log.exception("First turns could not be taken at once; they are left to the engine")
