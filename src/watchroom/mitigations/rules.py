"""Decisions about mitigations: which to offer first, and what a number says about an effect. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

MOST_STEPS, LONGEST_STEP = 40, 500
_MARK = re.compile(r"^\s*(?:\d{1,2}[.)]|[-*•]|\[[ xX]?\])\s+")
HELPED = {"worked": 1.0, "partly": 0.5, "no_effect": -0.5, "worse": -2.0, "failed": -0.5}
_RISK = {"low": 0.0, "medium": 0.5, "high": 1.5}


@dataclass(frozen=True)
class Candidate:
    """One mitigation that could be tried. ``past``: outcomes in earlier incidents of these services, ``here``: in this
    one; ``after_change``: something of the service was changed lately, which a roll-back would undo."""

    key: int
    name: str
    risk: str = "low"
    kind: str = "other"
    own_service: bool = False
    automatic: bool = False
    past: tuple[str, ...] = ()
    here: tuple[str, ...] = ()
    after_change: bool = False


@dataclass(frozen=True)
class Ranked:
    """A candidate's place, and why in words."""

    key: int
    score: float
    reason: str


def rank(candidates: Iterable[Candidate]) -> list[Ranked]:
    """The best guess first. What has worked before counts most, then little risk, then what belongs to the service; what was
    tried here already and did not help comes last."""
    found = [(_score(each), each) for each in candidates]
    found.sort(key=lambda pair: (-pair[0], pair[1].name, pair[1].key))
    return [Ranked(each.key, score, _reason(each)) for score, each in found]


def _score(each: Candidate) -> float:
    # One good memory is worth something, many are not worth endlessly more.
    memory = sum(HELPED.get(outcome, 0.0) for outcome in each.past)
    score = max(-3.0, min(3.0, memory)) - _RISK.get(each.risk, 0.0)
    score += 0.5 if each.own_service else 0.0
    score += 0.25 if each.automatic else 0.0
    score += 1.0 if each.after_change and each.kind == "roll_back" else 0.0
    return score - 10.0 * sum(outcome not in {"worked", "partly"} for outcome in each.here)


def _reason(each: Candidate) -> str:
    if each.here and not set(each.here) & {"worked", "partly"}:
        return "Tried here already; it did not help."
    worked = sum(outcome in {"worked", "partly"} for outcome in each.past)
    if worked:
        return f"It helped in {worked} of {len(each.past)} earlier incident{'' if len(each.past) == 1 else 's'}."
    if each.after_change and each.kind == "roll_back":
        return "The service was changed shortly before."
    if each.past:
        return f"Tried {len(each.past)} time{'' if len(each.past) == 1 else 's'} before; it did not help."
    return ""


@dataclass(frozen=True)
class Effect:
    """Means of an indicator before and after, and what that says."""

    before: float
    after: float
    text: str


def effect(
    name: str,
    points: Sequence[tuple[float, float]],
    *,
    started: float,
    ended: float,
    worse: str = "above",
    threshold: float | None = None,
) -> Effect | None:
    """What changed between the time before ``started`` and the last two minutes up to ``ended`` (Unix seconds). None: there
    are no points on one of the sides."""
    early = [value for at, value in points if at <= started]
    late = [value for at, value in points if max(started, ended - 120) < at <= ended]
    if not early or not late:
        return None
    before, after = fmean(early), fmean(late)
    span = max(abs(before), abs(after))
    if span == 0 or abs(after - before) <= 0.05 * span:
        word = "did not change"
    else:
        word = "got worse" if (after > before) == (worse == "above") else "got better"
    text = f"{name} {word}: {before:.4g} before, {after:.4g} after."
    if threshold is not None:
        fine = after <= threshold if worse == "above" else after >= threshold
        text += " It is within its threshold." if fine else " It is still beyond its threshold."
    return Effect(before, after, text)


def steps_of(how: str) -> list[str]:
    """The steps of how something is done, to be ticked off: a line that begins with a number, a dash or a box begins a step
    and what follows belongs to it; where no line does, each line is a step. One line alone is no list."""
    lines = [line.rstrip() for line in how.splitlines() if line.strip()]
    marked = any(_MARK.match(line) for line in lines)
    found: list[str] = []
    for line in lines:
        if not marked or _MARK.match(line):
            found.append(_MARK.sub("", line).strip())
        elif found:
            found[-1] = f"{found[-1]} {line.strip()}"
    found = [step[:LONGEST_STEP] for step in found if step]
    return found[:MOST_STEPS] if len(found) > 1 else []
