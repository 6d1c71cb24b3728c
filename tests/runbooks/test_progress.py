"""Where a run stands, whatever is said of its steps in whatever order."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from watchroom.runbooks.rules import Answer, Step
from watchroom.runbooks.rules.progress import END, Said, answer_of, past_of, standing

NOW = datetime(2026, 3, 2, tzinfo=UTC)
KEYS = ("a", "b", "c", "d", "e")


def do(key: str) -> Step:
    return Step(key, "do", "diagnose", key.upper())


def ask(key: str, **leads: str) -> Step:
    return Step(key, "ask", "diagnose", f"{key}?", answers=tuple(Answer(text, to) for text, to in leads.items()))


def said(*keys: str) -> list[Said]:
    return [_said(key) for key in keys]


def _said(text: str) -> Said:
    key, sign, answer = text.partition("=")
    return Said(key, "answered", answer) if sign else Said(key, "done")


@st.composite
def runs(draw: st.DrawFn) -> tuple[list[Step], list[Said]]:
    """A runbook whose questions lead anywhere, and things said of its steps in any order."""
    keys = KEYS[: draw(st.integers(1, 5))]
    steps = []
    for key in keys:
        to = draw(st.sampled_from(["", END, "gone", *keys]))
        steps.append(ask(key, yes=to, no="") if draw(st.booleans()) else do(key))
    what = st.sampled_from([*keys, *(f"{key}={answer}" for key in keys for answer in ("yes", "no"))])
    return steps, [_said(each) for each in draw(st.lists(what, max_size=12))]


@given(runs())
def test_each_step_is_exactly_one_of_said_left_out_and_open(run: tuple[list[Step], list[Said]]) -> None:
    steps, words = run
    now = standing(steps, words)
    parts = [*(each.key for each in now.said), *now.left_out, *now.open]
    assert sorted(parts) == sorted(step.key for step in steps)
    assert now.next == (now.open[0] if now.open else None)
    assert {each.key for each in now.said} <= {each.key for each in words}


@given(runs())
def test_what_is_taken_back_is_as_if_it_had_never_been_said(run: tuple[list[Step], list[Said]]) -> None:
    steps, words = run
    before = standing(steps, words)
    if before.next is not None:  # it is done, so that no answer leads anywhere
        more = [*words, Said(before.next, "done")]
        assert standing(steps, more).of(before.next) is not None
        assert standing(steps, more[:-1]) == before


@given(runs())
def test_whoever_always_does_what_is_next_comes_to_an_end_where_no_answer_leads_back(
    run: tuple[list[Step], list[Said]],
) -> None:
    steps, _ = run
    words: list[Said] = []
    for _ in range(len(steps)):
        now = standing(steps, words)
        if now.next is None:
            break
        words.append(Said(now.next, "skipped"))
    assert standing(steps, words).next is None


def test_an_answer_leads_past_what_it_rules_out_and_back_to_what_has_to_be_done_again() -> None:
    steps = [do("a"), ask("b", full="d", empty=""), do("c"), do("d"), ask("e", worked=END, again="c")]
    assert standing(steps, []).next == "a"
    assert standing(steps, said("a", "b=empty")).next == "c"
    led = standing(steps, said("a", "b=full"))
    assert (led.next, led.left_out) == ("d", ("c",))
    back = standing(steps, said("a", "b=full", "d", "e=again"))
    assert (back.open, [each.key for each in back.said]) == (("c", "d", "e"), ["a", "b"])
    assert standing(steps, said("a", "b=full", "d", "e=again", "c", "d", "e=worked")).next is None
    assert standing(steps, said("a", "b=full", "c")).of("c") is not None, "what was left out may be done all the same"
    assert standing(steps, said("c", "a")).next == "b", "in another order than that of the runbook"


def test_an_answer_is_known_by_its_words_or_its_number() -> None:
    step = ask("b", **{"It is full": "", "No": ""})
    assert [answer_of(step, text) for text in (" it is  FULL ", "2", "maybe", "3", "")] == [
        step.answers[0],
        step.answers[1],
        None,
        None,
        None,
    ]


def test_what_earlier_runs_said_is_told_in_words() -> None:
    assert past_of([]).text == ""
    assert past_of([("", NOW)]).text == "Used 1 time."
    assert (
        past_of((each, NOW) for each in ("helped", "partly", "no", "helped")).text
        == "Helped 2 of 4 times, 1 more in part."
    )
    assert past_of([("outdated", NOW)]).text == "Helped 0 of 1 time. Called out of date 1 time."
    assert past_of([("helped", NOW)]).score > past_of([]).score > past_of([("outdated", NOW)]).score
