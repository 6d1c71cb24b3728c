"""The one clock. Code asks :func:`now`; tests replace the clock and travel."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import msgspec

Clock = Callable[[], datetime]


def _system() -> datetime:
    return datetime.now(UTC)


_clock: Clock = _system


def now() -> datetime:
    """The current instant, aware, in UTC."""
    return _clock()


def monotonic() -> float:
    """Seconds on a clock that never goes back; only for measuring how long something took."""
    return time.monotonic()


class TravellingClock:
    """A clock that stands still until it is told to move. For tests and replays."""

    def __init__(self, start: datetime) -> None:
        self.instant = start.astimezone(UTC)

    def __call__(self) -> datetime:
        return self.instant

    def advance(self, by: timedelta) -> datetime:
        """Move forward by ``by`` and return the new instant."""
        self.instant += by
        return self.instant

    def to(self, instant: datetime) -> datetime:
        """Jump to ``instant`` (aware)."""
        self.instant = instant.astimezone(UTC)
        return self.instant


@contextmanager
def travelling(start: datetime) -> Iterator[TravellingClock]:
    """Replace the process's clock by a :class:`TravellingClock` for the duration of the block."""
    global _clock
    before, travel = _clock, TravellingClock(start)
    _clock = travel
    try:
        yield travel
    finally:
        _clock = before


def as_stored(at: datetime) -> str:
    """A time in UTC as SQLite's columns hold it: what Django writes, without the offset. `str` takes four times as long, and
    thousands are written in a second."""
    text: str = msgspec.to_builtins(at)
    return text[:-1].replace("T", " ")
