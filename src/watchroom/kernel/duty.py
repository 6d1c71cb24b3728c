"""What an engine does for a package when a row is due.

A package lists its duties in `duties.py`; the engine finds them there. A duty keeps nothing in memory: what is due
stands in the database, and work that was cut off is simply still due.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.db.models import Model


@dataclass(frozen=True)
class Duty:
    """``next_due`` says when there is something to do (None: nothing in sight); ``work`` does a bounded batch of what
    is due, each piece in a transaction of its own or all in one, and returns how many pieces it handled.

    ``rest_seconds`` is a pause after work, for what comes in a stream: a turn for a hundred pieces costs little more than
    one for a single piece, and whatever comes first after a silence is still handled at once. ``stream_from``: so many
    pieces in one turn make it a stream; after fewer, the rest is shorter in proportion. Of a flood (tenfold, and more) it is
    longer, up to three times: the fewer turns, the less each piece costs, and the more is left for those who send it.

    ``apart``: an engine does it in a thread of its own, because it may take long and nothing else of its package may wait.

    ``hears`` are topics of the wake that concern it besides ``due``."""

    name: str
    next_due: Callable[[], datetime | None]
    work: Callable[[], int]
    rest_seconds: float = 0.0
    stream_from: int = 1
    hears: frozenset[str] = frozenset()
    apart: bool = False

    def rest_after(self, handled: int) -> float:
        """For how many seconds to rest after a turn for so many pieces."""
        streams = handled / self.stream_from
        return self.rest_seconds * min(1.0, streams) * min(3.0, max(1.0, streams / 10))


def soonest(model: type[Model], column: str = "due_at", **only: Any) -> Callable[[], datetime | None]:
    """When the first row of ``model`` is due by this column, of those that ``only`` leaves; for :attr:`Duty.next_due`."""

    def due() -> datetime | None:
        rows = model._default_manager.filter(**{f"{column}__isnull": False}, **only).order_by(column)
        found: datetime | None = rows.values_list(column, flat=True).first()
        return found

    return due


def one_by_one(once: Callable[[], object], most: int) -> Callable[[], int]:
    """Does one piece after the other, each in a transaction of its own, until none is left or ``most`` are done; for
    :attr:`Duty.work`. ``once`` does one, and is false when there was none."""

    def work() -> int:
        handled = 0
        while handled < most and once():
            handled += 1
        return handled

    return work
