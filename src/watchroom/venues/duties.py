"""What the engine does, in threads of its own: venues are made, kept current and closed; what is marked in them is taken
into the log."""

from __future__ import annotations

import logging
from collections.abc import Callable
from itertools import islice
from typing import Any

from ..kernel.duty import Duty, soonest
from ..kernel.seats import Seats
from . import keeping, taking
from .models import Taken, Venue

log = logging.getLogger(__name__)
THREADS = 3
BATCH = 50


def _each(name: str, claim: Callable[[], Any], look: Callable[[Any], None]) -> Callable[[], int]:
    """Look after what is due, as much as there are seats for. Each kind has seats of its own: a chat that is slow to say what
    is marked holds up no channel that is being made."""
    seats = Seats[Any](name, THREADS, queued=1)

    def work(row: Any) -> None:
        try:
            look(row)
        except Exception:
            log.exception("%s could not be looked after: %s", type(row).__name__, row.pk)  # due when its lease is over

    return lambda: seats.fill(lambda free: islice(iter(claim, None), free), work, BATCH)


duties = [
    Duty("channels and calls", keeping.next_due, _each("venues", keeping.claim, keeping.look_after)),
    Duty("messages taken into logs", soonest(Taken), _each("taken", taking.claim, taking.take)),
    Duty(
        "marks in channels",
        soonest(Venue, "watch_at", workspace__isnull=False),
        _each("marks", taking.claim_watch, taking.watch),
    ),
]
