"""How a practice went: each expectation against what happened. Pure.

Everything is measured from the first signal, and while the drill was paused no time passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from ...incidents.guidance import History
from .story import Expectation

Outcome = Literal["kept", "late", "missed", "not_reached"]
PARTS = {
    "notice": ("Notice", ("acknowledged", "declared")),
    "assemble": ("Assemble", ("role", "severity", "handoff")),
    "tell": ("Communicate", ("update", "promises")),
    "fix": ("Stop it", ("mitigation", "hypothesis", "resolved")),
}
POINTS = {"kept": 1.0, "late": 0.5, "missed": 0.0}


@dataclass(frozen=True)
class Facts:
    """What a practice was: when its first signal came, when somebody acknowledged, what happened in its incident (None: none
    was declared), when it was ``until`` (its end, or now), and when it was paused."""

    began_at: datetime
    until: datetime
    over: bool
    acknowledged_at: datetime | None = None
    history: History | None = None
    handed_over: Sequence[datetime] = ()  # when a role that was offered in writing was accepted
    pauses: Sequence[tuple[datetime, datetime]] = ()

    def took(self, at: datetime) -> timedelta:
        """How long from the first signal until then, without pauses."""
        paused = sum(
            (max(timedelta(), min(end, at) - max(start, self.began_at)) for start, end in self.pauses), timedelta()
        )
        return max(timedelta(), at - self.began_at - paused)


@dataclass(frozen=True)
class Result:
    """How one expectation went. ``late_by`` where it was late; ``took``: after how long it came."""

    expectation: Expectation
    outcome: Outcome
    took: timedelta | None = None
    late_by: timedelta | None = None

    @property
    def points(self) -> float | None:
        """1 for what was kept, a half for what came late; None: it does not count."""
        return POINTS.get(self.outcome)


@dataclass(frozen=True)
class Part:
    """One part of the score, in percent; None: nothing of it could be judged."""

    key: str
    name: str
    percent: int | None
    kept: int
    counted: int


@dataclass(frozen=True)
class Score:
    """The whole, in percent (None: nothing could be judged), its parts and every expectation."""

    percent: int | None
    parts: tuple[Part, ...]
    results: tuple[Result, ...]


def _timed(expected: Expectation, facts: Facts, at: datetime | None) -> Result:
    limit = timedelta(minutes=expected.minutes or 0)
    if at is None or at > facts.until:
        outcome: Outcome = "missed" if facts.took(facts.until) >= limit else "not_reached"
        return Result(expected, outcome)
    took = facts.took(at)
    if took <= limit:
        return Result(expected, "kept", took)
    return Result(expected, "late", took, took - limit)


def _taken(history: History | None, role: str) -> datetime | None:
    held = (each.accepted_at for each in history.roles if each.role == role) if history else ()
    return min((at for at in held if at is not None), default=None)


def _moment(expected: Expectation, facts: Facts) -> datetime | None:
    history = facts.history
    if expected.kind == "acknowledged":
        return facts.acknowledged_at
    if history is None:
        return None
    if expected.kind == "role":
        return _taken(history, expected.role)
    return {
        "declared": history.declared_at,
        "update": min((each.at for each in history.updates), default=None),
        "mitigation": min((each.started_at for each in history.tried), default=None),
        "resolved": history.resolved_at,
    }[expected.kind]


def _promises(expected: Expectation, facts: Facts, history: History) -> Result:
    """The worst of them counts. One that fell due after the end was never put to the test."""
    told = sorted(history.updates, key=lambda each: each.at)
    came = [*(each.at for each in told), *([history.resolved_at] if history.resolved_at else [])]
    judged, worst = False, timedelta()
    for each in told:
        if each.next_at is None or (each.next_at > facts.until and not any(at > each.at for at in came)):
            continue
        judged = True
        following = min((at for at in came if at > each.at), default=None)
        if following is None:
            return Result(expected, "missed")
        worst = max(worst, following - each.next_at)
    if not judged:
        return Result(expected, "not_reached")
    return Result(expected, "late", None, worst) if worst > timedelta() else Result(expected, "kept")


def _hypothesis(expected: Expectation, history: History) -> Result:
    first = min((each.started_at for each in history.tried), default=None)
    if first is None:
        return Result(expected, "not_reached")
    written = any(line.kind == "hypothesis" and line.at <= first for line in history.lines)
    return Result(expected, "kept" if written else "missed")


def _handoff(expected: Expectation, facts: Facts, history: History) -> Result:
    """Where nobody gave a role away, there was nothing to hand over."""
    if facts.handed_over:
        return Result(expected, "kept")
    gone = any(
        each.ended_at is not None and each.accepted_at is not None and each.ended_at <= facts.until
        for each in history.roles
    )
    return Result(expected, "missed" if gone else "not_reached")


def judge(expected: Expectation, facts: Facts) -> Result:
    """How one expectation went."""
    if expected.minutes is not None:
        return _timed(expected, facts, _moment(expected, facts))
    history = facts.history
    if history is None:
        return Result(expected, "not_reached")
    if expected.kind == "severity":
        levels = [level for _, level in history.severities] or [history.severity]
        enough = min(levels) <= (expected.severity or 5)
        return Result(expected, "kept" if enough else "missed" if facts.over else "not_reached")
    if expected.kind == "promises":
        return _promises(expected, facts, history)
    if expected.kind == "hypothesis":
        return _hypothesis(expected, history)
    return _handoff(expected, facts, history)


def _percent(results: Sequence[Result]) -> int | None:
    points = [each.points for each in results if each.points is not None]
    return round(100 * sum(points) / len(points)) if points else None


def score(expectations: Sequence[Expectation], facts: Facts) -> Score:
    """The score: what was kept counts in full, what came late half, what was missed not at all; what was never put to the
    test does not count."""
    results = tuple(judge(each, facts) for each in expectations)
    parts = []
    for key, (name, kinds) in PARTS.items():
        own = [each for each in results if each.expectation.kind in kinds]
        if own:
            counted = [each for each in own if each.points is not None]
            kept = sum(each.outcome == "kept" for each in counted)
            parts.append(Part(key, name, _percent(own), kept, len(counted)))
    return Score(_percent(results), tuple(parts), results)
