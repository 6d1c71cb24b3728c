"""Times that somebody wrote keep away from the ends of the calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchroom.kernel.times import instant, within_reach


@given(st.datetimes(timezones=st.timezones()))
def test_what_is_within_reach_has_another_clock_and_a_year_more(at: datetime) -> None:
    read = instant(at.isoformat())
    if read is None:
        assert not 1900 <= at.year <= 8999
    else:
        assert read.isoformat() == at.isoformat()
        for zone in ("Pacific/Kiritimati", "Etc/GMT+12"):
            assert read.astimezone(ZoneInfo(zone)) + timedelta(days=366) > read


@pytest.mark.parametrize(
    "text",
    ["", "x", "2026-03-02T09:00:00", "2026-03-02", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "³"],
)
def test_anything_else_is_no_instant(text: str) -> None:
    assert instant(text) is None


def test_days_and_local_times_are_held_to_it_too() -> None:
    assert within_reach(date(2026, 3, 2)) == date(2026, 3, 2)
    for far in (date.max, date.min, datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)):
        with pytest.raises(ValueError, match="1900 to 8999"):
            within_reach(far)
