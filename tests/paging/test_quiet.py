"""Quiet hours, limits and bundles as pure rules."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchroom.paging.quiet import (
    BUNDLE_FROM,
    Due,
    Hours,
    Limit,
    collected_until,
    free_at,
    one_at_a_time,
    sort_out,
    worst,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"])
TIMES = st.times(min_value=time(0), max_value=time(23, 59)).map(lambda each: each.replace(second=0, microsecond=0))


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2026-03-02T21:59:59+01:00", None),
        ("2026-03-02T22:00:00+01:00", "2026-03-03T07:00:00+01:00"),
        ("2026-03-03T03:00:00+01:00", "2026-03-03T07:00:00+01:00"),
        ("2026-03-03T07:00:00+01:00", None),
        ("2026-03-29T01:30:00+01:00", "2026-03-29T07:00:00+02:00"),  # an hour shorter: the clocks go forward
        ("2026-10-25T01:30:00+02:00", "2026-10-25T07:00:00+01:00"),  # an hour longer
    ],
)
def test_quiet_hours_by_the_clock_on_the_wall(at: str, until: str | None) -> None:
    found = Hours("Europe/Berlin", time(22), time(7)).until(datetime.fromisoformat(at))
    assert found == (datetime.fromisoformat(until) if until else None)


@given(ZONES, TIMES, TIMES, st.datetimes(datetime(2026, 1, 2), datetime(2027, 12, 30)))  # noqa: DTZ001
def test_quiet_hours_end_and_end_within_a_day(zone: str, start: time, end: time, naive: datetime) -> None:
    at = naive.replace(tzinfo=UTC)
    until = Hours(zone, start, end).until(at)
    if until is None:
        return
    assert at < until <= at + timedelta(hours=26)
    local = until.astimezone(ZoneInfo(zone))
    # The wall shows the end, except where the clocks were put forward over it.
    assert local.time() == end or ZoneInfo(zone).utcoffset(local.replace(tzinfo=None)) is not None


@given(
    st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), max_size=12),
    st.lists(st.integers(0, 400), max_size=12),
    st.integers(1, 6),
    st.integers(0, 60),
    st.booleans(),
)
def test_nothing_is_lost_and_no_first_word_waits(
    messages: list[tuple[bool, bool, bool]], ago: list[int], count: int, collect: int, bundles: bool
) -> None:
    due = [Due(key, page, repeat, drill) for key, (page, repeat, drill) in enumerate(messages)]
    sent = [NOW - timedelta(seconds=each) for each in ago]
    limit = Limit(count, timedelta(minutes=5), timedelta(seconds=collect))
    found = sort_out(due, limit, sent, NOW, bundles=bundles)
    going = [key for group in found.groups for key in group]
    held = {key for key, _ in found.held}
    assert sorted([*going, *held]) == [each.key for each in due]  # each once, and none is lost
    assert all(NOW < until <= NOW + timedelta(minutes=5) for _, until in found.held)
    if not collect:
        assert not held & {each.key for each in due if each.page and not each.repeat}
    for group in found.groups:
        if len(group) > 1:
            assert bundles and all(due[key].page for key in group)
            assert len({due[key].drill for key in group}) == 1  # a drill is never told together with what is real
    if bundles and not collect:
        first = [each for each in due if each.page and not each.repeat and not each.drill]
        assert len(first) < BUNDLE_FROM or any(len(group) >= len(first) for group in found.groups)


@given(st.lists(st.integers(0, 900), max_size=30), st.integers(1, 10))
def test_a_limit_frees_itself(ago: list[int], count: int) -> None:
    limit = Limit(count, timedelta(minutes=5))
    sent = [NOW - timedelta(seconds=each) for each in ago]
    free = free_at(limit, sent, NOW)
    assert NOW <= free <= NOW + limit.within
    assert sum(each > free - limit.within for each in sent) < count or free == NOW


@given(st.lists(st.integers(0, 90), max_size=30), st.integers(0, 60), st.integers(0, 300))
def test_however_long_a_storm_lasts_collecting_ends(ago: list[int], collect: int, waited: int) -> None:
    limit = Limit(20, timedelta(minutes=1), timedelta(seconds=collect))
    since = NOW - timedelta(seconds=waited)
    until = collected_until(limit, [NOW - timedelta(seconds=each) for each in ago], NOW, since)
    assert NOW <= until <= max(NOW, since + limit.collect)


LINES = st.sampled_from([None, "kitchen", "office", "cellar"])


@given(st.lists(LINES, max_size=12), st.sets(LINES.filter(bool)))
def test_a_line_carries_one_message_at_a_time(lines: list[str | None], engaged: set[str]) -> None:
    going = one_at_a_time(lines, engaged)
    assert len(going) == len(lines)
    assert all(goes for goes, line in zip(going, lines, strict=True) if line is None)
    for line in set(filter(None, lines)):
        goes = [each for each, on in zip(going, lines, strict=True) if on == line]
        assert goes == [line not in engaged] + [False] * (len(goes) - 1)  # the first of them, unless it is engaged


def test_the_worst() -> None:
    assert worst(["warning", "critical", "error"]) == 1
    assert worst(["", "info"]) == 1
    assert worst(["", ""]) == 0
