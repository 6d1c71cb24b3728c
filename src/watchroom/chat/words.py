"""What can be written to Watchroom in a chat: /watchroom, or a message to its bot. Each is a command that pages and API have too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from ..accounts.actors import Actor
from ..channels.chat import SNOOZE_MINUTES
from ..incidents.commands import declare
from ..intake.commands import acknowledge, escalate_now, resolve, snooze
from ..intake.models import AlertGroup
from ..intake.queries import groups_visible_to
from ..kernel import clock
from ..kernel import settings as conf
from ..kernel.errors import Refused
from ..kernel.finding import one
from ..kernel.numbers import whole
from ..oncall.queries import schedule_by, schedules_visible_to, who

MOST = 10
HELP = """list: what fires and nobody has
ack 12: acknowledge alert group 12 (also: escalate 12, snooze 12, resolve 12)
oncall: who is on call (oncall SCHEDULE: in one schedule)
declare TITLE: declare an incident
In the channel of an incident, or after “in 12”: log TEXT (also symptom, hypothesis, action, result, decision, question),
status mitigated, resolve, severity 1 WHY, update TEXT next 30m, role commander @ada, handoff commander @ada NOTE,
page @ada TEXT, task @ada TEXT, mitigate TEXT, impact TEXT, summary TEXT, follow, ack. Pin a message to have it in the log."""


def is_greeting(text: str) -> bool:
    """Whether somebody only wants to know how they are called here, which needs no account."""
    return text.strip().lower() in ("start", "id", "whoami")


def greeting(user: str) -> str:
    """Says who they are in this chat, so that they can enter it."""
    return f"You are {user} here. Enter it at {conf.current().url}/me/contact to be reached by this chat."


def say(by: Actor, text: str) -> str:
    """Carry out a line of text. Says what came of it.

    :raises WatchroomError: it is not allowed, or not possible.
    """
    word, _, rest = text.strip().partition(" ")
    rest = rest.strip()
    if deed := _DEEDS.get(word.lower()):
        return deed(by, rest)
    return HELP


def _list(by: Actor, rest: str) -> str:
    rows = groups_visible_to(by).filter(resolved_at__isnull=True, acknowledged_at__isnull=True, held__isnull=True)
    found = list(rows.order_by("-id")[: MOST + 1])
    if not found:
        return "Nothing fires that nobody has."
    lines = [
        f"{row.pk}  {row.severity}  {'[Drill] ' if row.drill else ''}{row.title}  {_url(row)}" for row in found[:MOST]
    ]
    return "\n".join(lines + (["and more"] if len(found) > MOST else []))


def _url(group: AlertGroup) -> str:
    return f"{conf.current().url}/alerts/{group.pk}"


def _group(by: Actor, text: str) -> AlertGroup:
    if (number := whole(text.split(" ")[0].lstrip("#"))) is None:
        raise Refused(
            "That is not an alert group's number.", field="id", value=text[:40], fix="Write list to see them."
        )
    return one(groups_visible_to(by), "alert group", pk=number, fix="Write list to see them.")


def _ack(by: Actor, rest: str) -> str:
    group = acknowledge(by, _group(by, rest))
    return f"Acknowledged: {group.title}"


def _escalate(by: Actor, rest: str) -> str:
    group = escalate_now(by, _group(by, rest))
    return f"The next people are being paged: {group.title}"


def _snooze(by: Actor, rest: str) -> str:
    group = snooze(by, _group(by, rest), clock.now() + timedelta(minutes=SNOOZE_MINUTES))
    return f"Snoozed for an hour: {group.title}"


def _resolve(by: Actor, rest: str) -> str:
    group = resolve(by, _group(by, rest))
    return f"Resolved: {group.title}"


def _oncall(by: Actor, rest: str) -> str:
    rest = rest.removeprefix("who").strip()
    schedules = [schedule_by(by, rest)] if rest else list(schedules_visible_to(by)[: MOST + 1])
    if not schedules:
        return "There is no schedule yet."
    now = clock.now()
    lines = [
        f"{each.name}: {', '.join(str(person) for person in who(each, now)) or 'nobody'}" for each in schedules[:MOST]
    ]
    return "\n".join(lines + (["and more: name one"] if len(schedules) > MOST else []))


def _declare(by: Actor, rest: str) -> str:
    if not rest:
        raise Refused("An incident needs a title.", field="title", value="", fix="Write declare Checkout is down.")
    incident = declare(by, title=rest)
    return f"Declared SEV{incident.severity}, you lead it: {conf.current().url}/incidents/{incident.pk}"


_DEEDS: dict[str, Callable[[Actor, str], str]] = {
    "list": _list,
    "ack": _ack,
    "escalate": _escalate,
    "snooze": _snooze,
    "resolve": _resolve,
    "oncall": _oncall,
    "declare": _declare,
}
