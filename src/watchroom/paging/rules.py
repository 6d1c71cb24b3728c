"""Pure decisions of paging: what a plan says next, when to try again, and which messages a person gets.

Values in, values out. The engine, the preview of a policy and the live trace all ask these functions.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

LAST_RESORT_WAIT_SECONDS = 300
LAST_RESORT_ROUNDS = 12  # an hour of asking the administrators, then it counts as exhausted
SEND_LEASE = timedelta(seconds=60)  # after this long without a result, an attempt counts as cut off
MAX_TRIES = 8
MAX_RETRY_AFTER = timedelta(minutes=10)
_BACKOFF_SECONDS = (5, 15, 30, 60, 120, 240, 480)


@dataclass(frozen=True)
class Target:
    """One of: a person, a schedule (whoever is on call), a team (everybody in it)."""

    kind: str  # person, schedule, team
    id: int


@dataclass(frozen=True)
class Step:
    """Page these, then wait."""

    targets: tuple[Target, ...]
    wait_seconds: int


@dataclass(frozen=True)
class Plan:
    """The steps of a policy, as they were when the escalation started, and how often they start again."""

    steps: tuple[Step, ...]
    repeats: int

    @classmethod
    def of(cls, data: dict[str, Any]) -> Plan:
        """The plan that :meth:`as_json` wrote."""
        steps = tuple(
            Step(tuple(Target(str(t["kind"]), int(t["id"])) for t in each["targets"]), int(each["wait_seconds"]))
            for each in data["steps"]
        )
        return cls(steps, int(data["repeats"]))

    def as_json(self) -> dict[str, Any]:
        """Plain data, as it is stored with the escalation."""
        return {
            "repeats": self.repeats,
            "steps": [
                {"wait_seconds": s.wait_seconds, "targets": [{"kind": t.kind, "id": t.id} for t in s.targets]}
                for s in self.steps
            ],
        }


@dataclass(frozen=True)
class Position:
    """Where an escalation is: the step to take next, in which round."""

    round: int
    step: int


@dataclass(frozen=True)
class Turn:
    """What to do when an escalation is due."""

    kind: str  # step, last_resort, exhausted
    step: Step | None
    after: Position  # where it is once this has been done
    due_in_seconds: int


def next_turn(plan: Plan, at: Position, somebody: bool = True) -> Turn:
    """What an escalation at ``at`` does now.

    After the last step of the last round comes the last resort (the administrators), again and again for an hour, and
    only then is it exhausted. ``somebody`` says whether the step has anybody to page: without, the next step follows
    at once instead of waiting for an answer that nobody can give.
    """
    if at.round > plan.repeats or not plan.steps:
        beyond = at.round - plan.repeats if plan.steps else at.round + 1
        if beyond > LAST_RESORT_ROUNDS:
            return Turn("exhausted", None, at, 0)
        return Turn("last_resort", None, Position(at.round + 1, 0), LAST_RESORT_WAIT_SECONDS)
    step = plan.steps[at.step]
    last = at.step + 1 == len(plan.steps)
    after = Position(at.round + 1, 0) if last else Position(at.round, at.step + 1)
    return Turn("step", step, after, step.wait_seconds if somebody else 0)


def retry_in(tries: int, *, permanent: bool, retry_after: timedelta | None, jitter: random.Random) -> timedelta | None:
    """How long to wait before trying a notification again; None: it has failed for good.

    :param tries: how many attempts there have been, this one included.
    """
    if permanent or tries >= MAX_TRIES:
        return None
    base = timedelta(seconds=_BACKOFF_SECONDS[min(tries, len(_BACKOFF_SECONDS)) - 1] * jitter.uniform(0.8, 1.2))
    return max(base, min(retry_after, MAX_RETRY_AFTER)) if retry_after else base


@dataclass(frozen=True)
class Rule:
    """A person's own wish: use this method, this long after the page."""

    method: int
    wait_seconds: int
    usable: bool = True


def messages_for(rules: Iterable[Rule], methods: Sequence[int]) -> list[Rule]:
    """Which methods to use for a person, and when. Someone who has made no rules is reached by all methods at once:
    saying nothing must never mean silence."""
    usable = [rule for rule in rules if rule.usable]
    return sorted(usable, key=lambda rule: (rule.wait_seconds, rule.method)) or [Rule(method, 0) for method in methods]


@dataclass(frozen=True)
class Ahead:
    """One line of what will happen: at ``at``, unless somebody answers."""

    at: datetime
    kind: str  # step, last_resort, exhausted
    step: int
    round: int
    targets: tuple[Target, ...]


def ahead(plan: Plan, at: Position, due: datetime, most: int = 6) -> list[Ahead]:
    """What an escalation will do from ``due`` on, if nobody answers and everybody can be reached."""
    found: list[Ahead] = []
    while len(found) < most:
        turn = next_turn(plan, at)
        found.append(Ahead(due, turn.kind, at.step, at.round, turn.step.targets if turn.step else ()))
        if turn.kind != "step":
            break
        at, due = turn.after, due + timedelta(seconds=turn.due_in_seconds)
    return found
