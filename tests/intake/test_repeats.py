"""What comes again and again: the pure rule, compared with dateutil's, and its bounds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from watchroom.intake.rules.repeats import DAYS, Repeat, RepeatError, Series, chosen, in_words, repeat, series
from watchroom.oncall.rules.zones import to_local, to_utc

BERLIN = ZoneInfo("Europe/Berlin")
local = datetime.fromisoformat
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]).map(
    ZoneInfo
)
LOCALS = st.datetimes(local("2020-01-01"), local("2030-12-31")).map(lambda at: at.replace(second=0, microsecond=0))
weekday = st.integers(0, 6)
whole = st.builds(lambda day: (day, 0), weekday)
nth = st.tuples(weekday, st.sampled_from([1, 2, 3, 4, 5, -1, -2]))


def some(of: st.SearchStrategy, most: int = 3) -> st.SearchStrategy[tuple]:
    return st.lists(of, max_size=most, unique=True).map(lambda found: tuple(sorted(found)))


MONTHS = some(st.integers(1, 12))
RULES = st.one_of(
    st.builds(Repeat, st.just("DAILY"), st.integers(1, 10), days=some(whole), months=MONTHS),
    st.builds(Repeat, st.just("WEEKLY"), st.integers(1, 4), days=some(whole), months=MONTHS),
    st.builds(
        Repeat, st.just("MONTHLY"), st.integers(1, 5), days=some(nth) | some(whole)
    ),  # a mixture means "both" to dateutil, and "either" to RFC 5545
    st.builds(
        Repeat, st.just("MONTHLY"), st.integers(1, 5), month_days=some(st.sampled_from([1, 15, 29, 30, 31, -1, -2]))
    ),
    st.builds(
        Repeat,
        st.just("YEARLY"),
        st.integers(1, 2),
        month_days=some(st.sampled_from([1, 28, 29, -1])),
        months=MONTHS.filter(bool),
    ),
)


def made(rule: Repeat, first: datetime, zone: ZoneInfo = BERLIN, hours: float = 1) -> Series:
    return Series(rule, zone, to_utc(first, zone), to_utc(first + timedelta(hours=hours), zone))


def moment(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@settings(max_examples=150, derandomize=True, deadline=None, phases=[Phase.generate])
@given(RULES, LOCALS, ZONES, st.integers(0, 700))
def test_it_names_the_days_that_dateutil_names(rule: Repeat, first: datetime, zone: ZoneInfo, days: int) -> None:
    found = made(rule, first, zone)
    soonest = first + timedelta(days=days)
    mine = [
        to_local(start, zone)
        for start, _ in islice(found.following(to_utc(soonest, zone) - timedelta(microseconds=1)), 12)
    ]
    assume(mine)  # where there is nothing, dateutil runs on to the year 9999
    theirs = rrulestr(str(rule), dtstart=first).xafter(soonest, count=len(mine), inc=True)
    assert mine == [to_local(to_utc(each, zone), zone) for each in theirs]


@settings(max_examples=100, derandomize=True, deadline=None)
@given(RULES, LOCALS, ZONES, st.integers(1, 20))
def test_occurrences_keep_their_local_hour_are_in_order_and_none_is_empty(
    rule: Repeat, first: datetime, zone: ZoneInfo, hours: int
) -> None:
    spans = list(islice(made(rule, first, zone, hours).following(to_utc(first, zone)), 30))
    assert all(start < end for start, end in spans)
    assert all(one[0] < other[0] for one, other in pairwise(spans))
    for start, _ in spans:
        wall = to_local(start, zone)
        skipped = to_utc(datetime.combine(wall.date(), first.time()), zone) == start  # an hour that is not there
        assert wall.time() == first.time() or skipped


@settings(max_examples=100, derandomize=True, deadline=None)
@given(RULES, LOCALS, st.integers(0, 3000))
def test_what_runs_at_a_moment_is_what_a_walk_from_the_first_finds(rule: Repeat, first: datetime, hours: int) -> None:
    found = made(rule, first, hours=3)
    at = found.starts_at + timedelta(hours=hours)
    walk = found.following(found.starts_at - timedelta(microseconds=1))
    assert found.at(at) == next((span for span in walk if span[1] > at), None)


@settings(max_examples=100, derandomize=True, deadline=None)
@given(RULES, st.none() | st.dates(date(2026, 1, 1), date(2040, 1, 1)))
def test_a_rule_is_read_back_as_it_is_written(rule: Repeat, until: date | None) -> None:
    rule = Repeat(rule.every, rule.interval, rule.days, rule.month_days, rule.months, until)
    assert repeat(str(rule)) == rule
    assert repeat(f"rrule:{str(rule).lower()};") == rule


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.text(max_size=60) | st.text("FREQ=;BYDAYMONTHINTERVAL0123456789-+,T", max_size=40).map("FREQ=DAILY;".__add__))
def test_whatever_is_typed_is_read_or_refused_with_a_fix(text: str) -> None:
    try:
        assert repeat(text)
    except RepeatError as error:
        assert error.problem and error.fix


def test_over_a_change_of_the_clocks_the_local_hour_stays() -> None:
    found = made(repeat("FREQ=DAILY"), local("2027-03-26T22:00"), hours=8)
    spans = list(islice(found.following(found.starts_at), 3))
    assert [start.astimezone(UTC).hour for start, _ in spans] == [21, 20, 20]
    assert [to_local(end, BERLIN).hour for _, end in spans] == [6, 6, 6]
    assert spans[0][1] - spans[0][0] == timedelta(hours=7)  # the night that is an hour shorter


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYMONTH=4;BYMONTHDAY=31",
        "FREQ=DAILY;INTERVAL=7;BYDAY=TU",
        "FREQ=YEARLY;INTERVAL=2;BYMONTH=2;BYMONTHDAY=29",
        "FREQ=WEEKLY;UNTIL=20200101",
    ],
)
def test_what_never_happens_is_refused_and_looked_for_no_further_than_ten_years(text: str) -> None:
    first = moment("2027-03-01T09:00")  # a Monday
    with pytest.raises(RepeatError) as refused:
        series(repeat(text), BERLIN, first, first + timedelta(hours=1), first)
    assert "never happen" in refused.value.problem


def test_what_would_never_end_or_is_over_or_far_away_is_refused() -> None:
    first = moment("2027-03-01T09:00")
    for text, length in (("FREQ=DAILY", 24), ("FREQ=WEEKLY;BYDAY=MO,TU", 25), ("FREQ=MONTHLY;BYMONTHDAY=1,-1", 30)):
        with pytest.raises(RepeatError) as refused:
            series(repeat(text), BERLIN, first, first + timedelta(hours=length), first)
        assert refused.value.field == "ends_at"
    with pytest.raises(RepeatError, match="no more"):
        later = first + timedelta(days=60)
        series(repeat("FREQ=WEEKLY;UNTIL=20270401"), BERLIN, first, first + timedelta(hours=1), later)
    with pytest.raises(RepeatError) as refused:
        series(repeat("FREQ=DAILY"), BERLIN, datetime.max.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC), first)
    assert refused.value.field == "starts_at"


def test_the_first_time_is_as_it_was_said_also_in_the_hour_that_comes_twice() -> None:
    hour = timedelta(hours=1)
    for begins in (0, 1):  # 02:30 in Berlin, before the clocks go back and after it
        start = datetime(2026, 10, 25, begins, 30, tzinfo=UTC)
        found = Series(repeat("FREQ=DAILY"), BERLIN, start, start + hour)
        next_day = datetime(2026, 10, 26, 1, 30, tzinfo=UTC)
        assert found.preview(start, 2) == [(start, start + hour), (next_day, next_day + hour)]
        assert found.at(start - hour) == (start, start + hour)


def test_until_is_the_last_local_day_or_the_last_moment() -> None:
    for text, count in (("20270303", 2), ("20270303T200000Z", 2), ("20270303T195900Z", 1), ("20270302", 1)):
        found = made(repeat(f"FREQ=DAILY;UNTIL={text}"), local("2027-03-01T21:00"))
        assert len(list(found.following(found.starts_at))) == count


@pytest.mark.parametrize(
    "text",
    ["", "FREQ=HOURLY", "FREQ=DAILY;COUNT=3", "FREQ=DAILY;BYMONTHDAY=3", "FREQ=WEEKLY;BYDAY=2TU", "FREQ=WEEKLY;BYDAY=6TU",
     "FREQ=YEARLY;BYDAY=MO", "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;INTERVAL=9999", "FREQ=DAILY;FREQ=DAILY",
     "FREQ=DAILY;UNTIL=20270230", "FREQ=DAILY;UNTIL=soon", "FREQ=MONTHLY;BYMONTHDAY=0", "FREQ=WEEKLY;WKST=SU", "weekly"],
)  # fmt: skip
def test_what_is_not_of_the_subset_is_refused(text: str) -> None:
    with pytest.raises(RepeatError):
        repeat(text)


def test_a_rule_is_said_in_words() -> None:
    at = local("2027-03-09T09:00")  # the second Tuesday
    for text, words in {
        "FREQ=DAILY": "every day",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH": "every 2 weeks on Tuesday and Thursday",
        "FREQ=WEEKLY": "every week on Tuesday",
        "FREQ=MONTHLY;BYDAY=2TU,-1FR": "every month on the second Tuesday and the last Friday",
        "FREQ=MONTHLY;BYMONTHDAY=-1": "every month on the last day",
        "FREQ=MONTHLY;BYMONTHDAY=-2": "every month on the second last day",
        "FREQ=MONTHLY;UNTIL=20271231": "every month on day 9 until 2027-12-31",
        "FREQ=YEARLY": "every year on day 9 in March",
    }.items():
        assert in_words(repeat(text), at) == words


def test_plain_choices_are_rules() -> None:
    at = local("2027-03-09T09:00")
    said = {
        how: str(chosen(how, at, days=["TH", "MO"])) for how in ("day", "week", "month-day", "month-weekday", "year")
    }
    assert said == {
        "day": "FREQ=DAILY",
        "week": "FREQ=WEEKLY;BYDAY=MO,TH",
        "month-day": "FREQ=MONTHLY;BYMONTHDAY=9",
        "month-weekday": "FREQ=MONTHLY;BYDAY=2TU",
        "year": "FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=9",
    }
    last = chosen("month-last", at, days=[], interval=2, until=date(2028, 1, 1))
    assert str(last) == "FREQ=MONTHLY;INTERVAL=2;BYDAY=-1TU;UNTIL=20280101"
    with pytest.raises(RepeatError):
        chosen("sometimes", at, days=list(DAYS))
