"""The pure decisions of paging."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from watchroom.paging.rules import (
    LAST_RESORT_ROUNDS,
    MAX_TRIES,
    Plan,
    Position,
    Rule,
    Step,
    Target,
    ahead,
    messages_for,
    next_turn,
    retry_in,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
targets = st.builds(Target, st.sampled_from(["person", "schedule", "team"]), st.integers(1, 99))
steps = st.builds(Step, st.lists(targets, min_size=1, max_size=3).map(tuple), st.integers(1, 3600))
plans = st.builds(Plan, st.lists(steps, max_size=5).map(tuple), st.integers(0, 4))


def walk(plan: Plan) -> list[str]:
    """Every turn from the start to the end, nobody answering."""
    at, kinds = Position(0, 0), []
    while True:
        turn = next_turn(plan, at)
        kinds.append(f"{turn.kind}:{at.round}:{at.step}")
        if turn.kind == "exhausted":
            return kinds
        at = turn.after


@given(plans)
def test_every_step_of_every_round_is_taken_once_then_the_last_resort_then_it_ends(plan: Plan) -> None:
    turns = walk(plan)
    assert len(set(turns)) == len(turns)
    rounds = plan.repeats + 1 if plan.steps else 0
    assert [turn for turn in turns if turn.startswith("step")] == [
        f"step:{round}:{step}" for round in range(rounds) for step in range(len(plan.steps))
    ]
    assert sum(turn.startswith("last_resort") for turn in turns) == LAST_RESORT_ROUNDS
    assert turns[-1].startswith("exhausted")


@given(plans)
def test_a_plan_survives_being_stored(plan: Plan) -> None:
    assert Plan.of(plan.as_json()) == plan


@given(plans)
def test_what_is_announced_is_what_happens(plan: Plan) -> None:
    at, due = Position(0, 0), NOW
    for line in ahead(plan, at, due, most=30):
        turn = next_turn(plan, at)
        assert (line.kind, line.step, line.round, line.at) == (turn.kind, at.step, at.round, due)
        at, due = turn.after, due + timedelta(seconds=turn.due_in_seconds)


def test_a_step_without_anybody_does_not_wait_for_an_answer() -> None:
    plan = Plan((Step((Target("person", 1),), 300), Step((Target("person", 2),), 300)), 0)
    assert next_turn(plan, Position(0, 0), somebody=False).due_in_seconds == 0
    assert next_turn(plan, Position(0, 0), somebody=True).due_in_seconds == 300


@given(st.integers(1, MAX_TRIES - 1), st.integers(0, 10_000))
def test_a_temporary_failure_is_tried_again_after_at_least_what_the_provider_asks_for(tries: int, seconds: int) -> None:
    wait = retry_in(tries, permanent=False, retry_after=timedelta(seconds=seconds), jitter=random.Random(1))
    assert wait is not None
    assert wait >= min(timedelta(seconds=seconds), timedelta(minutes=10))


def test_a_permanent_failure_or_too_many_tries_end_it() -> None:
    jitter = random.Random(1)
    assert retry_in(1, permanent=True, retry_after=None, jitter=jitter) is None
    assert retry_in(MAX_TRIES, permanent=False, retry_after=None, jitter=jitter) is None


@given(st.lists(st.integers(1, 9), unique=True, min_size=1))
def test_whoever_made_no_rules_is_reached_by_every_method_at_once(methods: list[int]) -> None:
    assert messages_for([], methods) == [Rule(method, 0) for method in methods]
    assert messages_for([Rule(methods[0], 0, usable=False)], methods) == [Rule(method, 0) for method in methods]
