"""When a mapping that takes too long, payload after payload, is left alone. Pure: no Django, no clock, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

TOO_MANY = 5  # time-outs in a row after which it rests
FIRST_REST, LONGEST_REST = timedelta(minutes=1), timedelta(minutes=15)
TRIES, PAUSE = 5, timedelta(seconds=5)  # after each rest, and between them: others' signals are read meanwhile
_MOST = TOO_MANY + 5_000 * TRIES  # counted; the column ends at 32,767


@dataclass
class Breaker:
    """``in_a_row`` payloads took too long. While a mapping rests, ``until`` is when the next payload may try; once it
    works again, since when what was put aside is due to be read; None while all is well.

    After a rest a few payloads try, one after the other, until one does not take too long: then it works again. If all
    of them do, the next rest is longer.
    """

    in_a_row: int = 0
    until: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether the mapping takes too long, as far as is known."""
        return self.in_a_row >= TOO_MANY

    def rests(self, at: datetime) -> bool:
        """Whether no payload may try at this moment."""
        return self.is_open and self.until is not None and at < self.until

    def took_too_long(self, at: datetime) -> None:
        """A payload was given up."""
        self.in_a_row = self.in_a_row + 1 if self.in_a_row < _MOST else _MOST - TRIES + 1
        if self.is_open:
            self.until = at + self.rest

    def went_well(self, at: datetime) -> None:
        """A payload was read."""
        if self.is_open:
            self.until = at
        self.in_a_row = 0

    @property
    def keeps(self) -> bool:
        """Whether what comes is put aside: it rests, or older ones have to be tried or read first."""
        return self.until is not None

    @property
    def mended(self) -> bool:
        """Whether it works again, and what was put aside meanwhile is still there."""
        return self.until is not None and not self.is_open

    @property
    def rest(self) -> timedelta:
        """How long it rests after so many."""
        rounds, tries = divmod(max(self.in_a_row - TOO_MANY, 0), TRIES)
        return PAUSE if tries else min(FIRST_REST * (1 << min(rounds, 10)), LONGEST_REST)

    @property
    def place(self) -> float:
        """Which of the payloads that wait is to try next: from 0, the oldest, to 1, the newest. First these two, then the one
        in the middle, then those in the middle between them, …: some that take long, wherever they stand, can't keep the
        others from being tried."""
        number, found, part = self.in_a_row - TOO_MANY - 1, 0.0, 0.5
        if number == 0:
            return 1.0
        while number > 0:
            found, number, part = found + part * (number & 1), number >> 1, part / 2
        return found
