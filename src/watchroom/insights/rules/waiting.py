"""How long paging for a kind of alert might wait, because it mostly ends by itself before. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

SPARED_FROM = 5  # fewer pages are no pattern
SHARE_FROM = 0.6  # of all its pages: else the wait costs those who are needed more than it spares
LONGEST_MINUTES = 10
MINUTE = 60


@dataclass(frozen=True)
class Paged:
    """An alert group that paged somebody. ``lasted_seconds`` is None while it fires; ``by_itself``: it ended before
    anybody answered or said that it was worth it."""

    lasted_seconds: float | None
    by_itself: bool
    pages: int = 1


@dataclass(frozen=True)
class Wait:
    """A wait before paging: of ``pages`` it would have spared ``spared``; the others would have come that much later."""

    seconds: int
    spared: int
    pages: int

    @property
    def minutes(self) -> int:
        return self.seconds // MINUTE

    @property
    def later(self) -> int:
        return self.pages - self.spared


def suggested(groups: Iterable[Paged]) -> Wait | None:
    """The shortest whole number of minutes that spares nearly all that the longest one would; None where the pattern is
    too weak."""
    paged = [each for each in groups if each.pages]
    pages = sum(each.pages for each in paged)

    def spared(seconds: int) -> int:
        return sum(
            each.pages
            for each in paged
            if each.by_itself and each.lasted_seconds is not None and each.lasted_seconds < seconds
        )

    most = spared(LONGEST_MINUTES * MINUTE)
    if most < SPARED_FROM or most < SHARE_FROM * pages:
        return None
    enough = max(SPARED_FROM, ceil(SHARE_FROM * pages), ceil(0.9 * most))
    minutes = next(each for each in range(1, LONGEST_MINUTES + 1) if spared(each * MINUTE) >= enough)
    return Wait(minutes * MINUTE, spared(minutes * MINUTE), pages)
