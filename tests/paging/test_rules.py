"""The pure decisions of paging."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from watchroom.paging.conditions import DAYS, Conditions, Facts, Hours, unmet
from watchroom.paging.rules import (
    LAST_RESORT_ROUNDS,
    MAX_TRIES,
    Decision,
    Found,
    Plan,
    Position,
    Rule,
    Step,
    Target,
    ahead,
    decide,
    messages_for,
    next_turn,
    retry_in,
    whose_turn,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
targets = st.builds(Target, st.sampled_from(["person", "schedule", "team"]), st.integers(1, 99))
names = st.text("abc", min_size=1, max_size=3)
hours = st.builds(
    Hours,
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
    st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    st.sets(st.sampled_from(DAYS)).map(lambda days: tuple(day for day in DAYS if day in days)),
    st.booleans(),
)
conditions = st.builds(
    Conditions,
    urgency=st.sampled_from(["", "high", "low"]),
    severities=st.lists(names, max_size=2).map(tuple),
    hours=st.none() | hours,
    labels=st.dictionaries(names, names, max_size=2).map(lambda labels: tuple(sorted(labels.items()))),
)
steps = st.builds(Step, st.lists(targets, min_size=1, max_size=3).map(tuple), st.integers(1, 3600))
full_steps = st.builds(
    Step,
    st.lists(targets, min_size=1, max_size=3).map(tuple),
    st.integers(1, 3600),
    st.sampled_from(["", "high", "low"]),
    st.booleans(),
    conditions,
)
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


@given(st.builds(Plan, st.lists(full_steps, max_size=3).map(tuple), st.integers(0, 4), st.integers(1, 3)))
def test_a_plan_survives_being_stored(plan: Plan) -> None:
    assert Plan.of(plan.as_json()) == plan


@given(plans)
def test_what_is_announced_is_what_happens(plan: Plan) -> None:
    at, due = Position(0, 0), NOW

    def look(_where: Position, step: Step, when: datetime) -> Decision:
        people = tuple(target.id for target in step.targets)
        return decide(step, Facts(), when, Found(people, frozenset(people)))

    for line in ahead(plan, at, due, look, most=30):
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


@given(st.sets(st.integers(1, 20), min_size=2), st.integers(0, 21) | st.none(), st.integers(1, 40))
def test_a_round_robin_gives_everybody_a_turn_before_anybody_has_a_second(
    people: set[int], last: int | None, turns: int
) -> None:
    had = []
    for _ in range(turns):
        last = whose_turn(people, last)
        had.append(last)
    counts = [had.count(person) for person in people]
    assert max(counts) - min(counts) <= 1


@given(st.integers(0, 525_599).map(lambda minutes: NOW + timedelta(minutes=minutes)), hours)
def test_hours_and_their_outside_never_hold_together(at: datetime, given_hours: Hours) -> None:
    opposite = Hours(
        given_hours.zone, given_hours.start, given_hours.end, given_hours.days, outside=not given_hours.outside
    )
    assert given_hours.hold(at) != opposite.hold(at)


def test_a_night_that_ends_on_the_next_day_belongs_to_the_day_on_which_it_began() -> None:
    from datetime import time

    friday_night = Hours("Europe/Berlin", time(22), time(6), ("friday",))
    assert friday_night.hold(datetime(2026, 3, 7, 3, tzinfo=UTC))  # Saturday, 04:00 in Berlin
    assert not friday_night.hold(datetime(2026, 3, 6, 3, tzinfo=UTC))  # Friday, 04:00: Thursday's night


def test_one_bad_time_zone_pages_instead_of_staying_silent() -> None:
    from datetime import time

    gone = Conditions(hours=Hours("Mars/Olympus", time(9), time(9, 1), ()))
    assert unmet(gone, Facts(), NOW) == ""


def test_each_condition_says_what_it_misses() -> None:
    facts = Facts("low", "warning", ({"env": "prod", "app": "a"}, {"env": "dev", "app": "b"}), (NOW, NOW))
    assert "urgency is low" in unmet(Conditions(urgency="high"), facts, NOW)
    assert "severity is warning" in unmet(Conditions(severities=("critical", "error")), facts, NOW)
    assert unmet(Conditions(severities=("critical", "warning")), facts, NOW) == ""
    assert unmet(Conditions(labels=(("app", "a"), ("env", "prod"))), facts, NOW) == ""
    assert "no alert has" in unmet(Conditions(labels=(("app", "b"), ("env", "prod"))), facts, NOW)
    assert unmet(Conditions(alerts=2, minutes=5), facts, NOW) == ""
    assert unmet(Conditions(alerts=3, minutes=5), facts, NOW) == "2 of 3 alerts in 5 min"
    assert unmet(Conditions(alerts=1, minutes=5), facts, NOW + timedelta(minutes=5)) == "0 of 1 alerts in 5 min"
