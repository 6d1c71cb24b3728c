"""Where an incident meets, what its channel is called and says at its top, and which lines are posted there. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

ARCHIVE_AFTER = timedelta(hours=1)  # so that last words can be said
HOLD = timedelta(minutes=2)  # so long a line waits for a better wording, then it is written as it was said
WATCH_EVERY = timedelta(seconds=15)  # how often a product that does not tell by itself is asked what is marked
DROPPED = "Its author took it back."  # what a line says that no mark brings back
PREFIX = "chat-"  # of the client key of what was said in a chat
LOG_WORDS = {
    "log": "note",
    "note": "note",
    "symptom": "symptom",
    "hypothesis": "hypothesis",
    "action": "action",
    "result": "result",
    "decision": "decision",
    "question": "question",
}
TOLD_KINDS = {"decision"}
TOLD_TYPES = {
    "incident.declared",
    "incident.severity_changed",
    "incident.mitigated",
    "incident.resolved",
    "incident.reopened",
    "incident.state_changed",
    "update.published",
    "role.taken",
    "role.handed_over",
    "role.accepted",
    "mitigation.started",
    "mitigation.carried_out",
    "venue.opened",
}
_PAUSES = tuple(timedelta(seconds=each) for each in (5, 30, 120, 600, 1800))


@dataclass(frozen=True)
class Plan:
    """What of a plan decides."""

    id: int
    team: int | None
    least_severity: int
    types: tuple[str, ...]
    private: bool
    drills: bool
    chat: bool
    call: bool


@dataclass(frozen=True)
class Facts:
    """What of an incident decides."""

    team: int | None
    severity: int
    type: str
    private: bool
    drill: bool


def plan_for(plans: Iterable[Plan], facts: Facts, kind: str, *, by_itself: bool) -> int | None:
    """The plan by which a channel (``chat``) or a call (``call``) is made: the team's own before everybody's, of these the
    first. ``by_itself``: only one that says that nobody has to ask."""
    fitting = [
        each
        for each in plans
        if each.team in {None, facts.team}
        and (each.chat if kind == "chat" else each.call)
        and (not each.types or facts.type in each.types)
        and (not by_itself or _asks_nobody(each, facts))
    ]
    fitting.sort(key=lambda each: (each.team is None, each.id))
    return fitting[0].id if fitting else None


def _asks_nobody(plan: Plan, facts: Facts) -> bool:
    return (
        facts.severity <= plan.least_severity
        and (plan.private or not facts.private)
        and (plan.drills or not facts.drill)
    )


def channel_name(number: int, title: str, *, drill: bool) -> str:
    """Such as ``inc-12-checkout-is-slow``: what every product takes, at most 60 letters."""
    words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    return f"{'drill' if drill else 'inc'}-{number}-{words}"[:60].strip("-")


def topic(severity: int, status: str, commander: str, url: str, title: str, *, drill: bool) -> str:
    """What stands at the top of a channel; the link first, so that nothing cuts it off."""
    parts = [url, f"SEV{severity}", status, f"Commander: {commander or 'nobody yet'}", title]
    return ("DRILL · " if drill else "") + " · ".join(parts)[:240]


def is_told(kind: str, type: str, *, pinned: bool, client_key: str) -> bool:
    """Whether a line of the log is posted: decisions, what is pinned, and the turns of the incident; what was said in a
    chat has been read there."""
    if client_key.startswith(PREFIX):
        return False
    return pinned or kind in TOLD_KINDS or type in TOLD_TYPES


def heard(text: str) -> tuple[str, str] | None:
    """``log the pool is full`` as the kind of the line and its text; None: it is no line for the log."""
    word, _, rest = text.strip().partition(" ")
    kind = LOG_WORDS.get(word.lower().rstrip(":"))
    return (kind, rest.strip()) if kind and rest.strip() else None


def bang(text: str) -> tuple[str, bool]:
    """``decision! it broke`` without the mark, and whether it was there: it is to be written as it stands."""
    word, space, rest = text.strip().partition(" ")
    return (f"{word[:-1]}{space}{rest}", True) if word.endswith("!") else (text.strip(), False)


def numbered(text: str) -> tuple[int | None, str]:
    """``in 12 severity 1`` as the incident's number and the rest; without one, it is that of the channel."""
    match = re.fullmatch(r"in\s+#?(\d{1,18})\s+(.+)", text.strip(), re.DOTALL | re.IGNORECASE)
    return (int(match[1]), match[2].strip()) if match else (None, text.strip())


def again_after(tries: int) -> timedelta | None:
    """The pause after ``tries`` failures. None: enough is enough."""
    return _PAUSES[max(tries, 1) - 1] if tries <= len(_PAUSES) else None
