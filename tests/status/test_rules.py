"""What a component's state is, what the banner says, and the bars. Pure."""

# ruff: noqa: DTZ001 - Hypothesis wants bounds without a zone

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from watchroom.status import rules

STATES = st.sampled_from(rules.ORDER)
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TIMES = st.datetimes(datetime(2025, 11, 1), datetime(2026, 3, 2)).map(lambda at: at.replace(tzinfo=UTC))


@st.composite
def spells(draw: st.DrawFn) -> rules.Spell:
    start = draw(TIMES)
    length = draw(st.none() | st.timedeltas(timedelta(), timedelta(days=200)))
    return rules.Spell(start, None if length is None else start + length, draw(STATES))


@given(STATES, st.lists(STATES))
def test_the_worst_wins(asserted: str, impacts: list[str]) -> None:
    shown = rules.effective(asserted, impacts)
    assert shown in {asserted, *impacts}
    assert all(rules.ORDER.index(shown) >= rules.ORDER.index(each) for each in (asserted, *impacts))
    assert rules.effective(asserted, ()) == asserted


@given(st.lists(STATES), st.integers(0, 5))
def test_the_banner_is_a_sentence_and_never_says_all_is_well_during_an_incident(states: list[str], open: int) -> None:
    sentence, state = rules.banner(states, open)
    assert sentence
    assert (state == "operational") == (not open and set(states) <= {"operational"})


@given(st.lists(spells(), max_size=6))
def test_bars_count_each_minute_once(given: list[rules.Spell]) -> None:
    bars = rules.days(given, NOW)
    assert len(bars) == 90
    assert bars[-1].day == NOW.date()
    assert all(0 <= bar.minutes <= 1440 for bar in bars)
    assert all(bar.state != "operational" for bar in bars if bar.minutes)
    assert 0 <= rules.uptime_percent(bars, NOW) <= 100
    assert (f"{rules.uptime_percent(bars, NOW):.2f}" == "100.00") == (not any(bar.minutes for bar in bars))


def test_bars_of_one_night() -> None:
    midnight = datetime(2026, 3, 1, tzinfo=UTC)
    night = rules.Spell(midnight - timedelta(minutes=30), midnight + timedelta(minutes=15), "major_outage")
    bars = rules.days([night, night], NOW)
    assert [(bar.state, bar.minutes) for bar in bars[-3:]] == [
        ("major_outage", 30),
        ("major_outage", 15),
        ("operational", 0),
    ]


def test_a_public_title_speaks_of_what_customers_know() -> None:
    assert rules.public_title([]) == "We are looking into a problem"
    assert rules.public_title(["Checkout"]) == "Problems with Checkout"
    assert rules.public_title(["Checkout", "Search", "Login"]) == "Problems with Checkout, Search and Login"
    assert len(rules.public_title(["A long name of a component"] * 50)) <= 200
