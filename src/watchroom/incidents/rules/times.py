"""When things happened, and what can't have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

MOMENTS = ("started", "detected", "acknowledged", "declared", "assembled", "tried", "mitigated", "resolved", "closed")
_WORD = {
    "started": "the impact started",
    "detected": "it was detected",
    "acknowledged": "it was acknowledged",
    "declared": "it was declared",
    "assembled": "everybody needed was there",
    "tried": "the first mitigation was tried",
    "mitigated": "it was mitigated",
    "resolved": "it was resolved",
    "closed": "it was closed",
}

# What can't have happened before what. Detection, acknowledgement and declaration follow no fixed order of their own:
# people declare what no alert has seen.
ORDER = (
    ("started", "detected"),
    ("started", "acknowledged"),
    ("started", "declared"),
    ("started", "mitigated"),
    ("started", "resolved"),
    ("started", "tried"),
    ("declared", "assembled"),
    ("detected", "acknowledged"),
    ("detected", "mitigated"),
    ("detected", "resolved"),
    ("mitigated", "resolved"),
    ("declared", "resolved"),
    ("resolved", "closed"),
)

# What is measured, from which moment to which.
DURATIONS = (
    ("detect", "started", "detected"),
    ("acknowledge", "detected", "acknowledged"),
    ("mitigate", "started", "mitigated"),
    ("resolve", "started", "resolved"),
)

_LASTING = (
    ("mitigated", ("mitigated", "resolved", "closed")),
    ("resolved", ("resolved", "closed")),
    ("closed", ("closed",)),
)


@dataclass(frozen=True)
class Facts:
    """What the product has seen; None is what it has not seen."""

    declared_at: datetime
    phase: str = "active"
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

    A correction outranks what was seen, and that outranks what had been recorded earlier. Mitigated, resolved and closed
    happen each time anew: there the last row counts, and only while the incident is in that phase or beyond.
    """
    recorded = {row.moment: row for row in rows if not row.corrected}
    corrected = {row.moment: row for row in rows if row.corrected}
    last = {row.moment: row for row in rows}
    times = recorded | computed(facts) | corrected
    for moment, phases in _LASTING:
        times.pop(moment, None)
        if moment in last and facts.phase in phases:
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


def assembled_at(needed: Iterable[str], said_yes: Mapping[str, datetime]) -> datetime | None:
    """When everybody was there: the moment at which the last of the needed roles had somebody who said yes. None: one has
    nobody yet, or none is needed. ``said_yes``: by role, the first who did."""
    roles = set(needed)
    return max(said_yes[role] for role in roles) if roles and roles <= said_yes.keys() else None


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


def is_overdue(next_update_at: datetime | None, at: datetime) -> bool:
    """Whether the promised update is late."""
    return next_update_at is not None and next_update_at <= at


FUTURE_ALLOWED = timedelta(minutes=1)  # clocks of people and servers differ


def in_the_future(at: datetime, now: datetime) -> bool:
    """Whether ``at`` can't have happened yet."""
    return at > now + FUTURE_ALLOWED
