"""What a scenario says, and how a practice is scored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchroom.drills import library
from watchroom.drills.rules import (
    EXPECTATIONS,
    ROLES,
    Expectation,
    Facts,
    Wrong,
    expectations_of,
    filled,
    injects_of,
    score,
)
from watchroom.drills.rules.story import TIMED
from watchroom.incidents.guidance import Held, History, Line, Told, Tried

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def outcome(expectation: dict[str, Any], **facts: Any) -> str:
    fields = {"began_at": START, "until": at(60), "over": True} | facts
    return score(expectations_of([expectation]), Facts(**fields)).results[0].outcome


def history(**fields: Any) -> History:
    return History(**{"severity": 2, "declared_at": at(5)} | fields)


def test_injects_come_in_order_and_those_without_a_time_last() -> None:
    found = injects_of(
        [
            {"kind": "fact", "title": "Logs", "text": "x"},
            {"kind": "message", "title": "Support", "text": "Hello?", "minutes": 9},
            {"kind": "alert", "title": "Slow", "minutes": 0, "labels": {"service": "shop"}},
            {"kind": "alert_ends", "alert": "Slow"},
        ]
    )
    assert [each.kind for each in found] == ["alert", "message", "fact", "alert_ends"]
    assert injects_of([each.as_json() for each in found]) == found, "what is kept reads as it was"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": "magic"}, "injects[0].kind"),
        ({"kind": "alert"}, "injects[0].title"),
        ({"kind": "message", "title": "A"}, "injects[0].text"),
        ({"kind": "alert", "title": "A", "minutes": -1}, "injects[0].minutes"),
        ({"kind": "alert", "title": "A", "minutes": "soon"}, "injects[0].minutes"),
        ({"kind": "alert_ends", "alert": "B"}, "injects[0].alert"),
        ({"kind": "role_leaves", "role": "king"}, "injects[0].role"),
        ({"kind": "alert", "title": "A", "labels": ["x"]}, "injects[0].labels"),
        ({"kind": "alert", "title": "A", "sound": 1}, "injects[0].sound"),
        ("alert", "injects[0]"),
    ],
)
def test_what_makes_no_sense_is_named(given: Any, field: str) -> None:
    with pytest.raises(Wrong) as wrong:
        injects_of([given])
    assert wrong.value.field == field and wrong.value.fix


@given(
    st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=8),
            lambda x: (
                st.lists(x, max_size=3)
                | st.dictionaries(
                    st.text(max_size=8) | st.sampled_from(["kind", "title", "minutes", "labels"]), x, max_size=4
                )
            ),
            max_leaves=8,
        ),
        max_size=4,
    )
)
def test_whatever_is_said_is_read_or_refused(given: list[Any]) -> None:
    for read in (injects_of, expectations_of):
        try:
            read(given)
        except Wrong as wrong:
            assert wrong.fix and wrong.field


def test_in_time_late_missed_and_never_put_to_the_test() -> None:
    within = {"kind": "acknowledged", "minutes": 5}
    assert outcome(within, acknowledged_at=at(5)) == "kept"
    assert outcome(within, acknowledged_at=at(6)) == "late"
    assert outcome(within) == "missed"
    assert outcome(within, until=at(4)) == "not_reached"
    paused = [(at(1), at(11))]
    assert outcome(within, acknowledged_at=at(14), pauses=paused) == "kept", "while it rests, no time passes"
    assert outcome(within, until=at(14), pauses=paused) == "not_reached"


def test_each_expectation_is_judged_by_what_happened() -> None:
    assert outcome({"kind": "declared", "minutes": 5}, history=history()) == "kept"
    roles = (Held("commander", 1, at(5), at(8)),)
    assert outcome({"kind": "role", "role": "commander", "minutes": 8}, history=history(roles=roles)) == "kept"
    assert outcome({"kind": "role", "role": "scribe", "minutes": 8}, history=history(roles=roles)) == "missed"
    assert outcome({"kind": "severity", "severity": 2}, history=history()) == "kept"
    assert outcome({"kind": "severity", "severity": 1}, history=history()) == "missed"
    rose = history(severities=((at(5), 3), (at(20), 1)))
    assert outcome({"kind": "severity", "severity": 1}, history=rose) == "kept"
    told = history(updates=(Told(at(12), at(30)), Told(at(29))))
    assert outcome({"kind": "update", "minutes": 10}, history=told) == "late"
    assert outcome({"kind": "promises"}, history=told) == "kept"
    assert outcome({"kind": "promises"}, history=history(updates=(Told(at(12), at(30)),))) == "missed"
    assert outcome({"kind": "promises"}, history=history(updates=(Told(at(12), at(30)), Told(at(33))))) == "late"
    assert outcome({"kind": "promises"}, history=history(updates=(Told(at(50), at(70)),))) == "not_reached"
    assert outcome({"kind": "promises"}, history=history(updates=(Told(at(12), at(30)),), resolved_at=at(20))) == "kept"
    tried = (Tried("Roll back", at(10)),)
    idea = (Line(1, at(9), "hypothesis"),)
    assert outcome({"kind": "hypothesis"}, history=history(tried=tried, lines=idea)) == "kept"
    assert outcome({"kind": "hypothesis"}, history=history(tried=tried)) == "missed"
    assert outcome({"kind": "hypothesis"}, history=history(lines=idea)) == "not_reached"
    assert outcome({"kind": "handoff"}, history=history(), handed_over=[at(20)]) == "kept"
    gone = (Held("commander", 1, at(5), at(8), at(20)),)
    assert outcome({"kind": "handoff"}, history=history(roles=gone)) == "missed"
    assert outcome({"kind": "handoff"}, history=history(roles=roles)) == "not_reached"
    assert outcome({"kind": "resolved", "minutes": 30}, history=history(resolved_at=at(29))) == "kept"


EXPECTED = st.lists(
    st.sampled_from(sorted(EXPECTATIONS)).map(
        lambda kind: Expectation(
            kind,
            minutes=10 if kind in TIMED else None,
            role="commander" if kind == "role" else "",
            severity=2 if kind == "severity" else None,
        )
    ),
    max_size=12,
)
MINUTES = st.integers(0, 90)
HISTORIES = st.builds(
    lambda declared, severity, roles, updates, tried, lines, resolved: History(
        severity,
        at(declared),
        resolved_at=None if resolved is None else at(resolved),
        roles=tuple(Held("commander", 1, at(a), at(b), None if c is None else at(c)) for a, b, c in roles),
        updates=tuple(Told(at(a), None if b is None else at(a + b)) for a, b in updates),
        tried=tuple(Tried("x", at(each)) for each in tried),
        lines=tuple(Line(n, at(each), "hypothesis") for n, each in enumerate(lines)),
    ),
    MINUTES,
    st.integers(1, 5),
    st.lists(st.tuples(MINUTES, MINUTES, st.none() | MINUTES), max_size=3),
    st.lists(st.tuples(MINUTES, st.none() | st.integers(1, 30)), max_size=4),
    st.lists(MINUTES, max_size=3),
    st.lists(MINUTES, max_size=3),
    st.none() | MINUTES,
)


@given(EXPECTED, st.none() | HISTORIES, st.none() | MINUTES, MINUTES, st.booleans())
def test_a_score_is_a_percentage_of_what_was_put_to_the_test(
    expected: list[Expectation], history: History | None, acknowledged: int | None, until: int, over: bool
) -> None:
    facts = Facts(START, at(until), over, None if acknowledged is None else at(acknowledged), history)
    found = score(expected, facts)
    assert len(found.results) == len(expected)
    counted = [each for each in found.results if each.points is not None]
    assert (found.percent is None) == (not counted)
    if counted:
        assert found.percent is not None and 0 <= found.percent <= 100
        assert (found.percent == 100) == all(each.outcome == "kept" for each in counted)
        assert (found.percent == 0) == all(each.outcome == "missed" for each in counted)
    assert sum(part.counted for part in found.parts) == len(counted)
    for each in found.results:
        assert (each.outcome == "late") == (each.late_by is not None)


@given(EXPECTED, MINUTES, MINUTES, MINUTES)
def test_acknowledging_sooner_is_never_worse(expected: list[Expectation], one: int, other: int, until: int) -> None:
    first, later = sorted((one, other))
    scores = [score(expected, Facts(START, at(90), True, at(each))).percent or 0 for each in (first, later)]
    assert scores[0] >= scores[1]


@given(EXPECTED, st.none() | HISTORIES, MINUTES, st.integers(1, 60))
def test_a_pause_before_anything_happened_changes_nothing(
    expected: list[Expectation], history: History | None, until: int, rest: int
) -> None:
    """All that happened, moved by the length of the pause."""
    expected = [each for each in expected if each.minutes is not None]
    plain = score(expected, Facts(START, at(until), True, at(until)))
    moved = score(expected, Facts(START, at(until + rest), True, at(until + rest), pauses=[(START, at(rest))]))
    assert plain == moved


@pytest.mark.parametrize("key", [each.key for each in library.stories()])
def test_each_scenario_of_the_library_is_one(key: str) -> None:
    story = library.story_by(key)
    words = {"service": "shop", "service_name": "Shop", "other": "stock", "other_name": "Stock", "team": "Team"}
    told = story.told(words)
    assert "{" not in str([told["injects"], told["story"], told["name"]]).replace("[{", "").replace(", {", "").replace(
        "': {", ""
    )
    injects, expected = injects_of(told["injects"]), expectations_of(told["expectations"])
    first = injects[0]
    assert first.minutes == 0 and first.kind in ("alert", "message"), "it begins at once"
    assert len(injects) >= 7 and len(expected) >= 6 and story.practises
    assert max(each.minutes or 0 for each in injects) < story.minutes
    fired = {each.key for each in injects if each.kind == "alert"}
    assert fired == {each.alert for each in injects if each.kind == "alert_ends"}, "what fires can end"


def test_the_library_has_eight() -> None:
    assert len(library.stories()) == 8 and len({each.key for each in library.stories()}) == 8


def test_words_are_filled_in() -> None:
    assert filled("{service} of {team} {nobody}", {"service": "shop", "team": "A"}) == "shop of A {nobody}"
    assert set(ROLES) >= {"commander", "communications"}


def test_alerts_are_told_apart_by_what_is_kept_and_a_long_title_ends() -> None:
    long = "x" * 70
    with pytest.raises(Wrong, match="same name"):
        injects_of([{"kind": "alert", "title": f"{long}a"}, {"kind": "alert", "title": f"{long}b"}])
    with pytest.raises(Wrong, match="same name"):
        injects_of([{"kind": "alert", "title": "y" * 59 + " a"}, {"kind": "alert", "title": "y" * 59}])
    kept = [each.as_json() for each in injects_of([{"kind": "alert", "title": long}, {"kind": "alert_ends", "alert": long}])]  # fmt: skip
    assert kept[0]["key"] == kept[1]["alert"] == long[:60]
    assert [each.as_json() for each in injects_of(kept)] == kept
