"""Time intervals: Alertmanager's semantics, and when they change next, against counting every minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchroom.intake.rules.intervals import (
    MONTHS,
    WEEKDAYS,
    IntervalError,
    Times,
    as_data,
    in_words,
    interval,
    mute_ends,
    next_change,
    part,
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("data", "inside", "outside"),
    [
        ({}, ["2026-03-02T00:00"], []),
        (
            {"times": [{"start_time": "09:00", "end_time": "17:00"}]},
            ["2026-03-02T09:00", "2026-03-02T16:59"],
            ["2026-03-02T08:59", "2026-03-02T17:00"],
        ),
        ({"times": [{"start_time": "22:00", "end_time": "24:00"}]}, ["2026-03-02T23:59"], ["2026-03-03T00:00"]),
        ({"weekdays": ["monday:friday"]}, ["2026-03-02T12:00", "2026-03-06T12:00"], ["2026-03-07T12:00"]),
        ({"weekdays": ["sunday", "saturday"]}, ["2026-03-07T12:00", "2026-03-08T12:00"], ["2026-03-09T12:00"]),
        ({"days_of_month": ["1:3"]}, ["2026-03-03T23:59"], ["2026-03-04T00:00"]),
        ({"days_of_month": ["-3:-1"]}, ["2026-02-26T12:00", "2026-02-28T12:00"], ["2026-02-25T12:00"]),
        ({"days_of_month": ["1:-2"]}, ["2026-02-27T12:00"], ["2026-02-28T12:00"]),
        ({"days_of_month": ["31"]}, ["2026-03-31T12:00"], ["2026-02-28T12:00", "2026-04-30T12:00"]),
        ({"days_of_month": ["28:31"]}, ["2026-02-28T12:00", "2026-04-30T12:00"], ["2026-02-27T12:00"]),
        ({"months": ["january:march", "12"]}, ["2026-02-01T00:00", "2026-12-31T00:00"], ["2026-04-01T00:00"]),
        ({"years": ["2026:2027"]}, ["2027-12-31T23:59"], ["2028-01-01T00:00"]),
        ({"weekdays": ["Monday"], "months": ["4"]}, [], ["2026-03-02T12:00"]),
        ({"times": [{"start_time": "09:00", "end_time": "10:00"}], "location": "Australia/Sydney"},
         ["2026-03-01T22:30"], ["2026-03-02T09:30"]),
    ],
)  # fmt: skip
def test_an_interval_holds_as_alertmanagers_does(data: dict[str, Any], inside: list[str], outside: list[str]) -> None:
    read = part(data)
    assert [text for text in inside if not read.holds(at(text))] == []
    assert [text for text in outside if read.holds(at(text))] == []


@pytest.mark.parametrize("first", WEEKDAYS[1:])
def test_a_week_may_end_on_sunday(first: str) -> None:
    """It did not hold at any time; what Alertmanager reads are two ranges."""
    read = interval("x", [{"weekdays": [f"{first.title()}:sunday"]}])
    days = [day for day in range(7) if read.holds(at(f"2026-03-{1 + day:02}T12:00"))]  # the first is a Sunday
    assert days == [0, *range(WEEKDAYS.index(first), 7)]
    assert interval("x", as_data(read)) == read


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"weekday": []}, "weekday"),
        ({"weekdays": ["friday:monday"]}, "weekdays"),
        ({"weekdays": "monday"}, "weekdays"),
        ({"weekdays": ["someday"]}, "weekdays"),
        ({"days_of_month": ["0"]}, "days_of_month"),
        ({"days_of_month": ["5:1"]}, "days_of_month"),
        ({"days_of_month": ["-1:-5"]}, "days_of_month"),
        ({"days_of_month": ["-5:5"]}, "days_of_month"),
        ({"days_of_month": ["1:2:3"]}, "days_of_month"),
        ({"months": ["13"]}, "months"),
        ({"months": ["december:january"]}, "months"),
        ({"years": ["-5"]}, "years"),
        ({"location": "Nowhere/City"}, "location"),
        ({"location": "../etc/passwd"}, "location"),
        ({"location": "Local"}, "location"),
        ({"times": [{"start_time": "9:00", "end_time": "17:00"}]}, "times"),
        ({"times": [{"start_time": "17:00", "end_time": "09:00"}]}, "times"),
        ({"times": [{"start_time": "09:00", "end_time": "24:01"}]}, "times"),
        ({"times": [{"start_time": "09:00"}]}, "times"),
    ],
)
def test_what_can_not_be_read_is_refused_by_field(data: dict[str, Any], field: str) -> None:
    with pytest.raises(IntervalError) as refused:
        interval("x", [data])
    assert refused.value.field == f"intervals[0].{field}" and refused.value.fix


def test_an_interval_without_parts_is_refused() -> None:
    with pytest.raises(IntervalError):
        interval("x", [])


ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Kiritimati", "Pacific/Pago_Pago"]


def _ranges(least: int, most: int) -> st.SearchStrategy[list[str]]:
    pair = st.tuples(st.integers(least, most), st.integers(least, most)).map(sorted)
    return st.lists(pair.map(lambda pair: f"{pair[0]}:{pair[1]}"), max_size=2)


minutes = st.integers(0, 24 * 60)
spans = st.tuples(minutes, minutes).map(sorted).filter(lambda pair: pair[0] < pair[1])
parts = st.fixed_dictionaries(
    {},
    optional={
        "times": st.lists(
            spans.map(
                lambda pair: {
                    "start_time": f"{pair[0] // 60:02}:{pair[0] % 60:02}",
                    "end_time": f"{pair[1] // 60:02}:{pair[1] % 60:02}",
                }
            ),
            max_size=2,
        ),
        "weekdays": st.lists(
            st.tuples(st.integers(0, 6), st.integers(0, 6))
            .map(sorted)
            .map(lambda pair: f"{WEEKDAYS[pair[0]]}:{WEEKDAYS[pair[1]]}"),
            max_size=2,
        ),
        "days_of_month": st.one_of(_ranges(1, 31), _ranges(-31, -1)),
        "months": st.lists(st.sampled_from([*MONTHS, "3", "10:11"]), max_size=2),
        "location": st.sampled_from(ZONES),
    },
)
intervals = st.lists(parts, min_size=1, max_size=2).map(lambda said: interval("x", said))


@given(intervals)
def test_what_is_written_is_read_back(read: Any) -> None:
    again = interval("x", as_data(read))
    assert again == read and as_data(again) == as_data(read) and in_words(read)


# Around the days on which clocks change, and around others.
starts = st.sampled_from(["2026-03-28T20:00", "2026-10-24T20:00", "2026-04-04T10:00", "2026-03-07T23:00", "2026-02-27T00:00"])  # fmt: skip


@settings(max_examples=60)
@given(st.lists(intervals, max_size=2), st.lists(intervals, max_size=2), starts, st.integers(0, 600))
def test_the_next_change_is_the_first_minute_that_answers_otherwise(
    mute: list[Any], active: list[Any], start: str, offset: int
) -> None:
    times = Times(tuple(mute), tuple(active))
    now = at(start) + timedelta(minutes=offset, seconds=17)
    found = next_change(times, now)
    if not times:
        assert found is None
        return
    assert found is not None
    answer = times.muted(now)
    minute = now.replace(second=0) + timedelta(minutes=1)
    for ahead in range(36 * 60):  # a day and a half, minute by minute
        moment = minute + timedelta(minutes=ahead)
        if times.muted(moment) != answer:
            assert found == moment
            return
    assert found > minute + timedelta(minutes=36 * 60 - 1)


def test_the_end_of_a_mute_is_known_and_one_without_end_has_none() -> None:
    nights = interval("nights", [{"times": [{"start_time": "20:00", "end_time": "24:00"}]}, {"times": [{"start_time": "00:00", "end_time": "06:00"}]}])  # fmt: skip
    assert mute_ends(Times(mute=(nights,)), at("2026-03-02T21:00")) == at("2026-03-03T06:00")
    assert mute_ends(Times(mute=(interval("always", [{}]),)), at("2026-03-02T21:00")) is None
    some = {"weekdays": ["monday:friday"], "days_of_month": ["-3:-1"], "months": ["may"], "location": "Europe/Berlin"}
    assert in_words(interval("x", [some])) == "Monday–Friday days -3 to -1 May Europe/Berlin"
    assert in_words(nights) == "20:00–24:00 UTC; 00:00–06:00 UTC"
