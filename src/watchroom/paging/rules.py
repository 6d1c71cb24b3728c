"""Pure decisions of paging: what a plan says next, when to try again, and which messages a person gets.

Values in, values out. The engine, the preview of a policy and the live trace all ask these functions.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .conditions import Conditions, Facts, unmet

LAST_RESORT_WAIT_SECONDS = 300
LAST_RESORT_ROUNDS = 12  # an hour of asking the administrators, then it counts as exhausted
GIVEN_WAIT_SECONDS = 300  # how long somebody to whom it was given has, before it goes on
SEND_LEASE = timedelta(seconds=60)  # after this long without a result, an attempt counts as cut off
MAX_TRIES = 8
MAX_RETRY_AFTER = timedelta(minutes=10)
_SLIP = timedelta(seconds=10)
_BACKOFF_SECONDS = (5, 15, 30, 60, 120, 240, 480)

PROPOSED = ("mitigation", "runbook")

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Target:
    """A person, a schedule (``detail``: current, next or all), a team, whoever has a role in the incident (``detail``:
    which), a webhook (``detail``: its address), an incident to be declared (``id``: its severity, 0 to take the
    alerts'), a mitigation to be proposed (``detail``: its slug) or a runbook (``detail``: its slug, or with the step that is
    begun at once: slug/step), or a chat workspace (``detail``: the room)."""

    kind: str  # person, schedule, team, role, webhook, incident, mitigation, runbook, chat
    id: int
    detail: str = ""

    @property
    def is_person(self) -> bool:
        """Whether it stands for people, not for something that a machine does."""
        return self.kind in ("person", "schedule", "team", "role")

    @property
    def is_proposed(self) -> bool:
        """Whether nothing is done before somebody approves it."""
        return self.kind in PROPOSED

    @property
    def slug(self) -> str:
        """Of what is proposed."""
        return self.detail.partition("/")[0]

    @property
    def step(self) -> str:
        """The key of the step of a runbook that is begun at once; empty: none."""
        return self.detail.partition("/")[2]


@dataclass(frozen=True)
class Step:
    """Page these if the conditions hold, then wait. ``round_robin``: only the one whose turn it is; ``pause``: do
    nothing, only wait."""

    targets: tuple[Target, ...]
    wait_seconds: int
    urgency: str = ""
    round_robin: bool = False
    conditions: Conditions = Conditions()
    pause: bool = False

    @property
    def roles(self) -> frozenset[str]:
        """The roles of the incident that it asks for."""
        return frozenset(target.detail for target in self.targets if target.kind == "role")

    @classmethod
    def of(cls, data: dict[str, Any]) -> Step:
        """The step that :meth:`as_json` wrote, today or before there was more than targets and a wait."""
        return cls(
            tuple(Target(str(t["kind"]), int(t["id"]), str(t.get("detail", ""))) for t in data["targets"]),
            int(data["wait_seconds"]),
            str(data.get("urgency", "")),
            bool(data.get("round_robin", False)),
            Conditions.of(data.get("conditions")),
            bool(data.get("pause", False)),
        )

    def as_json(self) -> dict[str, Any]:
        """Plain data, as it is stored with the escalation."""
        return {
            "wait_seconds": self.wait_seconds,
            "urgency": self.urgency,
            "round_robin": self.round_robin,
            "conditions": self.conditions.as_json(),
            "pause": self.pause,
            "targets": [{"kind": t.kind, "id": t.id, "detail": t.detail} for t in self.targets],
        }


@dataclass(frozen=True)
class Plan:
    """The steps of a policy, as they were when the escalation started, how often they start again, and how many people
    have to answer until it ends. ``closed``: nobody beyond these steps is asked, by no last resort."""

    steps: tuple[Step, ...]
    repeats: int
    answers: int = 1
    closed: bool = False

    @classmethod
    def of(cls, data: dict[str, Any]) -> Plan:
        """The plan that :meth:`as_json` wrote."""
        steps = tuple(Step.of(each) for each in data["steps"])
        return cls(steps, int(data["repeats"]), int(data.get("answers", 1)), bool(data.get("closed")))

    def as_json(self) -> dict[str, Any]:
        """Plain data, as it is stored with the escalation."""
        said: dict[str, Any] = {"repeats": self.repeats, "answers": self.answers}
        return {**said, "steps": [step.as_json() for step in self.steps], **({"closed": True} if self.closed else {})}


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


def next_turn(plan: Plan, at: Position, somebody: bool = True, before: bool = True) -> Turn:
    """What an escalation at ``at`` does now.

    After the last step of the last round comes the last resort (the administrators), again and again for an hour, and
    only then is it exhausted. ``somebody`` says whether anybody of the step can be reached: without, the next step
    follows at once instead of waiting for an answer that nobody can give. ``before`` says the same of the steps before it
    in its round: where nobody of a whole round can be reached, starting again would reach nobody either, and the last
    resort follows at once. One that is ``closed`` has no last resort: it is exhausted after its last round.
    """
    if at.round > plan.repeats or not plan.steps:
        if plan.closed:
            return Turn("exhausted", None, at, 0)
        beyond = at.round - plan.repeats if plan.steps else at.round + 1
        if beyond > LAST_RESORT_ROUNDS:
            return Turn("exhausted", None, at, 0)
        return Turn("last_resort", None, Position(at.round + 1, 0), LAST_RESORT_WAIT_SECONDS)
    step = plan.steps[at.step]
    last = at.step + 1 == len(plan.steps)
    after = Position(at.round + 1, 0) if last else Position(at.round, at.step + 1)
    if last and not somebody and not before:
        after = Position(plan.repeats + 1, 0)
    return Turn("step", step, after, step.wait_seconds if somebody else 0)


@dataclass(frozen=True)
class Found:
    """Whom a step's targets mean at a moment, by number, and who of them has any way to be reached. ``last``: who was
    paged last by this step's round robin. ``away``: who is not to be paged now."""

    people: tuple[int, ...]
    reachable: frozenset[int]
    last: int | None = None
    away: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Decision:
    """What a step does. ``skipped`` says why it does nothing at all; ``somebody``: whether an answer can be expected.
    ``away``: who was meant and is passed over; ``held_seconds``: how long all of them have quiet hours; ``without_sender``:
    whoever sent the page was meant, too, and is left out."""

    people: tuple[int, ...]
    skipped: str
    somebody: bool
    away: tuple[int, ...] = ()
    held_seconds: int = 0
    without_sender: bool = False


