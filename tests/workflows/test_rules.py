"""When a workflow runs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchroom.workflows.rules import Conditions, Snapshot, Words, actor_name, is_own_doing, unmet

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)  # a Monday
SNAPSHOTS = st.builds(
    Snapshot,
    severity=st.integers(1, 5),
    at=st.just(NOW),
    type=st.sampled_from(["", "leak"]),
    team=st.sampled_from(["", "shop"]),
    services=st.frozensets(st.sampled_from(["checkout", "ledger"])),
    labels=st.frozensets(st.tuples(st.just("env"), st.sampled_from(["prod", "test"]))),
    private=st.booleans(),
    drill=st.booleans(),
)
CONDITIONS = st.fixed_dictionaries(
    {},
    optional={
        "severities": st.lists(st.integers(1, 5), max_size=3),
        "types": st.lists(st.sampled_from(["leak"]), max_size=1),
        "teams": st.lists(st.sampled_from(["shop"]), max_size=1),
        "services": st.lists(st.sampled_from(["checkout", "ledger"]), max_size=2),
        "labels": st.dictionaries(st.just("env"), st.sampled_from(["prod", "test"]), max_size=1),
        "private": st.booleans(),
        "drills": st.booleans(),
    },
)


@given(CONDITIONS, SNAPSHOTS)
def test_it_runs_when_all_that_is_asked_holds(said: dict[str, object], seen: Snapshot) -> None:
    conditions = Conditions.of(said)
    assert Conditions.of(conditions.as_json()) == conditions
    holds = (
        (not conditions.severities or seen.severity in conditions.severities)
        and (not conditions.types or seen.type in conditions.types)
        and (not conditions.teams or seen.team in conditions.teams)
        and (not conditions.services or any(each in seen.services for each in conditions.services))
        and all(each in seen.labels for each in conditions.labels)
        and seen.private <= conditions.private
        and seen.drill <= conditions.drills
    )
    assert (unmet(conditions, seen) == []) == holds
    assert str(conditions)


def test_hours_are_those_on_the_wall() -> None:
    night = {"hours": {"zone": "Europe/Berlin", "start": "22:00", "end": "06:00"}}
    assert unmet(Conditions.of(night), Snapshot(1, NOW))
    assert not unmet(Conditions.of(night), Snapshot(1, datetime(2026, 3, 2, 21, 30, tzinfo=UTC)))


@pytest.mark.parametrize(
    "said",
    [
        {"colour": "red"},
        {"severities": [9]},
        {"severities": ["x"]},
        {"hours": {"start": "25:00", "end": "06:00"}},
        {"hours": {"zone": "Mars/Base", "start": "22:00", "end": "06:00"}},
        {"hours": {"start": "22:00", "end": "06:00", "days": ["someday"]}},
        {"labels": [1]},
    ],
)
def test_what_makes_no_sense_is_no_condition(said: dict[str, object]) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        Conditions.of(said)


def test_none_wakes_itself() -> None:
    assert is_own_doing("system", actor_name("SEV1 declared"))
    assert not is_own_doing("system", "Watchroom")
    assert not is_own_doing("person", actor_name("SEV1 declared"))


def test_only_known_words_are_filled_in() -> None:
    words = Words("Slow {severity}", "SEV1", 12, "https://x/12")
    assert words.into("{number}: {title} {link} {secret}") == "12: Slow {severity} https://x/12 {secret}"
