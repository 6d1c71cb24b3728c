"""Due times, the states of a check, burn rates."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchroom.monitors import rules

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_a_cron_expression_is_of_its_time_zone_and_survives_the_change_of_the_clock():
    before = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)  # Berlin goes to summer time on 29 March at 01:00 UTC
    assert rules.next_run("cron", 0, "0 9 * * *", "Europe/Berlin", before) == datetime(2026, 3, 29, 7, 0, tzinfo=UTC)


def test_oncalendar():
    assert rules.next_run("oncalendar", 0, "Mon..Fri 03:00", "UTC", NOW) == datetime(2026, 3, 3, 3, 0, tzinfo=UTC)
    assert rules.next_run("oncalendar", 0, "2020-01-01", "UTC", NOW) is None


@pytest.mark.parametrize(
    ("kind", "text", "zone"), [("cron", "x", "UTC"), ("oncalendar", "zz", "UTC"), ("cron", "0 3 * * *", "Nowhere/X")]
)
def test_what_cannot_be_read_is_refused(kind, text, zone):
    with pytest.raises(ValueError):
        rules.next_run(kind, 0, text, zone, NOW)


@given(st.integers(10, 10_000), st.lists(st.integers(0, 10_000), max_size=5))
def test_the_earliest_of_expected_and_unfinished_runs_is_due(grace, ago):
    starts = [NOW - timedelta(seconds=each) for each in ago]
    due = rules.heartbeat_due(NOW, timedelta(seconds=grace), starts)
    assert due == min([NOW, *starts]) + timedelta(seconds=grace)


@given(st.lists(st.booleans(), max_size=40), st.integers(0, 300))
def test_alerts_alternate_and_never_come_from_a_single_failure(results, for_seconds):
    state, since, now, told = "new", None, NOW, []
    before = True
    for ok in results:
        step = rules.check_step(state, since, ok=ok, now=now, interval=60, for_seconds=for_seconds)
        if step.alert is True:
            assert not ok and not before and now - step.failing_since >= timedelta(seconds=for_seconds)
        if step.alert is not None:
            told.append(step.alert)
        assert (step.state == "up") == ok
        assert 0 < step.wait_seconds <= 60
        state, since, before = step.state, step.failing_since, ok
        now += timedelta(seconds=step.wait_seconds)
    assert told == [n % 2 == 0 for n in range(len(told))]


def test_the_factors_are_those_of_the_workbook():
    assert [round(each.factor, 3) for each in rules.burns(30)] == [14.4, 6.0, 1.0]


@given(st.floats(0, 1), st.floats(0, 1))
def test_both_windows_must_burn(long, short):
    ratios = {"1h": long, "5m": short, "6h": 0.0, "30m": 0.0, "3d": 0.0}
    found = rules.too_fast(ratios, 99.9, 30)
    pair = rules.burns(30)[0]
    assert (found is not None) == (min(long, short) > pair.factor * (1 - 0.999))


@given(st.integers(), st.integers(), st.floats(0, 1e6))
def test_jitter_is_bounded_and_stable(key, turn, seconds):
    assert 0 <= rules.jitter(key, turn, seconds) <= seconds * 0.1
    assert rules.jitter(key, turn, seconds) == rules.jitter(key, turn, seconds)
