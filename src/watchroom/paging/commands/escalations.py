"""Escalations: started in the transaction of their cause, carried on by the engine, ended by an answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db import transaction

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Person, Team
from ...accounts.roles import Action
from ...kernel import clock, wake
from ...kernel.db import announce, claimable, locked
from ...kernel.errors import Refused
from ..models import Escalation, EscalationEvent, EscalationPolicy, Notification
from ..people import last_resort, people_of
from ..rules import Plan, Position, Step, Target, next_turn
from .notifications import cancel_waiting, write

DIRECT_WAIT_SECONDS = 300
DIRECT_REPEATS = 2
_PURPOSE = {
    "alert_group": Notification.Purpose.PAGE,
    "role": Notification.Purpose.ROLE,
    "direct": Notification.Purpose.PAGE,
}
Kind = EscalationEvent.Kind


def plan_of(policy: EscalationPolicy) -> Plan:
    """The policy's steps at this moment."""
    steps = []
    for step in policy.steps.prefetch_related("targets"):
        targets = tuple(
            Target("person", t.person_id)
            if t.person_id
            else Target("team", t.team_id)
            if t.team_id
            else Target("schedule", t.schedule_id or 0)
            for t in step.targets.all()
        )
        steps.append(Step(targets, step.wait_seconds))
    return Plan(tuple(steps), policy.repeats)


def start_escalation(
    *,
    kind: str,
    subject_id: int | None,
    title: str,
    body: str,
    path: str,
    team: Team | None,
    urgency: str = "high",
    policy: EscalationPolicy | None = None,
    people: Sequence[Person] = (),
    drill: bool = False,
) -> Escalation:
    """Start carrying out ``policy``, or a plan that pages ``people`` again and again until they answer.

    Inside the caller's transaction, so that there is no moment at which the cause exists without its escalation.
    """
    now = clock.now()
    if policy is not None:
        plan = plan_of(policy)
    else:
        targets = tuple(Target("person", person.pk) for person in people)
        plan = Plan((Step(targets, DIRECT_WAIT_SECONDS),) if targets else (), DIRECT_REPEATS)
    escalation = Escalation.objects.create(
        kind=kind,
        subject_id=subject_id,
        title=title[:300],
        body=body,
        path=path,
        team=team,
        urgency=urgency,
        policy=policy,
        policy_version=policy.version if policy else 0,
        plan=plan.as_json(),
        drill=drill,
        started_at=now,
        due_at=now,
    )
    text = f"{policy} (version {policy.version})" if policy else "paged directly"
    EscalationEvent.objects.create(escalation=escalation, at=now, kind=Kind.STARTED, text=text)
    announce({wake.DUE, f"escalation:{escalation.pk}"})
    return escalation


def take_turn(most: int) -> int:
    """Carry on up to ``most`` escalations that are due, each in a transaction of its own: its step, everybody's
    notifications and its next due time are committed together, or not at all. Returns how many it handled."""
    handled = 0
    while handled < most and _take_one():
        handled += 1
    return handled


def _take_one() -> bool:
    now = clock.now()
    with transaction.atomic():
        due = Escalation.objects.filter(ended_at__isnull=True, due_at__lte=now).order_by("due_at", "id")
        escalation = claimable(due).select_related("team").first()
        if escalation is None:
            return False
        plan, at = Plan.of(escalation.plan), Position(escalation.round, escalation.next_step)
        turn = next_turn(plan, at)
        if turn.kind == "exhausted":
            _end(
                escalation,
                Escalation.End.EXHAUSTED,
                None,
                "nobody answered, and the last resort has been tried for an hour",
            )
            return True
        people = last_resort(escalation.team) if turn.step is None else people_of(turn.step.targets, now)
        reachable = [person for person in people if person.contact_methods.filter(enabled=True).exists()]
        kind = Kind.LAST_RESORT if turn.kind == "last_resort" else Kind.STEP
        event = EscalationEvent.objects.create(
            escalation=escalation,
            at=now,
            kind=kind,
            step=at.step,
            round=at.round,
            text=", ".join(str(person) for person in people)[:300] or "nobody",
        )
        event.people.set(people)
        if not reachable:
            EscalationEvent.objects.create(
                escalation=escalation,
                at=now,
                kind=Kind.NOBODY,
                step=at.step,
                round=at.round,
                text="nobody to page here: " + ("none of them has a contact method" if people else "nobody is on call"),
            )
        late = now - (escalation.due_at or now)
        body = escalation.body
        if late > timedelta(minutes=2):
            body = f"Late by {int(late.total_seconds() // 60)} min: Watchroom was not running.\n\n{body}"
        write(
            reachable,
            purpose=_PURPOSE[escalation.kind],
            urgency=escalation.urgency,
            subject=escalation.title,
            body=body,
            path=escalation.path,
            reason=f"escalation:{escalation.pk}:{at.round}:{kind}:{at.step}",
            drill=escalation.drill,
            escalation=escalation,
            event=event,
        )
        turn = next_turn(plan, at, somebody=bool(reachable))
        escalation.round, escalation.next_step = turn.after.round, turn.after.step
        escalation.due_at = now + timedelta(seconds=turn.due_in_seconds)
        escalation.save(update_fields=["round", "next_step", "due_at"])
        announce({wake.DUE, f"escalation:{escalation.pk}", f"{escalation.kind}:{escalation.subject_id}"})
    return True


def _end(escalation: Escalation, end: str, person: Person | None, text: str) -> None:
    now = clock.now()
    escalation.ended_at, escalation.due_at, escalation.end, escalation.ended_by = now, None, end, person
    escalation.save(update_fields=["ended_at", "due_at", "end", "ended_by"])
    EscalationEvent.objects.create(escalation=escalation, at=now, kind=Kind.ENDED, text=text[:300])
    cancel_waiting(escalation)
    announce(
        {
            f"escalation:{escalation.pk}",
            f"{escalation.kind}:{escalation.subject_id}",
            *(f"person:{pk}" for pk in escalation.notifications.values_list("person_id", flat=True).distinct()),
        }
    )


def stop_escalation(kind: str, subject_id: int | None, *, end: str, by: Actor) -> Escalation | None:
    """End the running escalation of a subject and all that it had not yet sent. Inside the caller's transaction.

    Returns None when none is running.
    """
    running = Escalation.objects.filter(kind=kind, subject_id=subject_id, ended_at__isnull=True)
    escalation = locked(running).first()
    if escalation is not None:
        _end(escalation, end, by.person, f"{Escalation.End(end).label} by {by.name}")
    return escalation


def page(
    by: Actor, *, people: Iterable[Person], title: str, body: str = "", urgent: bool = True, path: str = ""
) -> Escalation:
    """Page people directly, again and again until one of them answers.

    :raises Refused: nobody or nothing was given.
    """
    people = list(people)
    if not people:
        raise Refused("Nobody to page.", field="people", value=[], fix="Name at least one person.")
    if not title.strip():
        raise Refused("A page needs a title.", field="title", value=title, fix="Say in one line what you need.")
    with change(by, "person.paged", people[0], needs=Action.RESPOND) as made:
        made.note(people=[str(person) for person in people], title=title)
        escalation = start_escalation(
            kind=Escalation.Kind.DIRECT,
            subject_id=None,
            title=title,
            body=body or f"Paged by {by.name}.",
            path=path,
            team=None,
            urgency="high" if urgent else "low",
            people=people,
        )
        escalation.subject_id = escalation.pk  # so that it can be answered like any other
        escalation.path = path or f"/escalations/{escalation.pk}"
        escalation.save(update_fields=["subject_id", "path"])
    return escalation
