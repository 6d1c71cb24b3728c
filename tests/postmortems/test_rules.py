"""The draft, the blameless check, and what is missing. Pure."""

# ruff: noqa: DTZ001, DTZ007 - Hypothesis wants bounds without a zone

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchroom.postmortems import rules

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def facts(**fields: object) -> rules.Facts:
    return rules.Facts(title="Checkout fails", severity=2, **fields)  # type: ignore[arg-type]


def test_a_draft_says_what_happened_and_asks_what_nobody_knows_yet() -> None:
    text = rules.draft(
        facts(
            services=["checkout"],
            times={"started": AT, "detected": AT + timedelta(minutes=3), "resolved": AT + timedelta(minutes=65)},
            events=[
                rules.Event(AT + timedelta(minutes=9), "rolled back", "Operations lead (Rita)"),
                rules.Event(AT, "first errors"),
            ],
            roles=[rules.Held("Commander", "Rita", AT)],
            tried=[rules.Tried("Roll back", "worked"), rules.Tried("Restart", "no_effect")],
            confirmed=["The pool is exhausted"],
            ruled_out=["DNS"],
        )
    )
    assert set(text) == set(rules.SECTIONS)
    assert "To detect | 3 min" in text["impact"]
    assert "To resolve | 1 h 5 min" in text["impact"]
    assert text["timeline"].index("first errors") < text["timeline"].index("Operations lead (Rita): rolled back")
    assert "- **09:00 UTC** first errors" in text["timeline"]
    assert "Commander: Rita" in text["timeline"]
    assert "Roll back: it worked" in text["went_well"]
    assert "Restart: no effect" in text["went_badly"]
    assert "The pool is exhausted" in text["root_cause"]
    assert "DNS" in text["factors"]
    assert text["guidance"] == ""
    without = {"timeline", "no_actions", "guidance"}
    assert all("> To fill in: " in text[name] for name in rules.SECTIONS if name not in without)


def test_a_draft_says_what_the_guards_said_and_what_people_answered() -> None:
    text = rules.draft(
        facts(
            warned=[
                rules.Warned(AT + timedelta(minutes=30), "Nothing has been\ntried."),
                rules.Warned(AT + timedelta(minutes=5), "Nobody leads.", "Done", "Rita", AT + timedelta(minutes=8)),
            ]
        )
    )["guidance"]
    assert text.startswith("Watchroom spoke up 2 times; 1 of them answered.")
    lines = [line for line in text.split("\n") if line.startswith("- ")]
    assert lines == [
        "- **09:05 UTC** Nobody leads. → *Done*, Rita after 3 min",
        "- **09:30 UTC** Nothing has been tried. → nobody answered",
    ]
    assert "> To fill in: " in text


def test_a_document_has_what_is_written_and_nothing_else() -> None:
    text = rules.document("A\nB", ["Incident #7"], {"impact": "Many.", "lessons": " ", "summary": "It failed."}, [])
    assert text == "# Postmortem: A B\n\n- Incident #7\n\n## Summary\n\nIt failed.\n\n## Impact\n\nMany.\n"
    assert rules.document("A", [], {}, ["Mend it"]).endswith("## Action items\n\n- Mend it\n")


@given(
    st.lists(
        st.tuples(
            st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)), st.text(min_size=1)
        )
    )
)
def test_the_timeline_is_in_order(events: list[tuple[datetime, str]]) -> None:
    lines = rules.draft(facts(events=[rules.Event(at, text) for at, text in events]))["timeline"].split("\n")
    assert sum(line.startswith("- **") for line in lines) <= len(events)
    days = [datetime.strptime(line, "### %A, %d %B %Y") for line in lines if line.startswith("### ")]
    assert days == sorted(days)


@given(
    st.dictionaries(st.sampled_from(["started", "detected", "acknowledged", "mitigated", "resolved"]), st.datetimes())
)
def test_durations_are_never_negative(times: dict[str, datetime]) -> None:
    assert all(length >= timedelta() for _, length in rules.durations(times))


@pytest.mark.parametrize(
    "text",
    [
        "It was human error.",
        "Someone was careless",
        "They should have checked",
        "She forgot the flag",
        "It was the fault of ops",
    ],
)
def test_blame_is_found(text: str) -> None:
    [found] = rules.findings(text)
    assert found.phrase in text
    assert found.why
    assert found.better


def test_what_does_not_blame_passes() -> None:
    assert rules.findings("The deploy tool let a flag be left out; the default was unsafe. A default set it off.") == []


def test_missing() -> None:
    full = dict.fromkeys(rules.NEEDED, "Written.")
    assert rules.missing(full, approvals=1, actions=1) == []
    assert [each.field for each in rules.missing({}, approvals=0, actions=0)] == [*rules.NEEDED, "actions", "reviews"]
    assert rules.missing(full | {"impact": "> To fill in: who?"}, approvals=1, actions=1)[0].field == "impact"
    assert rules.missing(full | {"root_cause": "Human error"}, approvals=1, actions=1)[0].field == "root_cause"


@pytest.mark.parametrize(
    ("text", "only"),
    [
        ("Human error.", True),
        ("Rita forgot the flag. It was careless!", True),
        ("operator\nmistake", True),
        ("Rita forgot the flag, because the tool lets it be left out.", False),
        ("The default was unsafe.", False),
        ("", False),
    ],
)
def test_what_only_blames(text: str, only: bool) -> None:
    assert rules.only_blames(text) is only


@pytest.mark.parametrize("name", ["root_cause", "factors"])
def test_blame_is_not_published_as_a_cause(name: str) -> None:
    full = dict.fromkeys(rules.NEEDED, "The default was unsafe.")
    [found] = rules.missing(full | {name: "Rita was careless."}, approvals=1, actions=1)
    assert found.field == name
    assert found.fix


@pytest.mark.parametrize(("reason", "enough"), [("", False), ("n/a", False), ("The service is being retired", True)])
def test_no_action_item_needs_a_reason(reason: str, enough: bool) -> None:
    full = dict.fromkeys(rules.NEEDED, "The default was unsafe.") | {"no_actions": reason}
    assert (rules.missing(full, approvals=1, actions=0) == []) is enough


@given(st.text())
def test_findings_quote_the_text(text: str) -> None:
    assert all(found.phrase in text and found.why and found.better for found in rules.findings(text))
