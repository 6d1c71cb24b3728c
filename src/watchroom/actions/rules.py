"""Which titles say what will be done, and when to remind of it. Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

AT = time(9)  # the owner's own morning
BEFORE = timedelta(days=3)
AGAIN = timedelta(days=3)  # while overdue
UNHEEDED = 2  # reminders of something overdue, after which its team's managers hear of it, too

_BETTER_HABITS = "Say what will be built or changed, so that nobody has to remember: “Refuse deploys while …”."
_MEASURE = "Say what exactly, where, and how one sees that it is done: “Alert when the queue is older than 5 minutes”."

_VAGUE: tuple[tuple[str, str, str], ...] = (
    (
        r"^(?:please )?(?:be|become|try to be|we should be) (?:more |extra |very )?"
        r"(?:careful|vigilant|attentive|cautious|aware|mindful)\b.*",
        "Care is not a thing that can be done once and ticked off.",
        _BETTER_HABITS,
    ),
    (
        r"^(?:please )?(?:pay (?:more |closer )?attention|take (?:more )?care|remember|don['’]t forget|double[- ]check|"
        r"try harder|do better|avoid (?:such )?mistakes|communicate (?:better|more))\b.*",
        "It relies on somebody remembering.",
        _BETTER_HABITS,
    ),
    (
        r"^(?:please )?(?:improve|better|enhance|increase|review|revisit|look (?:in|at)to?|investigate|think about|consider|"
        r"discuss|rethink|fix|update|add|more|do)\s+(?:the |our |some |more |better )*"
        r"(?:monitoring|alerting|alerts?|tests?|testing|documentation|docs|process(?:es)?|communication|reliability|stability|"
        r"performance|observability|logging|logs|training|code quality|quality|system|things?|it|this|issue|problem|bug)\W*$",
        "Nobody could say when it is done.",
        _MEASURE,
    ),
    (
        r"^(?:better |more )?(?:monitoring|alerting|tests?|testing|documentation|docs|process(?:es)?|communication|training|tbd|todo|"
        r"fix|n/?a)\W*$",
        "Nobody could say what is to be done.",
        _MEASURE,
    ),
)
_PATTERNS = tuple((re.compile(pattern, re.IGNORECASE | re.DOTALL), why, fix) for pattern, why, fix in _VAGUE)


def vague(title: str) -> tuple[str, str] | None:
    """Why ``title`` does not say what will be done, and how to mend it; None if it does."""
    text = " ".join(title.split())
    if not text:
        return "The title is empty.", _MEASURE
    for pattern, why, fix in _PATTERNS:
        if pattern.match(text):
            return why, fix
    if len(text) < 8 or " " not in text:
        return "One word does not say what will be done.", _MEASURE
    return None


def zone_of(name: str) -> ZoneInfo:
    """The time zone with this name; UTC where there is none."""
    try:
        return ZoneInfo(name or "UTC")
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


def morning(day: date, zone: ZoneInfo) -> datetime:
    """09:00 of ``day`` in ``zone``, in UTC."""
    return datetime.combine(day, AT, zone).astimezone(UTC)


def next_reminder(due_on: date, zone: ZoneInfo, now: datetime) -> datetime:
    """When to remind next: three days before ``due_on``, on that day, then every three days, at 09:00 in ``zone``.

    Always after ``now``: what was missed while nobody looked is made up for by the next one, not by a flood.
    """
    first = due_on - BEFORE
    passed = max((now.astimezone(zone).date() - first).days, 0)
    day = first + AGAIN * (passed // AGAIN.days)
    while morning(day, zone) <= now:
        day += AGAIN
    return morning(day, zone)


def is_overdue(due_on: date, zone: ZoneInfo, now: datetime) -> bool:
    """Whether the day on which it was due is over where its owner lives."""
    return now.astimezone(zone).date() > due_on


def managers_hear(late: bool, unheeded: int, *, owner_is_here: bool) -> bool:
    """Whether the team's managers are told beside the owner: ``unheeded`` reminders of it, overdue, changed nothing, or
    its owner has left."""
    return not owner_is_here or (late and unheeded >= UNHEEDED)


def in_step(*, ours: bool, theirs: bool, seen: bool) -> str:
    """What keeps an action item and its issue in step, each open or not: ``""`` where they are, ``"adopt"`` what happened to
    the issue since it was ``seen``, or ``"push"`` to it what happened to the item."""
    if ours == theirs:
        return ""
    return "adopt" if theirs != seen else "push"


def look_again_after(failures: int) -> timedelta:
    """How long to leave a tracker alone that has failed so often in a row: a minute, then twice as long each time, up to six
    hours."""
    return min(timedelta(minutes=1 << min(max(failures - 1, 0), 10)), timedelta(hours=6))
