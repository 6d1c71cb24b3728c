"""What the database has given up for somebody else's sake is done once more.

Two who lock the same rows in different order wait for each other, until the database ends one of them. Commands lock in one
order (docs/architecture.md), so that this is rare; where it happens all the same, nothing has been committed, and doing
it again is right.
"""

from __future__ import annotations

import functools
import logging
import random
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection

P = ParamSpec("P")
R = TypeVar("R")
log = logging.getLogger(__name__)
TRIES = 4
_PAUSE_SECONDS = 0.02
# https://www.postgresql.org/docs/current/errcodes-appendix.html: serialization_failure, deadlock_detected.
_GIVEN_UP = frozenset({"40001", "40P01"})
_CHANCE = random.Random()


def was_given_up(error: BaseException) -> bool:
    """Whether the database ended a transaction only because of another one, so that the same can be tried again."""
    return getattr(error.__cause__, "sqlstate", None) in _GIVEN_UP


def retried(command: Callable[P, R]) -> Callable[P, R]:
    """Have ``command``, which is one transaction and does nothing outside of the database, done again when the database has
    given it up. Within somebody else's transaction it is for them to begin anew: all of it is lost."""

    @functools.wraps(command)
    def again(*args: P.args, **kwargs: P.kwargs) -> R:
        if connection.in_atomic_block:
            return command(*args, **kwargs)
        for number in range(1, TRIES):
            try:
                return command(*args, **kwargs)
            except OperationalError as error:
                if not was_given_up(error):
                    raise
                log.info("%s is done again: %s", command.__name__, str(error).splitlines()[0])
            time.sleep(_CHANCE.uniform(0, _PAUSE_SECONDS * 2**number))  # so that the same two do not meet again
        return command(*args, **kwargs)

    return again
