"""Escalations: started in the transaction of their cause, carried on by the engine, ended by an answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ...accounts.actors import Actor
from ...accounts.changes import change
from ...accounts.models import Person, Team
from ...accounts.roles import Action
from ...kernel import clock, wake
from ...kernel.db import announce, insert_all, locked
from ...kernel.errors import NotAllowed, Refused
from ...oncall.outlook import not_paged
from ...workspaces.posts import redraw
from ..models import Escalation, EscalationAnswer, EscalationEvent, EscalationPolicy, Notification
from ..people import people_of
from ..rules import Plan, Position, Step, Target, next_turn
from .ending import finish, withdraw_proposals
from .moving_on import move_on
from .policies import plans_of

DIRECT_WAIT_SECONDS = 300
DIRECT_REPEATS = 2
Kind = EscalationEvent.Kind


@dataclass(frozen=True)
class Cause:
    """What an escalation is about, and what it carries out: ``policy``, or a plan that pages ``people`` and ``teams``
    again and again until they answer. ``excused``: who has it already and asks for help, or can't take it."""

    kind: str
    subject_id: int | None
    title: str
    body: str
    path: str
    team: Team | None
    urgency: str = "high"
    policy: EscalationPolicy | None = None
    people: Sequence[Person] = ()
    teams: Sequence[Team] = ()
    drill: bool = False
    sender: Person | None = None
    excused: Person | None = None

    @property
    def text(self) -> str:
        what = f"{self.policy} (version {self.policy.version})" if self.policy else "paged directly"
        return f"{what}, by {self.sender}" if self.sender else what

    def direct_plan(self) -> Plan:
        """What it carries out without a policy. Of a drill nobody is paged beyond those whom it names."""
        people = (Target("person", each.pk) for each in self.people)
        targets = (*people, *(Target("team", each.pk) for each in self.teams))
        steps = (Step(targets, DIRECT_WAIT_SECONDS),) if targets else ()
        return Plan(steps, DIRECT_REPEATS, closed=self.drill and bool(targets))


def start_escalations(causes: Sequence[Cause]) -> list[Escalation]:
    """Start one escalation for each cause; a thousand cost as many statements as one.

    Inside the caller's transaction, so that there is no moment at which a cause exists without its escalation.
    """
    now = clock.now()
    policies = {cause.policy.pk: cause.policy for cause in causes if cause.policy is not None}
    plans = {pk: plan.as_json() for pk, plan in plans_of(policies.values()).items()} if policies else {}

    def plan_for(cause: Cause) -> dict[str, Any]:
        return cause.direct_plan().as_json() if cause.policy is None else plans[cause.policy.pk]

    started = [
        Escalation(
            kind=cause.kind,
            subject_id=cause.subject_id,
            title=cause.title[:300],
            body=cause.body,
            path=cause.path,
            team=cause.team,
            urgency=cause.urgency,
            policy=cause.policy,
            policy_version=cause.policy.version if cause.policy else 0,
            plan=plan_for(cause),
            drill=cause.drill,
            sender=cause.sender,
            excused=cause.excused,
            started_at=now,
            due_at=now,
        )
        for cause in causes
    ]
    insert_all(started)
    insert_all(
        [
            EscalationEvent(escalation=escalation, at=now, kind=Kind.STARTED, text=cause.text)
            for escalation, cause in zip(started, causes, strict=True)
        ]
    )
    announce({wake.PAGES, *(f"escalation:{escalation.pk}" for escalation in started)})
    return started


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
    teams: Sequence[Team] = (),
    drill: bool = False,
    sender: Person | None = None,
) -> Escalation:
    """Start one escalation; see :func:`start_escalations`."""
    cause = Cause(kind, subject_id, title, body, path, team, urgency, policy, people, teams, drill, sender)
    return start_escalations([cause])[0]


