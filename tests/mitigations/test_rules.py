"""Which mitigation is offered first, and what numbers say: pure."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from watchroom.mitigations.rules import HELPED, Candidate, effect, rank

outcomes = st.lists(st.sampled_from(sorted(HELPED)), max_size=5).map(tuple)
candidates = st.lists(
    st.builds(
        Candidate,
        key=st.integers(1, 1000),
        name=st.text(max_size=5),
        risk=st.sampled_from(["low", "medium", "high"]),
        kind=st.sampled_from(["roll_back", "restart"]),
        past=outcomes,
        here=outcomes,
        after_change=st.booleans(),
    ),
    unique_by=lambda each: each.key,
    max_size=8,
)


@given(candidates)
def test_all_are_offered_in_an_order_that_does_not_depend_on_how_they_came(found: list[Candidate]) -> None:
    assert rank(found) == rank(found[::-1])
    assert {each.key for each in rank(found)} == {each.key for each in found}


@given(candidates)
def test_what_failed_here_comes_after_all_that_was_not_tried_here(found: list[Candidate]) -> None:
    by_key = {each.key: each for each in found}
    failed = [bool(set(by_key[each.key].here) - {"worked", "partly"}) for each in rank(found)]
    assert failed == sorted(failed)


@given(candidates.filter(bool))
def test_one_more_success_never_moves_it_down(found: list[Candidate]) -> None:
    key = found[0].key
    better = [replace(found[0], past=(*found[0].past, "worked")), *found[1:]]
    place = [each.key for each in rank(found)].index(key)
    assert [each.key for each in rank(better)].index(key) <= place


def test_a_roll_back_comes_first_after_a_change() -> None:
    safe, back = Candidate(1, "Restart", "low"), Candidate(2, "Roll back", "medium", "roll_back", after_change=True)
    assert [each.key for each in rank([safe, back])] == [2, 1]
    assert rank([back])[0].reason == "The service was changed shortly before."


def test_an_effect_says_which_way_and_whether_it_is_enough() -> None:
    points = [(0.0, 10.0), (90.0, 10.0), (500.0, 1.0), (550.0, 3.0)]
    found = effect("Errors", points, started=100, ended=560, threshold=1)
    assert found and (found.before, found.after) == (10.0, 2.0)
    assert found.text == "Errors got better: 10 before, 2 after. It is still beyond its threshold."
    down = effect("Traffic", points, started=100, ended=560, worse="below")
    assert down and "got worse" in down.text
    same = effect("Errors", [(0, 0.0), (500, 0.0)], started=100, ended=560)
    assert same and "did not change" in same.text
    assert effect("Errors", points[:2], started=100, ended=560) is None
    assert effect("Errors", points[2:], started=100, ended=560) is None
