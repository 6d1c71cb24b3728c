"""Reads about paging: the trace of an escalation, what waits for a person, the delivery log."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet

from ..accounts.actors import Actor
from ..accounts.models import Person
from ..accounts.roles import Action
from ..channels.wording import one_line
from ..kernel import clock
from . import order
from .commands.excusing import nobody_else
from .commands.moving_on import in_vain, somebody_before
from .commands.policies import plan_of
from .conditions import Facts
from .hooks import facts_of
from .looking import Preview
from .models import (
    Approval,
    Attempt,
    Escalation,
    EscalationEvent,
    EscalationPolicy,
    Notification,
    NotificationPlan,
    PagingDefect,
    RoundRobin,
    Urgency,
)
from .naming import DONE, names_of, nobody_of
from .people import Roster
from .quiet import outside
from .rules import GIVEN_WAIT_SECONDS, Plan, Position, Step, Target, ahead, messages_for


def trace(escalation: Escalation, reader: Actor | None = None) -> list[dict[str, Any]]:
    """What happened and what will happen, in order: ``{at, kind, text, future, state}``, and of the future ``unless``: whose
    answer would end it. Why a message failed stands there for a ``reader`` who may see its delivery.

    The future is what the engine's own rule says, assuming that nobody answers.
    """
    lines: list[dict[str, Any]] = []
    for event in escalation.events.all():
        text = {
            "started": f"Started: {event.text}",
            "step": f"Step {(event.step or 0) + 1}: " + _taken(event.text),
            "skipped": f"Step {(event.step or 0) + 1} left out: {event.text}",
            "resumed": event.text[:1].upper() + event.text[1:],
            "given": f"Given to {event.text}: paged",
            "nobody": event.text.capitalize(),
            "unreached": _unreached(event),
            "last_resort": f"Last resort: paged {event.text}",
            "ended": event.text,
        }.get(event.kind, event.text[:1].upper() + event.text[1:])
        lines.append({"at": event.at, "kind": event.kind, "text": text, "future": False, "state": ""})
    rows = list(escalation.notifications.select_related("person").order_by("id"))
    why = _why_failed(rows, reader) if reader else {}
    for row in rows:
        future = row.state == Notification.State.WAITING
        at = row.due_at if future else (row.ended_at or row.due_at or row.created_at)
        lines.append(
            {
                "at": at,
                "kind": "notification",
                "text": f"{row.person} by {row.method_text}{_again(row) if future else why.get(row.pk, '')}",
                "future": future,
                "state": row.state,
            }
        )
    if escalation.due_at is not None:
        plan = Plan.of(escalation.plan)
        answered = set(escalation.answers.values_list("person_id", flat=True)) if plan.answers > 1 else set()
        unless = _unless(plan.answers, len(answered))
        if escalation.excused_id is not None and not nobody_else([escalation]):
            answered.add(escalation.excused_id)
        preview = Preview(
            facts_of([escalation], clock.now(), [role for step in plan.steps for role in step.roles])[escalation.pk],
            _turns(escalation.policy_id),
            answered,
            escalation.urgency,
            escalation.left_out,
        )
        here = Position(escalation.round, escalation.next_step)
        due = escalation.due_at
        pages: list[Paged] = []
        if escalation.first:
            lines.append(_ahead(due, "given", f"Page {escalation.first}", unless))
            pages.append(([escalation.first], due, escalation.urgency))
            due += timedelta(seconds=GIVEN_WAIT_SECONDS)
        before = here.step > 0 and somebody_before(escalation, here)
        vain = escalation.excused_id is not None
        vain = vain or (here.round > plan.repeats + 1 and bool(in_vain({escalation.pk: plan.repeats})))
        for line in upcoming(plan, here, due, preview, before=before, vain=vain):
            lines.append(line | {"future": True, "state": "", "unless": unless})
            urgency = line["urgency"] or escalation.urgency
            pages.append(([preview.people[pk] for pk in line["people"]], line["at"], urgency))
        lines += _messages(pages, unless)
    return sorted(lines, key=lambda line: (line["at"], line["future"]))


def _unreached(event: EscalationEvent) -> str:
    """Of a step, that it goes on; the last resort is asked again."""
    if event.text.endswith("asked again"):
        return f"Last resort: {event.text}"
    step = f"Step {event.step + 1}" if event.step is not None else "It"
    return f"{step} moved on: {event.text}"


def _why_failed(rows: Sequence[Notification], reader: Actor) -> dict[int, str]:
    """What the other side said of those that reached nobody, by their numbers; it may name addresses, so only of those whose
    delivery ``reader`` may see. One query, and none where there are none."""
    failed = [row.pk for row in rows if row.state == Notification.State.FAILED]
    if not failed:
        return {}
    seen = notifications_visible_to(reader).filter(pk__in=failed).order_by().values("pk")
    tried = Attempt.objects.filter(notification__in=seen).exclude(error="").order_by("id")
    return {attempt.notification_id: f": {one_line(attempt.error, 160).rstrip('.')}" for attempt in tried}


def _again(row: Notification) -> str:
    """What has to be said of a message that has been tried already and is not there yet."""
    if not row.tries:
        return ""
    note = f"; {row.note}" if row.note else ""
    return f", again after {row.tries} failed {'try' if row.tries == 1 else 'tries'}{note}"


def _taken(text: str) -> str:
    """What a step did; older rows name only those whom it paged."""
    return text if text.startswith(DONE) else f"paged {text}" if text else "waited"


Paged = tuple[Sequence[Person], datetime, str]  # who is paged, when, and how urgent it is


def _unless(wanted: int, answered: int) -> str:
    """Whose answer ends the paging, where ``wanted`` people have to answer and so many have."""
    if wanted <= 1:
        return "somebody answers"
    left = max(1, wanted - answered)
    return f"{left} people answer" if left > 1 else "one more answers" if answered else "somebody answers"


def _messages(pages: Sequence[Paged], unless: str) -> list[dict[str, Any]]:
    """By what, and when, people will be reached by their own rules. A constant number of queries."""
    roster = Roster(clock.now())
    roster.know({person.pk for people, _, _ in pages for person in people})
    for each in Urgency.values:
        roster.know_rules({person.pk for people, _, urgency in pages for person in people if urgency == each}, each)
    hours = roster.hours({person.pk for people, _, urgency in pages for person in people if urgency == Urgency.LOW})
    lines = []
    for people, at, urgency in pages:
        for person in people:
            own = {method.pk: method for method in roster.methods(person.pk)}
            quiet = hours.get(person.pk) if urgency == Urgency.LOW else None
            for rule in messages_for(roster.rules(person.pk, urgency), list(own)):
                due, note = outside(quiet, at + timedelta(seconds=rule.wait_seconds))
                text = f"{person} by {own[rule.method]}, unless {unless}" + (f"; {note}" if note else "")
                lines.append(_ahead(due, "notification", text, unless))
            if not own:
                text = f"{person} can't be reached: there is no contact method"
                lines.append(_ahead(at, "notification", text, unless))
    return lines


def _ahead(at: datetime, kind: str, text: str, unless: str) -> dict[str, Any]:
    return {"at": at, "kind": kind, "text": text, "future": True, "state": "", "unless": unless}


def _turns(policy_id: int | None) -> dict[int, int | None]:
    return dict(RoundRobin.objects.filter(policy=policy_id).values_list("position", "last")) if policy_id else {}


def upcoming(
    plan: Plan,
    at: Position,
    due: datetime,
    preview: Preview,
    most: int = 6,
    *,
    before: bool = False,
    vain: bool = False,
) -> list[dict[str, Any]]:
    """What a plan will do from ``due`` on: ``{at, kind, text, people, urgency, idle}``. Also the dry run of a policy.
    ``vain``: whom it names is asked again with the last resort."""
    lines, named = [], names_of(target for step in plan.steps for target in step.targets if target.kind != "person")
    for line in ahead(plan, at, due, preview, most, before=before):
        people = [preview.people[number] for number in line.decision.people] if line.decision else []
        away = [preview.people[number] for number in line.decision.away] if line.decision else []
        if line.does is not None and line.decision is not None and line.decision.skipped:
            text = f"Step {line.step + 1} is left out: {line.decision.skipped}"
        elif line.does is not None:
            text = _doing(line.does, people, preview.empty.get((line.step, line.at), ()), named) + "".join(
                f"; not {person}, who is away" for person in away
            )
            if line.decision is not None and line.decision.without_sender:
                text += "; not whoever sent it"
            if line.decision is not None and line.decision.held_seconds:
                text += "; waits for the end of quiet hours"
        elif line.kind == "last_resort":
            again = ", and again whom the policy names" if vain else ""
            text = f"Last resort: page the team's managers and the administrators{again}"
        else:
            text = "Give up"
        lines.append(
            {
                "at": line.at,
                "kind": line.kind,
                "text": text,
                "people": [person.pk for person in people],
                "urgency": line.does.urgency if line.does else "",
                "idle": line.does is not None and not people and all(each.is_person for each in line.does.targets),
            }
        )
    return lines


def _doing(step: Step, people: Sequence[Person], empty: Collection[Target], named: Mapping[Target, str]) -> str:
    """A step that lies ahead in words. What is ``empty`` then is said to be: those who are named stand for the others."""
    if step.pause:
        return "Wait"
    words = []
    if any(target.is_person for target in step.targets):
        means = ", ".join(
            nobody_of(t, named[t]) if t in empty else named[t]
            for t in step.targets
            if t.is_person and t.kind != "person"
        )
        names = ", ".join(str(person) for person in people) or "nobody"
        turn = "whose turn it is" if step.round_robin else ""
        note = ", ".join(part for part in (means, turn, f"{step.urgency} urgency" if step.urgency else "") if part)
        words.append(f"page {names}" + (f" ({note})" if note else ""))
    verbs = {"webhook": "call ", "chat": "post in "}
    words += [f"{verbs.get(target.kind, '')}{named[target]}" for target in step.targets if not target.is_person]
    text = ", ".join(words)
    return text[:1].upper() + text[1:]


def dry_run(
    policy: EscalationPolicy, at: datetime | None = None, most: int = 12, facts: Facts | None = None
) -> list[dict[str, Any]]:
    """What would happen if something (``facts``) fired at ``at``: computed by the same functions as the engine's."""
    preview = Preview(facts or Facts(), _turns(policy.pk))
    return upcoming(plan_of(policy), Position(0, 0), at or clock.now(), preview, most)


