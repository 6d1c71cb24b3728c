"""Why did my phone not ring? All that the book knows about a person and a time, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from ..accounts.actors import Actor
from ..accounts.models import Person
from ..kernel.errors import Refused
from ..oncall.commands.absences import speak_for
from ..oncall.models import Absence
from .models import Attempt, Escalation, EscalationEvent, Notification, QuietHours, Urgency
from .queries import escalations_visible_to

LONGEST = timedelta(days=31)
MOST = 200


@dataclass(frozen=True)
class Reason:
    """One thing that explains it. ``kind``: setup, hours, message or not_asked; ``at`` is None for what holds always."""

    kind: str
    text: str
    fix: str = ""
    at: datetime | None = None
    path: str = ""


def why_quiet(by: Actor, person: Person, start: datetime, end: datetime) -> list[Reason]:
    """What kept messages from ``person`` between ``start`` and ``end``, and what did reach them; first what holds always,
    then by time.

    :raises NotAllowed: they are somebody else, and none of ``by``'s people.
    :raises Refused: the time is empty, or too long.
    """
    speak_for(by, person)
    if not start < end <= start + LONGEST:
        raise Refused("That time can't be looked at.", field="to", value=end, fix="Choose up to 31 days.")
    rows = list(
        Notification.objects.filter(person=person, created_at__lt=end)
        .filter(Q(created_at__gte=start) | Q(ended_at__gte=start) | Q(ended_at__isnull=True))
        .select_related("escalation__ended_by", "contact_method")
        .prefetch_related("attempts")
        .order_by("-id")[:MOST]
    )
    happened = [*_hours(person, start, end), *map(_message, rows), *_not_asked(by, person, start, end, rows)]
    return [*_setup(person), *sorted(happened, key=lambda each: each.at or start)]


def _setup(person: Person) -> Iterator[Reason]:
    where = "/me/contact"
    if not person.is_active:
        yield Reason("setup", "The account is deactivated: nothing is sent to it.", "Ask an administrator.")
    methods = list(person.contact_methods.all())
    if not methods:
        yield Reason("setup", "There is no way to reach them at all.", "Add one.", path=where)
    ruled = {
        (method, urgency) for method, urgency in person.notification_rules.values_list("contact_method_id", "urgency")
    }
    for method in methods:
        if not method.enabled:
            why = method.trouble or "It is switched off."
            yield Reason("setup", f"{method.label} is not used: {why}", "Switch it on, or add it again.", path=where)
            continue
        if method.verified_at is None:
            text = f"{method.label} has never been confirmed: nobody knows whether it reaches them."
            if method.taken_back:
                text = f"{method.label} has to be confirmed again. {method.taken_back}"
            yield Reason("setup", text, "Have a code or a test page sent.", path=where)
        if any(urgency == Urgency.HIGH for _, urgency in ruled) and (method.pk, Urgency.HIGH) not in ruled:
            text = f"{method.label} is not used for urgent pages: no rule names it."
            yield Reason("setup", text, "Give it a wait under “In which order”.", path=where)
    slow = person.notification_rules.filter(urgency=Urgency.HIGH, wait_seconds__gt=0).select_related("contact_method")
    for rule in slow:
        wait = f"{rule.wait_seconds / 60:g} min" if rule.wait_seconds % 60 == 0 else f"{rule.wait_seconds} s"
        text = f"{rule.contact_method.label} is used {wait} after an urgent page, if nobody has answered by then."
        yield Reason("setup", text, path=where)


def _hours(person: Person, start: datetime, end: datetime) -> Iterator[Reason]:
    zone = ZoneInfo(person.timezone)
    for row in Absence.objects.filter(person=person, paged=False, starts_at__lt=end, ends_at__gt=start):
        until = f"{row.ends_at.astimezone(zone):%d %b %H:%M}"
        text = f"They were away until {until} and are not paged then: escalations go on with the next."
        yield Reason("hours", text, "Remove the absence, or let pages through.", row.starts_at, "/on-call")
    quiet = QuietHours.objects.filter(person=person).first()
    if quiet:
        text = f"Quiet hours from {quiet.starts:%H:%M} to {quiet.ends:%H:%M}: what is not urgent waits for their end."
        yield Reason("hours", text, path="/me/contact")


def _local(row: Notification) -> datetime:
    """When it is due, by its person's clock."""
    return (row.due_at or row.created_at).astimezone(ZoneInfo(row.person.timezone))


