"""How long an engine rests after work that comes in a stream."""

from __future__ import annotations

import pytest

from watchroom.kernel.duty import Duty


@pytest.mark.parametrize(
    ("handled", "seconds"),
    [(0, 0.0), (1, 0.05), (10, 0.5), (20, 1.0), (200, 1.0), (400, 2.0), (600, 3.0), (100_000, 3.0)],
)
def test_the_rest_grows_with_the_stream_and_has_an_end(handled: int, seconds: float) -> None:
    duty = Duty("signals", lambda: None, lambda: 0, rest_seconds=1.0, stream_from=20)
    assert duty.rest_after(handled) == pytest.approx(seconds)


def test_what_does_not_come_in_a_stream_needs_no_rest() -> None:
    assert Duty("due", lambda: None, lambda: 0).rest_after(100) == 0.0