def versions_of(policy: EscalationPolicy, most: int = 20) -> list[dict[str, Any]]:
    """What the policy said, the newest version first, and how many escalations still follow each."""
    running = Escalation.objects.filter(policy=policy, ended_at__isnull=True).order_by().values_list("policy_version")
    following = dict(running.annotate(count=Count("pk")))
    read = [(row, Plan.of(row.plan)) for row in policy.versions.all()[:most]]
    named = names_of(target for _, plan in read for step in plan.steps for target in step.targets)
    lines = []
    for row, plan in read:
        lines.append(
            {
                "version": row.version,
                "saved_at": row.saved_at,
                "saved_by": row.saved_by,
                "running": following.get(row.version, 0),
                "repeats": plan.repeats,
                "answers": plan.answers,
                "steps": [step_in_words(step, named) for step in plan.steps],
            }
        )
    return lines


def step_in_words(step: Step, named: Mapping[Target, str]) -> str:
    """A step of any version, its targets as they are ``named``: "whoever is on call in Payments, with low urgency; then wait 5 min"."""
    what = ", ".join(named[target] for target in step.targets) or "wait"
    turn = "whose turn it is of " if step.round_robin else ""
    urgency = f", with {step.urgency} urgency" if step.urgency else ""
    when = f", only when {step.conditions}" if step.conditions else ""
    wait = f"{step.wait_seconds / 60:g} min"
    return f"{turn}{what}{urgency}{when}; {wait}" if step.pause else f"{turn}{what}{urgency}{when}; then wait {wait}"