def _message(row: Notification) -> Reason:
    """What became of one message."""
    what = f"“{row.subject}” by {row.method_text}"
    attempts = list(row.attempts.all())
    last = attempts[-1] if attempts else None
    note = f" ({row.note})" if row.note else ""
    at, fix = row.created_at, ""
    if row.state == Notification.State.DELIVERED:
        text, at = f"reached the device{note}.", row.ended_at or at
        fix = "" if row.seen_at else "If it did not ring: silent mode, “Do not disturb”, or the volume."
    elif row.state == Notification.State.SENT:
        text, at = f"was handed over, and nothing says that it arrived{note}.", row.ended_at or at
        fix = "Look at the device: silent mode, battery saver, spam folder; or use a way that confirms."
    elif last is not None and last.outcome == Attempt.Outcome.MISSED:
        text, at = f"rang, and nobody answered: {last.error}", row.ended_at or at
        fix = "If it did not ring: silent mode, “Do not disturb”, the volume, or a mailbox that takes calls at once."
    elif row.state == Notification.State.FAILED:
        text, at = f"failed: {last.error if last else 'no attempt was made'}", row.ended_at or at
        fix = "Mend it under “How you are reached”, and send a test page."
    elif row.state == Notification.State.CANCELLED:
        text, at = f"was not sent: {_who_answered(row)}", row.ended_at or at
    elif last is not None and last.outcome == Attempt.Outcome.RETRY:
        text = f"is tried again at {_local(row):%H:%M:%S %Z}: {last.error}"
    else:
        text = f"is due at {_local(row):%d %b %H:%M %Z}{note or ' (its wait is not over)'}."
    return Reason("message", f"{what} {text}", fix, at, row.path)


def _who_answered(row: Notification) -> str:
    escalation = row.escalation
    if escalation is None or escalation.ended_at is None:
        return "its way was switched off or removed."
    who = f" by {escalation.ended_by}" if escalation.ended_by else ""
    return f"{escalation.get_end_display().lower()}{who} before its wait was over."


def _not_asked(by: Actor, person: Person, start: datetime, end: datetime, rows: list[Notification]) -> Iterator[Reason]:
    """Escalations of their teams in this time that did not ask them."""
    asked = {row.escalation_id for row in rows}
    mine = person.memberships.values_list("team_id", flat=True)
    found = (
        escalations_visible_to(by)
        .filter(team__in=list(mine), started_at__lt=end)
        .filter(Q(ended_at__isnull=True) | Q(ended_at__gt=start))
        .exclude(notifications__person=person)
        .prefetch_related("events__people")
        .order_by("-started_at")[:50]
    )
    for escalation in found:
        if escalation.pk in asked:
            continue
        paged: dict[int, str] = {}
        skipped = []
        for event in escalation.events.all():
            paged |= {each.pk: str(each) for each in event.people.all()}
            if f"not {person}, away until" in event.text:
                skipped.append("they were away")
            elif event.kind == EscalationEvent.Kind.SKIPPED:
                skipped.append(f"step {(event.step or 0) + 1} was left out: {event.text}")
        whom = ", ".join(paged.values()) or "nobody yet"
        why = f"; {'; '.join(dict.fromkeys(skipped))}" if skipped else ""
        over = _over(escalation)
        yield Reason(
            "not_asked",
            f"“{escalation.title}” did not ask them: it paged {whom}{why}{over}.",
            "Look at the policy's dry run and at the schedule.",
            escalation.started_at,
            f"/escalations/{escalation.pk}",
        )


def _over(escalation: Escalation) -> str:
    if escalation.ended_at is None:
        return ", and goes on"
    who = f" by {escalation.ended_by}" if escalation.ended_by else ""
    return f", then {escalation.get_end_display().lower()}{who}"
