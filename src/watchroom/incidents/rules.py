"""Decisions about incidents: what to do next, when things happened, which words are proposed. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

MOMENTS = ("started", "detected", "acknowledged", "declared", "mitigated", "resolved")
_WORD = {
    "started": "the impact started",
    "detected": "it was detected",
    "acknowledged": "it was acknowledged",
    "declared": "it was declared",
    "mitigated": "it was mitigated",
    "resolved": "it was resolved",
}

# What can't have happened before what. Detection, acknowledgement and declaration follow no fixed order of their own:
# people declare what no alert has seen.
ORDER = (
    ("started", "detected"),
    ("started", "acknowledged"),
    ("started", "declared"),
    ("started", "mitigated"),
    ("started", "resolved"),
    ("detected", "acknowledged"),
    ("detected", "mitigated"),
    ("detected", "resolved"),
    ("mitigated", "resolved"),
    ("declared", "resolved"),
)


# --- What to do next -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Snapshot:
    """All that decides what the responders should do next."""

    status: str = "active"
    commander: bool = False
    commander_accepted: bool = False
    communications: bool = False
    symptoms: int = 0
    open_hypotheses: int = 0
    tried: int = 0
    running: int = 0
    worked: int = 0
    alerts: int = 0
    firing: int = 0
    updates: int = 0
    next_update_at: datetime | None = None
    postmortem: bool | None = None


@dataclass(frozen=True)
class Step:
    """One thing to do. ``key`` names it for the page, which offers the button that belongs to it."""

    key: str
    title: str
    text: str
    tone: str = "info"


def next_steps(now: Snapshot, at: datetime) -> list[Step]:
    """What to do, the most important first; empty when there is nothing left."""
    steps = _after(now) if now.status == "resolved" else _during(now, at)
    return list(steps)


def _after(now: Snapshot) -> list[Step]:
    if now.postmortem is False:
        return [
            Step("postmortem", "Start the postmortem", "While everyone remembers. The draft is made from this log.")
        ]
    return []


def _during(now: Snapshot, at: datetime) -> list[Step]:
    steps: list[Step] = []
    overdue = now.next_update_at is not None and now.next_update_at <= at
    if not now.commander:
        steps.append(
            Step(
                "command",
                "Take command",
                "Nobody leads yet. The commander decides and delegates, and does not fix.",
                "warning",
            )
        )
    if overdue:
        steps.append(
            Step(
                "update",
                "Publish the promised update",
                "People were told to expect news by now. “No change, we are still on it” is news.",
                "warning",
            )
        )
    if now.status == "active":
        if now.worked and not now.running:
            steps.append(
                Step(
                    "mitigated",
                    "It worked: mark it as mitigated?",
                    "When nobody is hurt any more, say so. Finding the cause can wait.",
                )
            )
        elif now.running:
            steps.append(Step("outcome", "Did it work?", "A mitigation is running. Look, then record what came of it."))
        elif now.alerts and not now.firing:
            steps.append(
                Step(
                    "resolve",
                    "All alerts have ended. Is it over?",
                    "Look at it as a customer would before you resolve it.",
                )
            )
        elif not now.tried:
            steps.append(
                Step(
                    "mitigate",
                    "What can stop the bleeding?",
                    "Roll back, switch off, fail over. The cause comes later.",
                    "warning",
                )
            )
        else:
            steps.append(Step("mitigate", "What else can stop the bleeding?", "What was tried has not been enough."))
    elif now.status == "mitigated":
        if now.firing:
            steps.append(
                Step(
                    "watch",
                    "Mitigated, but alerts still fire",
                    "Is it really over for customers? If not, reopen it.",
                    "warning",
                )
            )
        else:
            steps.append(
                Step(
                    "resolve",
                    "Resolve it when it stays quiet",
                    "Mitigated means that nobody is hurt. Resolved means that it will not come back by itself.",
                )
            )
    if now.commander and not now.commander_accepted:
        steps.append(
            Step(
                "waiting",
                "The commander has not answered yet",
                "They are being paged. Take over if they can’t be reached.",
                "warning",
            )
        )
    if not now.communications:
        steps.append(
            Step(
                "communications",
                "Name a communications lead",
                "One voice to stakeholders, so that the others can work.",
            )
        )
    if not now.updates and not overdue:
        steps.append(
            Step("update", "Tell people that you are on it", "A first update within minutes saves a hundred questions.")
        )
    elif now.next_update_at is None and now.status == "active":
        steps.append(
            Step("promise", "Promise the next update", "Say when the next news will come, also when there is none.")
        )
    if not now.symptoms and now.status == "active":
        steps.append(Step("symptom", "Write down what you see", "Symptoms first: what fails, for whom, since when."))
    return steps


# --- Key times -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Facts:
    """What the product has seen; None is what it has not seen."""

    declared_at: datetime
    status: str = "active"
    alert_started: datetime | None = None
    alert_seen: datetime | None = None
    acknowledged: datetime | None = None
    role_accepted: datetime | None = None


@dataclass(frozen=True)
class Row:
    """A stored key time, in the order in which they were written."""

    moment: str
    at: datetime
    provenance: str
    reason: str = ""
    corrected_by: str = ""

    @property
    def corrected(self) -> bool:
        return bool(self.reason)


def key_times(facts: Facts, rows: Sequence[Row]) -> dict[str, Row]:
    """The key times of an incident, each with where it comes from.

    A correction outranks what was seen, and that outranks what had been recorded earlier. Mitigated and resolved happen
    each time anew: there the last row counts, and only while the incident is in that state or beyond.
    """
    recorded = {row.moment: row for row in rows if not row.corrected}
    corrected = {row.moment: row for row in rows if row.corrected}
    last = {row.moment: row for row in rows}
    times = recorded | computed(facts) | corrected
    for moment, states in (("mitigated", ("mitigated", "resolved")), ("resolved", ("resolved",))):
        times.pop(moment, None)
        if moment in last and facts.status in states:
            times[moment] = last[moment]
    return {moment: times[moment] for moment in MOMENTS if moment in times}


def computed(facts: Facts) -> dict[str, Row]:
    """Started, detected, acknowledged and declared, as far as they follow from what was seen."""
    times = {"declared": Row("declared", facts.declared_at, "When the incident was declared")}
    if facts.alert_seen is not None and facts.alert_seen <= facts.declared_at:
        times["detected"] = Row("detected", facts.alert_seen, "First alert that Watchroom received")
    else:
        times["detected"] = Row("detected", facts.declared_at, "Declared by a person before any alert")
    detected = times["detected"].at
    if facts.alert_started is not None and facts.alert_started <= detected:
        times["started"] = Row("started", facts.alert_started, "Start of the first alert, as its source says")
    else:
        times["started"] = Row("started", detected, "Taken to be when it was detected")
    if facts.acknowledged is not None:
        times["acknowledged"] = Row(
            "acknowledged", max(facts.acknowledged, detected), "First acknowledgement of a linked alert group"
        )
    elif facts.role_accepted is not None:
        times["acknowledged"] = Row("acknowledged", max(facts.role_accepted, detected), "First person who took a role")
    return times


def out_of_order(times: Mapping[str, datetime], moment: str, at: datetime) -> tuple[str, str] | None:
    """Which other moment forbids ``at`` for ``moment``: (that moment, ``"before"`` or ``"after"``), or None."""
    for earlier, later in ORDER:
        if moment == earlier and later in times and at > times[later]:
            return later, "after"
        if moment == later and earlier in times and at < times[earlier]:
            return earlier, "before"
    return None


def said(moment: str) -> str:
    """``the impact started``: a moment within a sentence."""
    return _WORD[moment]


# --- Proposals and checks --------------------------------------------------------------------------------------------

_OF_ALERT = {"critical": 2, "error": 3, "warning": 4, "info": 5}


def proposed_severity(alert_severities: Sequence[str]) -> int:
    """The incident severity to propose for alerts of these severities; 3 when there are none."""
    return min((_OF_ALERT.get(each, 3) for each in alert_severities), default=3)


def proposed_title(titles: Sequence[str]) -> str:
    """A title for an incident that starts from alert groups with these titles."""
    if not titles:
        return ""
    more = len(titles) - 1
    tail = f" (and {more} more)" if more else ""
    return titles[0][: 200 - len(tail)] + tail


def is_overdue(next_update_at: datetime | None, at: datetime) -> bool:
    """Whether the promised update is late."""
    return next_update_at is not None and next_update_at <= at


FUTURE_ALLOWED = timedelta(minutes=1)  # clocks of people and servers differ


def in_the_future(at: datetime, now: datetime) -> bool:
    """Whether ``at`` can't have happened yet."""
    return at > now + FUTURE_ALLOWED
