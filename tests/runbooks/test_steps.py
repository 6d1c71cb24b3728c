"""What a list of steps must hold."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchroom.kernel.errors import Refused
from watchroom.runbooks import rules
from watchroom.runbooks.rules import END, Answer, Step


def step(key: str = "", **said: Any) -> dict[str, Any]:
    return {"key": key, "kind": "do", "part": "confirm", "title": f"Step {key}", **said}


def ask(key: str, *leads: str) -> dict[str, Any]:
    return step(key, kind="ask", answers=[{"text": f"To {each or 'next'}", "go_to": each} for each in leads])


def test_texts_are_tidied_and_keys_are_made() -> None:
    found = rules.checked(
        [
            {"part": "confirm", "title": "  Look   at it\n", "text": "a  \r\nb\n\n"},
            {"part": "confirm", "title": "Look at it"},
            {"part": "diagnose", "title": "監視", "kind": "look", "url": "https://example.org/x"},
            {"part": "call", "title": "End", "kind": "call", "target": "team:shop"},
        ]
    )
    assert [each.key for each in found] == ["look-at-it", "look-at-it-2", "step", "end-2"]
    assert (found[0].title, found[0].text, found[0].kind) == ("Look at it", "a\nb", "do")
    assert rules.steps_of([each.as_json() for each in found]) == found


@pytest.mark.parametrize(
    ("steps", "field", "value", "fix"),
    [
        ([step("a", title=" ")], "steps[0].title", "", "one line"),
        ([step("a", title="x" * 161)], "steps[0].title", "x" * 40 + "…", "160"),
        ([step("a"), step("a")], "steps[1].key", "a", "another key"),
        ([step("end")], "steps[0].key", "end", "not “end”"),
        ([step("Größe")], "steps[0].key", "Größe", "small letters"),
        ([step("a", kind="pray")], "steps[0].kind", "pray", "do, look"),
        ([step("a", part="hope")], "steps[0].part", "hope", "confirm"),
        ([step("a", minutes=0)], "steps[0].minutes", 0, "1 to"),
        ([step("a", minutes="5")], "steps[0].minutes", "5", "Write a number"),
        ([step("a", mitigation="roll-back")], "steps[0].mitigation", "roll-back", "kind run"),
        ([step("a", kind="run")], "steps[0].mitigation", "", "catalog"),
        ([step("a", kind="look")], "steps[0].indicator", "", "where to look"),
        ([step("a", kind="look", url="ftp://x")], "steps[0].url", "ftp://x", "https://"),
        ([step("a", kind="call", target="ada")], "steps[0].target", "ada", "person:"),
        ([step("a", kind="ask")], "steps[0].answers", "", "answers"),
        ([step("a", kind="ask", answers=[3])], "steps[0].answers", "", "text"),
        ([ask("a", "b")], "steps[0].answers[0].go_to", "b", "Choose a step"),
        ([ask("a", "", END, END)], "steps[0].answers[2].text", "To end", "no other answer"),
        ([ask("a", END), step("b")], "steps[1]", "b", "lead to it"),
        ([ask("a", "c"), step("b"), step("c")], "steps[1]", "b", "lead to it"),
        ([step("a"), ask("b", "a")], "steps[0]", "a", "lead on"),
        ([step("a", colour="red")], "steps[0].colour", "colour", "Use answers"),
        ([step(f"s{n}") for n in range(61)], "steps", 61, "60"),
    ],
)
def test_refusals_name_field_value_and_fix(steps: list[Any], field: str, value: Any, fix: str) -> None:
    with pytest.raises(Refused) as error:
        rules.checked(steps)
    assert (error.value.field, error.value.value) == (field, value)
    assert fix in error.value.fix


_keys = [f"s{number}" for number in range(6)]


@given(st.lists(st.lists(st.sampled_from(["", END, *_keys]), max_size=3), min_size=1, max_size=6))
def test_what_is_accepted_leads_from_the_first_step_everywhere_and_from_everywhere_to_the_end(
    leads: list[list[str]],
) -> None:
    given_steps = [ask(key, *dict.fromkeys(to)) if to else step(key) for key, to in zip(_keys, leads, strict=False)]
    try:
        found = rules.checked(given_steps)
    except Refused:
        return
    following = {
        each.key: each.follows(found[n + 1].key if n + 1 < len(found) else END) for n, each in enumerate(found)
    }

    def reached(start: str) -> set[str]:
        seen, ahead = set(), [start]
        while ahead:
            if (at := ahead.pop()) not in seen:
                seen.add(at)
                ahead += following.get(at, ())
        return seen

    assert reached(found[0].key) == {*following, END}
    assert all(END in reached(key) for key in following)


def test_answers_without_a_target_lead_to_the_next_step() -> None:
    asked = Step("a", "ask", "confirm", "Is it slow?", answers=(Answer("Yes"), Answer("No", END)))
    assert asked.follows("b") == {"b", END}
    assert Step("a", "do", "confirm", "x").follows("b") == {"b"}


def test_what_fits() -> None:
    def critical(labels: Any) -> bool:
        return labels.get("severity") == "critical"

    yes, no = [{"severity": "info"}, {"severity": "critical"}], [{"severity": "info"}]
    assert [
        rules.fit(for_service=service, accepts=accepts, labels=labels)[0]
        for service, accepts, labels in (
            (True, [critical], yes), (False, [critical], yes), (True, [], no), (True, [critical], no), (False, [], yes),
            (True, [critical], None), (False, [critical], None),
        )
    ] == [3, 2, 1, 0, 0, 1, 0]  # fmt: skip
