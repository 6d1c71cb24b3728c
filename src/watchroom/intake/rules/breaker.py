"""When a mapping that takes too long, payload after payload, is left alone. Pure: no Django, no clock, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

TOO_MANY = 5  # time-outs in a row after which it rests
FIRST_REST, LONGEST_REST = timedelta(minutes=1), timedelta(minutes=15)


@dataclass
class Breaker:
    """``in_a_row`` payloads took too long. While a mapping rests, ``until`` is when the next payload may try; once it
    works again, since when what was put aside is due to be read; None while all is well.

    After a rest one payload tries: if it takes too long as well, the next rest is longer.
    """

    in_a_row: int = 0
    until: datetime | None = None

    def rests(self, at: datetime) -> bool:
        """Whether no payload may try at this moment."""
        return self.in_a_row >= TOO_MANY and self.until is not None and at < self.until

    def took_too_long(self, at: datetime) -> None:
        """A payload was given up."""
        self.in_a_row = min(self.in_a_row + 1, 1_000)
        if self.in_a_row >= TOO_MANY:
            self.until = at + self.rest

    def went_well(self, at: datetime) -> None:
        """A payload was read."""
        if self.in_a_row >= TOO_MANY:
            self.until = at
        self.in_a_row = 0

    @property
    def keeps(self) -> bool:
        """Whether what comes is put aside: it rests, or older ones have to be tried or read first."""
        return self.until is not None

    @property
    def mended(self) -> bool:
        """Whether it works again, and what was put aside meanwhile is still there."""
        return self.until is not None and self.in_a_row < TOO_MANY

    @property
    def rest(self) -> timedelta:
        """How long it rests after so many."""
        return min(FIRST_REST * (1 << min(max(self.in_a_row - TOO_MANY, 0), 10)), LONGEST_REST)