def stop_escalation(kind: str, subject_id: int | None, *, end: str, by: Actor) -> Escalation | None:
    """End the running escalation of a subject and all that it had not yet sent. Inside the caller's transaction.

    An acknowledgement ends it only when as many people have given one as its policy asks for; until then it goes on
    without those who have. Returns None when none is running, or when nothing has changed.
    """
    running = Escalation.objects.filter(kind=kind, subject_id=subject_id, ended_at__isnull=True)
    escalation = locked(running).first()
    if end in (Escalation.End.RESOLVED, Escalation.End.CANCELLED):
        withdraw_proposals(kind, subject_id)
    if escalation is None:
        return None
    needed = int(escalation.plan.get("answers", 1))
    if end == Escalation.End.ACKNOWLEDGED and needed > 1 and by.person is not None:
        before = escalation.answers.count()
        if not _enough(escalation, by.person, needed):
            return escalation if escalation.answers.count() > before else None
    finish(escalation, end, by.person, f"{Escalation.End(end).label} by {by.name}")
    return escalation


def _enough(escalation: Escalation, person: Person, needed: int) -> bool:
    """Take one person's answer. Whether it was the last that was needed."""
    now = clock.now()
    _, new = EscalationAnswer.objects.get_or_create(escalation=escalation, person=person, defaults={"at": now})
    count = escalation.answers.count()
    if count >= needed:
        return True
    if new:
        EscalationEvent.objects.create(
            escalation=escalation, at=now, kind=Kind.ANSWERED, text=f"{person} answered ({count} of {needed})"
        )
        waiting = escalation.notifications.filter(person=person, state=Notification.State.WAITING)
        list(locked(waiting.order_by("id").only("id")))
        waiting.update(state=Notification.State.CANCELLED, ended_at=now, due_at=None)
        move_on([escalation])
        redraw(escalation.kind, [escalation.subject_id])
        announce({f"escalation:{escalation.pk}", f"{escalation.kind}:{escalation.subject_id}", f"person:{person.pk}"})
    return False


def resume_escalation(
    kind: str,
    subject_id: int | None,
    *,
    why: str,
    first: Person | None = None,
    told: str = "",
    without: Person | None = None,
) -> Escalation | None:
    """Let the latest escalation of a subject go on where an answer or a snooze stopped it, at once, with the version of
    the policy that it follows; ``first`` is paged before its next step, and ``told`` who gave it to them and why.
    ``without``: who has it and asks for help, or can't take it, and is not paged again. Inside the caller's transaction.

    Returns None when there is none that was stopped like that: then a new one has to start.
    """
    escalation = locked(Escalation.objects.filter(kind=kind, subject_id=subject_id)).order_by("-id").first()
    if escalation is None or (
        escalation.ended_at is not None and escalation.end not in (Escalation.End.ACKNOWLEDGED, Escalation.End.SNOOZED)
    ):
        return None
    now = clock.now()
    running = escalation.ended_at is None
    escalation.ended_at, escalation.end, escalation.ended_by = None, "", None
    if first is not None:
        escalation.first, escalation.first_told = first, told[:600]
    escalation.late_seconds, escalation.excused = 0, without
    if not running or first is not None:
        escalation.due_at = now
    escalation.save(
        update_fields=["ended_at", "end", "ended_by", "due_at", "first", "first_told", "late_seconds", "excused"]
    )
    escalation.answers.all().delete()
    EscalationEvent.objects.create(
        escalation=escalation,
        at=now,
        kind=Kind.RESUMED,
        text=f"{why}: goes on {_place(escalation)}, where it stopped"[:300],
    )
    redraw(kind, [subject_id])
    announce({wake.DUE, f"escalation:{escalation.pk}", f"{kind}:{subject_id}"})
    return escalation


def _place(escalation: Escalation) -> str:
    turn = next_turn(Plan.of(escalation.plan), Position(escalation.round, escalation.next_step))
    if turn.kind != "step":
        return "with the last resort"
    again = f", round {escalation.round + 1}" if escalation.round else ""
    version = f" (version {escalation.policy_version} of the policy)" if escalation.policy_version else ""
    return f"at step {escalation.next_step + 1}{again}{version}"


