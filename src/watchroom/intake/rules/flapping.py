"""When an alert group flaps: it begins and ends again and again, and each time would page somebody for nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

FROM, WITHIN = 4, timedelta(minutes=30)  # so many beginnings within so long, each ended by itself, are flapping
LIMIT = timedelta(minutes=10)  # one that flaps and then fires on for so long pages all the same
QUIET = timedelta(minutes=30)  # and it flaps no more when it has not fired for so long


def flaps(beginnings: Iterable[datetime], now: datetime) -> bool:
    """Whether what began at these times, the last of them now, flaps."""
    return sum(now - WITHIN < at <= now for at in beginnings) >= FROM