def whose_turn(candidates: Iterable[int], last: int | None) -> int | None:
    """The next person of a round robin after ``last``, in the order of their numbers: whoever joins or leaves, nobody's
    turn comes twice in a row while there is somebody else."""
    ordered = sorted(set(candidates))
    return next((each for each in ordered if last is None or each > last), ordered[0] if ordered else None)


def decide(
    step: Step,
    facts: Facts,
    at: datetime,
    found: Found,
    answered: Collection[int] = (),
    sender: int | None = None,
) -> Decision:
    """What ``step`` does at ``at``. Whoever has answered is not paged again, and whoever sends a page (``sender``) only
    where nobody else of the step can be reached."""
    if reason := unmet(step.conditions, facts, at):
        return Decision((), reason, False)
    if step.pause:
        return Decision((), "", True)
    away = tuple(person for person in found.people if person in found.away and person not in answered)
    left = tuple(person for person in found.people if person not in answered and person not in found.away)
    machines = any(not target.is_person for target in step.targets)
    if found.people and not left and not machines and not away:
        return Decision((), "everybody here has answered", False)
    others = tuple(person for person in left if person != sender)
    without_sender = len(others) < len(left) and any(person in found.reachable for person in others)
    left = others if without_sender else left
    if step.round_robin:
        turn = whose_turn((person for person in left if person in found.reachable), found.last)
        left = (turn,) if turn is not None else left
    somebody = machines or any(person in found.reachable for person in left)
    return Decision(left, "", somebody, away, without_sender=without_sender)


def uncovered(spans: Iterable[Span], start: datetime, end: datetime) -> list[Span]:
    """When between ``start`` and ``end`` none of ``spans`` holds; in order."""
    found, since = [], start
    for a, b in sorted(spans):
        if a > since:
            found.append((since, min(a, end)))
        since = max(since, b)
        if since >= end:
            break
    return [*found, (since, end)] if since < end else found


def common(left: Sequence[Span], right: Sequence[Span]) -> list[Span]:
    """When both hold; each is in order and without overlaps, and so is what is found."""
    found, i, j = [], 0, 0
    while i < len(left) and j < len(right):
        a, b = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if a < b:
            found.append((a, b))
        if left[i][1] <= right[j][1]:
            i += 1
        else:
            j += 1
    return found


def in_words(span: timedelta) -> str:
    """A span of time as one says it: 2 h, 1 h 35 min, 12 min."""
    minutes = max(0, int(span.total_seconds() // 60))
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    words = [f"{days} d" if days else "", f"{hours} h" if hours else "", f"{rest} min" if rest and not days else ""]
    return " ".join(word for word in words if word) or "0 min"


def retry_in(tries: int, *, permanent: bool, retry_after: timedelta | None, jitter: random.Random) -> timedelta | None:
    """How long to wait before trying a notification again; None: it has failed for good.

    :param tries: how many attempts there have been, this one included.
    """
    if permanent or tries >= MAX_TRIES:
        return None
    base = timedelta(seconds=_BACKOFF_SECONDS[min(tries, len(_BACKOFF_SECONDS)) - 1] * jitter.uniform(0.8, 1.2))
    return max(base, min(retry_after, MAX_RETRY_AFTER)) if retry_after else base


def goes_on_meanwhile(tries: int, wait: timedelta, *, urgent: bool) -> bool:
    """Whether the person's next method goes while this one is tried again: a slip of a moment is waited for, a provider that
    is down is not.

    :param tries: how many attempts have failed; ``wait``: until the next one.
    """
    return urgent and (tries > 1 or wait > _SLIP)


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
    kind: str  # step, skipped, last_resort, exhausted
    step: int
    round: int
    does: Step | None
    decision: Decision | None


Look = Callable[[Position, Step, datetime], Decision]


def ahead(plan: Plan, at: Position, due: datetime, look: Look, most: int = 6, *, before: bool = False) -> list[Ahead]:
    """What an escalation will do from ``due`` on, if nobody answers. ``look`` decides a step as the engine will;
    ``before``: whether somebody of an earlier step of the round in which it is may answer."""
    found: list[Ahead] = []
    while len(found) < most:
        turn = next_turn(plan, at)
        if turn.step is None:
            found.append(Ahead(due, turn.kind, at.step, at.round, None, None))
            break
        decision = look(at, turn.step, due)
        kind = "skipped" if decision.skipped else "step"
        found.append(Ahead(due, kind, at.step, at.round, turn.step, decision))
        turn = next_turn(plan, at, decision.somebody, before)
        before = turn.after.step > 0 and (before or decision.somebody)
        at, due = turn.after, due + timedelta(seconds=turn.due_in_seconds + decision.held_seconds)
    return found