def page_about(
    person: Person, *, title: str, body: str, path: str, team: Team | None, urgency: str, drill: bool = False
) -> Escalation:
    """Page one person about something that has its own page, again and again until they answer. Inside the caller's
    transaction."""
    escalation = start_escalation(
        kind=Escalation.Kind.DIRECT,
        subject_id=None,
        title=title,
        body=body,
        path=path,
        team=team,
        urgency=urgency,
        people=[person],
        drill=drill,
    )
    escalation.subject_id = escalation.pk  # so that it can be answered like any other
    escalation.save(update_fields=["subject_id"])
    return escalation


def page(
    by: Actor,
    *,
    people: Iterable[Person] = (),
    teams: Iterable[Team] = (),
    policy: EscalationPolicy | None = None,
    title: str,
    body: str = "",
    urgent: bool = True,
    path: str = "",
    drill: bool = False,
    needs: Action = Action.RESPOND,
) -> Escalation:
    """Page people directly, and everybody in ``teams`` who may respond, again and again until one of them answers; or
    whoever ``policy`` says, in its order. Whoever sends it is left out, unless they name themselves or nobody else of a
    step can be reached. ``needs`` is less where it has been judged already by what the page is about.

    :raises Refused: nobody or nothing was given, people and a policy, somebody has left, or a team has nobody to page.
    """
    people, teams = list(people), list(teams)
    if not people and not teams and policy is None:
        raise Refused(
            "Nobody to page.",
            field="people",
            value=[],
            fix="Name at least one person or team, or an escalation policy.",
        )
    if policy is not None and (people or teams):
        raise Refused(
            "A policy says itself whom it pages.",
            field="policy",
            value=policy.slug,
            fix="Name people and teams, or a policy; not both.",
        )
    for person in people:
        if not person.is_active:
            raise Refused(f"{person} has left.", field="people", value=person.email, fix="Name somebody else.")
    for team in teams:
        if not people_of((Target("team", team.pk),), clock.now()):
            raise Refused(
                f"Nobody in {team} may respond.", field="teams", value=team.slug, fix="Name people, or another team."
            )
    away = not_paged((person.pk for person in people), clock.now())
    if people and not teams and len(away) == len({person.pk for person in people}):
        raise Refused(
            "Nobody of them is paged at the moment: they are away.",
            field="people",
            value=[str(person) for person in people],
            fix="Page somebody else, or whoever is on call.",
        )
    if not title.strip():
        raise Refused("A page needs a title.", field="title", value=title, fix="Say in one line what you need.")
    what = "person.paged" if people else "team.paged" if teams else "policy.paged"
    owner = policy.team if policy else teams[0] if len(teams) == 1 else None
    with change(by, what, [*people, *teams, policy][0], needs=needs) as made:
        made.note(people=[str(person) for person in people], teams=[team.slug for team in teams], title=title)
        if policy is not None:
            made.note(policy=policy.slug)
        escalation = start_escalation(
            kind=Escalation.Kind.DIRECT,
            subject_id=None,
            title=title,
            body=body or f"Paged by {by.name}.",
            path=path,
            team=owner,
            urgency="high" if urgent else "low",
            policy=policy,
            people=people,
            teams=teams,
            drill=drill,
            sender=by.person,
        )
        escalation.subject_id = escalation.pk  # so that it can be answered like any other
        escalation.path = path or f"/escalations/{escalation.pk}"
        escalation.save(update_fields=["subject_id", "path"])
        made.note(page=escalation.pk)
        made.team_id = owner.pk if owner else None
    return escalation


def withdraw_page(by: Actor, escalation: Escalation) -> None:
    """End a direct page that is no longer needed, as whoever sent it. Twice is once.

    :raises NotAllowed: somebody else sent it, or it is no direct page.
    """
    if escalation.kind != Escalation.Kind.DIRECT or by.person is None or escalation.sender_id != by.person.pk:
        raise NotAllowed("Only whoever sent a page can withdraw it.", fix="Answer it, if you were paged.")
    if escalation.ended_at is not None:
        return
    with change(by, "page.withdrawn", escalation, needs=Action.SEE, team=escalation.team) as made:
        made.note(title=escalation.title, page=escalation.pk)
        stop_escalation(escalation.kind, escalation.subject_id, end=Escalation.End.CANCELLED, by=by)
