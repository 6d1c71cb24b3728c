"""What the one clock gives, as databases keep it."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from watchroom.kernel.clock import as_stored


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_is_stored_as_django_writes_it(at: datetime) -> None:
    assert as_stored(at) == str(at.replace(tzinfo=None))