def approvals_visible_to(actor: Actor) -> QuerySet[Approval]:
    """What has been proposed in the escalations that ``actor`` may read."""
    rows = Approval.objects.select_related("escalation__team", "decided_by")
    return rows.filter(escalation__in=escalations_visible_to(actor).values("pk"))


def defects_visible_to(actor: Actor) -> QuerySet[PagingDefect]:
    """Defects of paging: everybody who is signed in sees what is broken."""
    rows = PagingDefect.objects.select_related("team", "policy", "resolved_by")
    return rows if actor.may(Action.SEE) else rows.none()


def my_defects(actor: Actor) -> QuerySet[PagingDefect]:
    """The open ones that are this actor's to mend."""
    rows = defects_visible_to(actor).filter(resolved_at__isnull=True)
    if actor.may(Action.ADMINISTER):
        return rows
    return rows.filter(team__in=actor.teams_where(Action.MANAGE))


def planned_for(person: Person) -> order.Plan | None:
    """In what order somebody is to be reached, if it has been said."""
    row = NotificationPlan.objects.filter(person=person).first()
    return row.rules if row else None


def missing_ways(person: Person) -> list[order.Entry]:
    """What their plan names and they have not added yet."""
    plan = planned_for(person)
    ways = person.contact_methods.values_list("pk", "channel", "label")
    return order.missing(plan, list(ways)) if plan else []


