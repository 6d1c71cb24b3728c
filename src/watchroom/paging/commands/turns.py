"""The engine's side of escalations: whoever holds the row takes its turn, and all that follows is committed with it."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import OperationalError, transaction

from ...accounts.models import Person
from ...channels.base import DeliveryFailed, Message
from ...kernel import clock, wake
from ...kernel import settings as conf
from ...kernel.db import announce, claimable, locked
from ...kernel.errors import Conflict, WatchroomError
from ...kernel.http import origin
from ...kernel.plugins import one_of
from ...oncall.outlook import not_paged
from ..hooks import declare_incident, facts_of, mitigation_named
from ..looking import look_at
from ..models import Approval, Escalation, EscalationEvent, Notification, PagingDefect, RoundRobin, StepAction
from ..people import held, last_resort, name_of
from ..rules import (
    GIVEN_WAIT_SECONDS,
    SEND_LEASE,
    Decision,
    Plan,
    Position,
    Step,
    Target,
    next_turn,
    retry_in,
)
from .catching_up import LATE, late_by
from .defects import record_defect
from .escalations import finish
from .notifications import _JITTER, write
from .rooms import post_in_room

log = logging.getLogger(__name__)
Kind = EscalationEvent.Kind
_MACHINE = {"incident": "incident", "mitigation": "a proposal"}
_PURPOSE = {
    "alert_group": Notification.Purpose.PAGE,
    "role": Notification.Purpose.ROLE,
    "direct": Notification.Purpose.PAGE,
}


def take_turn(most: int) -> int:
    """Carry on up to ``most`` escalations that are due, each in a transaction of its own: its step, everybody's
    notifications and its next due time are committed together, or not at all. Returns how many it handled."""
    handled = 0
    while handled < most:
        holding: list[tuple[int, datetime]] = []
        try:
            if not _take_one(holding):
                break
        except OperationalError:
            raise
        except Exception as error:
            if not holding:
                raise
            pk, due_at = holding[0]
            log.exception("Escalation %s could not be carried on", pk)
            _pass_over(pk, due_at, error)
        handled += 1
    return handled


def _pass_over(pk: int, due_at: datetime, error: Exception) -> None:
    """What one escalation needs is broken (a schedule that cannot be worked out): that stops nobody else's, and its
    own goes on with the next step at once instead of trying the same for ever."""
    now = clock.now()
    with transaction.atomic():
        rows = Escalation.objects.filter(pk=pk, ended_at__isnull=True, due_at=due_at)
        escalation = locked(rows).select_related("team", "policy").first()
        if escalation is None:
            return
        plan, at = Plan.of(escalation.plan), Position(escalation.round, escalation.next_step)
        event = _event(escalation, Kind.NOBODY, at, now, f"could not be carried out: {type(error).__name__}: {error}")
        if not escalation.drill:
            _note_defect(escalation, event, at, f"it is broken ({type(error).__name__}: {error})")
        escalation.first = None
        turn = next_turn(plan, at, somebody=False)
        escalation.round, escalation.next_step = turn.after.round, turn.after.step
        # The last resort is not hurried through, and neither is the end: whatever is wrong may pass.
        wait = 60 if turn.kind == "exhausted" else turn.due_in_seconds
        escalation.due_at = now + timedelta(seconds=wait)
        escalation.save(update_fields=["round", "next_step", "due_at", "first"])
        announce({wake.DUE, f"escalation:{escalation.pk}", f"{escalation.kind}:{escalation.subject_id}"})


def _take_one(holding: list[tuple[int, datetime]]) -> bool:
    """``holding`` takes the number and the due time of what is carried on, as they were before anything changed."""
    now = clock.now()
    with transaction.atomic():
        due = Escalation.objects.filter(ended_at__isnull=True, due_at__lte=now).order_by("due_at", "id")
        escalation = claimable(due).select_related("team", "policy", "first").first()
        if escalation is None:
            return False
        holding.append((escalation.pk, escalation.due_at or now))
        plan, at = Plan.of(escalation.plan), Position(escalation.round, escalation.next_step)
        if escalation.first_id:
            _given(escalation, at, now)
            return True
        turn = next_turn(plan, at)
        if turn.kind == "exhausted":
            finish(
                escalation,
                Escalation.End.EXHAUSTED,
                None,
                "nobody answered, and the last resort has been tried for an hour",
            )
            if not escalation.drill:
                record_defect(
                    PagingDefect.Kind.RAN_OUT,
                    f"ran_out:{escalation.pk}",
                    text=f"Nobody answered “{escalation.title[:200]}”, not even the last resort.",
                    fix="See who was paged and by what, and talk about it.",
                    path=f"/escalations/{escalation.pk}",
                    team=escalation.team,
                    policy=escalation.policy,
                )
            return True
        answered = set(escalation.answers.values_list("person_id", flat=True)) if plan.answers > 1 else set()
        if turn.step is None:
            somebody, held_seconds = _last_resort(escalation, at, answered, now)
        else:
            somebody, held_seconds = _step(escalation, turn.step, at, answered, now)
        turn = next_turn(plan, at, somebody=somebody)
        escalation.round, escalation.next_step = turn.after.round, turn.after.step
        escalation.due_at = now + timedelta(seconds=turn.due_in_seconds + held_seconds)
        escalation.save(update_fields=["round", "next_step", "due_at"])
        announce({wake.DUE, f"escalation:{escalation.pk}", f"{escalation.kind}:{escalation.subject_id}"})
    return True


def _given(escalation: Escalation, at: Position, now: datetime) -> None:
    """Page the one to whom it was given; then it goes on where it stands."""
    given = [person for person in (escalation.first,) if person is not None and person.is_active]
    away = not_paged((person.pk for person in given), now)
    people = [person for person in given if person.pk not in away]
    event = _event(escalation, Kind.GIVEN, at, now, _names(people) + _passed_over(away))
    somebody = _page(escalation, event, people, at, now, escalation.urgency)
    escalation.first = None
    wait = held((person.pk for person in people), escalation.urgency, now)
    escalation.due_at = now + wait + timedelta(seconds=GIVEN_WAIT_SECONDS if somebody else 0)
    escalation.save(update_fields=["first", "due_at"])
    announce({wake.DUE, f"escalation:{escalation.pk}", f"{escalation.kind}:{escalation.subject_id}"})


def _event(escalation: Escalation, kind: str, at: Position, now: datetime, text: str) -> EscalationEvent:
    return EscalationEvent.objects.create(
        escalation=escalation, at=now, kind=kind, step=at.step, round=at.round, text=text[:300]
    )


def _last_resort(escalation: Escalation, at: Position, answered: Collection[int], now: datetime) -> tuple[bool, int]:
    everybody = last_resort(escalation.team, now)
    people = [person for person in everybody if person.pk not in answered] or everybody
    event = _event(escalation, Kind.LAST_RESORT, at, now, _names(people))
    wait = held((person.pk for person in people), escalation.urgency, now)
    return _page(escalation, event, people, at, now, escalation.urgency), int(wait.total_seconds())


def _passed_over(away: Mapping[int, datetime]) -> str:
    """Who is away, for the trace."""
    names = [
        f"{person}, away until {away[person.pk]:%d %b %H:%M} UTC" for person in Person.objects.filter(pk__in=list(away))
    ]
    return f"; not {'; not '.join(names)}" if names else ""


def _step(
    escalation: Escalation, step: Step, at: Position, answered: Collection[int], now: datetime
) -> tuple[bool, int]:
    """Carry out one step. Whether somebody can be expected to answer, and for how many seconds nobody can because all of
    them have quiet hours."""
    decision, people = _decide(escalation, step, at, answered, now)
    if decision.skipped:
        _event(escalation, Kind.SKIPPED, at, now, decision.skipped)
        return False, 0
    if step.pause:
        _event(escalation, Kind.STEP, at, now, "")
        return True, 0
    machines = [target for target in step.targets if not target.is_person]
    passed_over = _passed_over(not_paged(decision.away, now)) if decision.away else ""
    event = _event(escalation, Kind.STEP, at, now, _names(people, machines) + passed_over)
    done = [_begin(escalation, event, target, at, now) for target in machines if target.kind != "mitigation"]
    proposed = [_propose(escalation, target, at, now) for target in machines if target.kind == "mitigation"]
    paged = (
        _page(
            escalation,
            event,
            people,
            at,
            now,
            step.urgency or escalation.urgency,
            "".join(proposed),
            "everybody is away" if decision.away else "nobody is on call",
        )
        if people or len(machines) < len(step.targets)
        else False
    )
    return paged or any(done), decision.held_seconds


def _propose(escalation: Escalation, target: Target, at: Position, now: datetime) -> str:
    """Ask whether a mitigation shall be started; once, however often the policy starts again. Returns what those who
    are paged read about it."""
    proposal = mitigation_named(target.detail)
    if proposal is None:
        _event(escalation, Kind.APPROVAL, at, now, f"The mitigation {target.detail} is no longer in the catalog.")
        return ""
    row, new = Approval.objects.get_or_create(
        escalation=escalation,
        mitigation=target.detail,
        defaults={
            "title": proposal.title[:200],
            "text": proposal.text,
            "mark": proposal.mark,
            "proposed_at": now,
        },
    )
    if new:
        _event(
            escalation, Kind.APPROVAL, at, now, f"Proposed: {row.title}. Nothing is done before somebody approves it."
        )
    if row.state != Approval.State.OPEN:
        return ""
    return f"\n\nProposed: {row.title}. Approve it or decline it there."


def _decide(
    escalation: Escalation, step: Step, at: Position, answered: Collection[int], now: datetime
) -> tuple[Decision, list[Person]]:
    facts = facts_of(escalation, now, step.roles)
    if not (step.round_robin and escalation.policy_id):
        return look_at(step, now, facts, answered=answered, urgency=escalation.urgency)
    RoundRobin.objects.get_or_create(policy_id=escalation.policy_id, position=at.step)
    # Another escalation that takes this step now waits here until our choice is committed.
    turns = locked(RoundRobin.objects.filter(policy_id=escalation.policy_id, position=at.step)).get()
    decision, people = look_at(step, now, facts, last=turns.last_id, answered=answered, urgency=escalation.urgency)
    if people and not decision.skipped:
        turns.last, turns.turns = people[0], turns.turns + 1
        turns.save(update_fields=["last", "turns"])
    return decision, people


def _names(people: Sequence[Person], machines: Sequence[Target] = ()) -> str:
    words = [str(person) for person in people]
    words += [_machine(target) for target in machines]
    return ", ".join(words) or "nobody"


def _machine(target: Target) -> str:
    return _MACHINE.get(target.kind) or name_of(target)


def _page(
    escalation: Escalation,
    event: EscalationEvent,
    people: Sequence[Person],
    at: Position,
    now: datetime,
    urgency: str,
    more: str = "",
    nobody: str = "nobody is on call",
) -> bool:
    event.people.set(people)
    reachable = [person for person in people if person.contact_methods.filter(enabled=True).exists()]
    if not reachable:
        why = "none of them has a contact method" if people else nobody
        _event(escalation, Kind.NOBODY, at, now, f"nobody to page here: {why}")
        _note_defect(escalation, event, at, why)
    late = now - (escalation.due_at or now)
    body = escalation.body + more
    if late > LATE:
        body = f"{late_by(late)}\n\n{body}"
    write(
        reachable,
        purpose=_PURPOSE[escalation.kind],
        urgency=urgency,
        subject=escalation.title,
        body=body,
        path=escalation.path,
        reason=f"escalation:{escalation.pk}:{at.round}:{event.kind}:{at.step}"
        + (f":{event.pk}" if event.kind == Kind.GIVEN else ""),
        drill=escalation.drill,
        escalation=escalation,
        event=event,
    )
    return bool(reachable)


def _note_defect(escalation: Escalation, event: EscalationEvent, at: Position, why: str) -> None:
    """A step that pages nobody is a defect of the rota, to be mended before the next time. A drill's is none, and nobody
    misses a role before there is an incident."""
    step = next_turn(Plan.of(escalation.plan), at).step if event.kind != Kind.LAST_RESORT else None
    if escalation.drill or (step is not None and step.roles) or event.kind == Kind.GIVEN:
        return
    policy = escalation.policy
    if step is not None and policy is not None:
        what, path = f"Step {at.step + 1} of {policy}", f"/policies/{policy.slug}"
    elif step is not None:
        what, path = "A direct page", escalation.path
    else:
        what, path = "The last resort", "/people"
    record_defect(
        PagingDefect.Kind.NOBODY,
        f"nobody:{policy.pk}:{at.step}" if step is not None and policy is not None else f"nobody:{what}",
        text=f"{what} had nobody to page: {why}. It was about “{escalation.title[:200]}”.",
        fix="Put somebody into it who has a contact method.",
        path=path,
        team=escalation.team if policy is None else policy.team,
        policy=policy if step is not None else None,
    )


def _begin(escalation: Escalation, event: EscalationEvent, target: Target, at: Position, now: datetime) -> bool:
    """Put into the book what a step does besides paging. It is carried out in a transaction of its own: nothing there
    may keep the step from paging people, and an incident locks alerts, which come before escalations."""
    if target.kind == "webhook":
        key = escalation.policy.webhook_key if escalation.policy else None
        if not key:
            _event(escalation, Kind.WEBHOOK, at, now, "The webhook was not called: the policy has been deleted.")
            return False
        text, settings = f"webhook {origin(target.detail)}/…", {"url": target.detail, "secret": key}
    elif target.kind == "chat":
        text, settings = name_of(target), {"workspace": target.id, "room": target.detail}
    else:
        text, settings = "declare an incident", {"severity": target.id}
    StepAction.objects.create(
        escalation=escalation,
        event=event,
        kind=target.kind,
        target=text[:200],
        settings=settings,
        created_at=now,
        due_at=now,
    )
    return True


def claim_actions(most: int) -> list[StepAction]:
    """Take up to ``most`` calls that are due. Each gets a lease; if the process dies before the result is written, it
    is made again with the same key."""
    now = clock.now()
    with transaction.atomic():
        due = StepAction.objects.filter(ended_at__isnull=True, due_at__lte=now).order_by("due_at", "id")
        rows = list(claimable(due)[:most])
        for row in rows:
            row.tries += 1
            row.due_at = now + SEND_LEASE
        StepAction.objects.bulk_update(rows, ["tries", "due_at"])
    return rows


def carry_out_action(action: StepAction) -> None:
    """Try an action once and write down what came of it."""
    if action.kind == StepAction.Kind.INCIDENT:
        return _declare(action)
    try:
        result: str | Exception = post_in_room(action) if action.kind == StepAction.Kind.CHAT else _call(action)
    except Exception as error:
        result = error
    with transaction.atomic():
        _record(action, result)


def _declare(action: StepAction) -> None:
    try:
        with transaction.atomic():
            _record(action, declare_incident(action.escalation, int(action.settings["severity"])))
    except Exception as error:
        if not isinstance(error, WatchroomError):
            log.exception("A step could not declare an incident: escalation %s", action.escalation_id)
        with transaction.atomic():
            _record(action, DeliveryFailed(str(error), permanent=isinstance(error, WatchroomError)))


def _call(action: StepAction) -> str:
    """Only a 2xx answer counts as accepted."""
    escalation = action.escalation
    message = Message(
        key=f"watchroom-action-{action.pk}",
        subject=escalation.title,
        body=escalation.body,
        url=f"{conf.current().url}{escalation.path}",
        purpose="page",
        urgent=escalation.urgency == "high",
        drill=escalation.drill,
        person="",
        actions=(),
        facts={
            "escalation": escalation.pk,
            "kind": escalation.kind,
            "subject": escalation.subject_id,
            "step": (action.event.step or 0) + 1,
            "round": action.event.round,
        },
    )
    one_of("watchroom.channels", "webhook").send(action.settings, message)
    return f"{action.target} accepted it"


class _TooLate(Conflict):
    """Somebody has answered while an incident was being declared: take it back."""


def _record(action: StepAction, result: str | Exception) -> None:
    """Write down a result. Inside the caller's transaction."""
    now = clock.now()
    escalation = locked(Escalation.objects.filter(pk=action.escalation_id)).get()
    row = locked(StepAction.objects.filter(pk=action.pk)).get()
    at = Position(action.event.round, action.event.step or 0)
    kind = Kind(action.kind)
    if row.ended_at is not None:
        if action.kind == StepAction.Kind.INCIDENT and isinstance(result, str):
            raise _TooLate("The escalation has ended.")
        return
    if isinstance(result, str):
        row.state, row.ended_at, row.due_at, row.error = StepAction.State.DONE, now, None, ""
        again = f", at try {row.tries}" if row.tries > 1 else ""
        _event(escalation, kind, at, now, f"{result}{again}")
    else:
        failed = result if isinstance(result, DeliveryFailed) else DeliveryFailed(f"{type(result).__name__}: {result}")
        row.error = str(failed)[:1000]
        wait = retry_in(row.tries, permanent=failed.permanent, retry_after=failed.retry_after, jitter=_JITTER)
        if wait is None:
            row.state, row.ended_at, row.due_at = StepAction.State.FAILED, now, None
            _event(escalation, kind, at, now, f"{row.target} failed: {failed}")
            _go_on(escalation, action, now)
        else:
            row.due_at = now + wait
    row.save(update_fields=["state", "ended_at", "due_at", "error"])
    announce({f"escalation:{escalation.pk}", f"{escalation.kind}:{escalation.subject_id}", wake.DUE})


def _go_on(escalation: Escalation, action: StepAction, now: datetime) -> None:
    """A step that paged nobody and whose action has failed does not wait for an answer that can't come."""
    latest = escalation.events.filter(kind__in=(Kind.STEP, Kind.LAST_RESORT)).order_by("-id").first()
    hopeless = not (action.event.notifications.exists() or action.event.actions.filter(ended_at=None).count() > 1)
    if escalation.ended_at is None and latest is not None and latest.pk == action.event_id and hopeless:
        escalation.due_at = now
        escalation.save(update_fields=["due_at"])
