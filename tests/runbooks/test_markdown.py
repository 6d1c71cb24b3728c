"""What a wiki says becomes a runbook, and what a runbook says as Markdown is read back as it was."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchroom.kernel.errors import Refused
from watchroom.runbooks import rules
from watchroom.runbooks.rules import Answer, Step
from watchroom.runbooks.rules.markdown import read, written

WIKI = """
Runbook: Checkout is slow
=========================

Use it when the alert *CheckoutSlow* fires.

[dash]: https://grafana.example.org/d/1

## Symptoms
1. Open the shop.

   Expected: it takes longer than 3 seconds
2. [ ] **Look at the error rate:**
   ```sh
   curl -s https://checkout/metrics | grep errors
   ```

## Troubleshooting

Is the database slow?

- Look at the locks
- Look at the disk

    df -h

## The usual suspects

The ledger.

## How to fix it
1) Roll back
2) Restart
   it

Then wait.

---

## Background
### History
1. It was born.

## Escalation
* Call Ada

| Who | Phone |
| --- | --- |
| Ada | 1 |
"""


def test_a_wiki_page_becomes_parts_and_steps_and_nothing_is_lost() -> None:
    found = read(WIKI)
    assert found.name == "Runbook: Checkout is slow"
    assert found.summary == "Use it when the alert *CheckoutSlow* fires.\n\n[dash]: https://grafana.example.org/d/1"
    assert [(step.part, step.title) for step in found.steps] == [
        ("confirm", "Open the shop."),
        ("confirm", "Look at the error rate"),
        ("diagnose", "Is the database slow?"),
        ("diagnose", "Look at the locks"),
        ("diagnose", "Look at the disk"),
        ("diagnose", "The usual suspects"),
        ("mitigate", "Roll back"),
        ("mitigate", "Restart"),
        ("mitigate", "Background"),
        ("mitigate", "It was born."),
        ("call", "Call Ada"),
    ]
    assert found.steps[0].expect == "it takes longer than 3 seconds"
    assert found.steps[1].text == "```sh\ncurl -s https://checkout/metrics | grep errors\n```"
    assert found.steps[4].text.strip() == "df -h"
    assert found.steps[5].text == "The ledger."
    assert found.steps[7].text == "it\n\nThen wait."
    assert found.steps[10].text.startswith("| Who | Phone |")
    assert found.notes == ("The heading “History” is left out: what stands under it became steps.",)
    assert rules.checked(found.steps) == found.steps


def test_a_title_that_is_a_whole_paragraph_is_shortened_and_kept() -> None:
    long = "Look at this " * 20
    [step] = read(f"## Confirm\n1. {long}").steps
    assert step.title.endswith("…") and len(step.title) < 160
    assert step.text == long.strip()


@pytest.mark.parametrize(
    "text", ["", "\n", "# ", "1.", "> ", "```", "- ", "#\n1.\n2.", "## Fix\n\n```\nx", "[a]: b", "\t1. x"]
)
def test_whatever_is_pasted_is_read(text: str) -> None:
    found = read(text)
    assert rules.checked(found.steps) == found.steps


# --- Round trip ------------------------------------------------------------------------------------------------------

_LETTERS = st.characters(exclude_categories=("Cs",), exclude_characters="\0\r")
_PIECES = st.sampled_from(
    ["- **Expect:** x", "Expected: y", "\\", "`", "```", "# a", "1. b", "> c", "- ", "   ", "\t", "{#a}", "→", "[d](#e)", "\n", "\n\n",
     "- **If:** q → next step", "**", "***", "===", "| a | b |\n| - | - |", "[f]: g", "<b>", "  - **Minutes:** 7", "#", " #", "&amp;"]
)  # fmt: skip
_WILD = st.lists(_PIECES | st.text(_LETTERS, max_size=8), max_size=8).map("".join)
_LINES = _WILD.map(lambda text: " ".join(text.split()))
_TITLES = _LINES.filter(lambda text: 0 < len(text) <= 160)
_SHORT = _LINES.map(lambda text: text[:80].strip())
_KEYS = st.sampled_from(["", "a", "b", "step", "look-2", "x1"])


@st.composite
def _steps(draw: Any) -> tuple[Step, ...]:
    made = []
    for _ in range(draw(st.integers(0, 5))):
        kind = draw(st.sampled_from(rules.KINDS))
        said: dict[str, Any] = {}
        if kind == "look":
            said = draw(st.sampled_from([{"url": "https://example.org/a_(b)"}, {"indicator": "checkout/Error rate"}]))
        elif kind == "run":
            said = {"mitigation": "roll-back"}
        elif kind == "call":
            said = {"target": draw(st.sampled_from(["team:shop", "person:ada@example.org"]))}
        elif kind == "ask":
            texts = draw(st.lists(_SHORT.filter(bool), min_size=1, max_size=3, unique_by=str.lower))
            said = {
                "answers": tuple(Answer(text, draw(st.sampled_from(["", "end", "a", "b", "step"]))) for text in texts)
            }
        made.append(
            Step(draw(_KEYS), kind, draw(st.sampled_from(rules.PARTS)), draw(_TITLES), draw(_WILD), draw(_SHORT),
                 draw(st.none() | st.integers(1, 1440)), **said)
        )  # fmt: skip
    return tuple(made)


@settings(max_examples=150)
@given(_TITLES, _WILD, _steps())
def test_what_is_written_is_read_back_as_it_was(name: str, summary: str, steps: tuple[Step, ...]) -> None:
    try:
        steps = rules.checked(steps)
    except Refused:  # they lead nowhere
        return
    summary = rules.tidy_text(summary)
    text = written(name, summary, steps)
    found = read(text)
    assert (found.name, found.summary, found.steps, found.notes) == (name, summary, steps, ())
    assert written(found.name, found.summary, found.steps) == text


def test_it_reads_well() -> None:
    steps = rules.checked(
        [
            {"part": "confirm", "title": "Open the shop", "text": "Wait.\n\n```\ncurl x\n```", "expect": "Slow", "minutes": 2},
            {"part": "confirm", "kind": "ask", "title": "Is it slow?", "answers": [{"text": "Yes", "go_to": "back"}, {"text": "No", "go_to": "end"}]},
            {"part": "mitigate", "kind": "run", "key": "back", "title": "Roll back", "mitigation": "roll-back"},
        ]
    )  # fmt: skip
    assert written("Slow", "When it is slow.", steps) == (
        "# Slow\n\n> When it is slow.\n\n## Confirm that it is real\n\n1. Open the shop\n\n   Wait.\n\n   ```\n   curl x\n   ```\n\n"
        "   - **Expect:** Slow\n   - **Minutes:** 2\n\n2. Is it slow?\n\n   - **If:** Yes → [Roll back](#back)\n   - **If:** No → the end\n\n"
        "## Stop the bleeding\n\n1. Roll back {#back}\n\n   - **Mitigation:** roll-back\n"
    )


def test_what_is_far_too_long_is_read_no_further_than_it_takes_to_refuse_it() -> None:
    found = read("# Slow\n\n## Fix\n\n" + "".join(f"{number}. x\n" for number in range(1, 5_000)))
    assert len(found.steps) == rules.MOST_STEPS + 1
    with pytest.raises(Refused, match="too many steps"):
        rules.checked(found.steps)
    [step] = read("## Fix\n\n1. Wait\n\n" + "word\n\n" * 10_000).steps
    assert 8_000 < len(step.text) < 8_100
    with pytest.raises(Refused, match="too long"):
        rules.checked([step])
    long = "x" * 5_000
    [step] = read(f"1. Look\n\n   - **Expect:** {long}\n").steps
    assert step.expect == "" and long in step.text, "a line that is longer than ours are is text"