def pending_page_of(person: Person) -> Notification | None:
    """The newest page or test for which this person's browser is waiting for an answer."""
    sent = Q(state__in=(Notification.State.SENT, Notification.State.DELIVERED))
    unanswered = Q(escalation__ended_at__isnull=True, escalation__isnull=False) | Q(
        purpose=Notification.Purpose.TEST, seen_at__isnull=True
    )
    return (
        Notification.objects.filter(sent & unanswered, person=person, contact_method__channel="browser")
        .select_related("escalation", "person")
        .order_by("-id")
        .first()
    )


def policies_visible_to(actor: Actor) -> QuerySet[EscalationPolicy]:
    """Policies that ``actor`` may read."""
    return EscalationPolicy.objects.select_related("team") if actor.may(Action.SEE) else EscalationPolicy.objects.none()


def notifications_visible_to(actor: Actor) -> QuerySet[Notification]:
    """The delivery log: one's own, those about one's teams' alerts, and all for an administrator. What asks somebody into an
    incident, which may be private, only the managers of its team see besides."""
    rows = Notification.objects.select_related("person", "escalation", "contact_method")
    if actor.may(Action.ADMINISTER):
        return rows
    own = Q(person=actor.person) if actor.person else Q(pk__in=[])
    about_alerts = Q(
        escalation__kind=Escalation.Kind.ALERT_GROUP, escalation__team__in=actor.teams_where(Action.RESPOND)
    )
    return rows.filter(own | about_alerts | Q(escalation__team__in=actor.teams_where(Action.MANAGE)))


def delivery_log(
    actor: Actor,
    *,
    state: str = "",
    channel: str = "",
    person: int | None = None,
    escalation: int | None = None,
    text: str = "",
    start: datetime | None = None,
    end: datetime | None = None,
) -> QuerySet[Notification]:
    """What ``actor`` may see of the delivery log, with its attempts; what is not given narrows nothing. ``start`` and ``end``:
    when a message was made."""
    given = {
        "state": state,
        "contact_method__channel": channel,
        "person": person,
        "escalation": escalation,
        "subject__icontains": text,
        "created_at__gte": start,
        "created_at__lt": end,
    }
    wanted = {name: value for name, value in given.items() if value not in ("", None)}
    return notifications_visible_to(actor).filter(**wanted).prefetch_related("attempts")


def escalations_visible_to(actor: Actor) -> QuerySet[Escalation]:
    """Escalations that ``actor`` may read: everybody who is signed in, but direct pages only by those concerned: who sent
    them and who was paged."""
    rows = Escalation.objects.select_related("team", "policy", "ended_by")
    if actor.may(Action.ADMINISTER):
        return rows
    mine = Q(notifications__person=actor.person) | Q(sender=actor.person) if actor.person else Q(pk__in=[])
    return rows.filter(Q(kind=Escalation.Kind.ALERT_GROUP) | mine).distinct() if actor.may(Action.SEE) else rows.none()
