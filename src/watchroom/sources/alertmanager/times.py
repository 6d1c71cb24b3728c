"""Times as Go writes them: RFC 3339 with up to nine digits after the second, and the year 1 for "none"."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?", re.ASCII | re.IGNORECASE)
_NONE = datetime(1, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=4096)  # the alerts of one evaluation share their times
def parse_time(text: str) -> datetime | None:
    """The instant in UTC, cut to microseconds; ``None`` for no text and for Go's zero time.

    Like Alertmanager, it takes a time without an offset for UTC.

    :raises ValueError: this is not such a time.
    """
    if not text:
        return None
    if not _RFC_3339.fullmatch(text):
        raise ValueError(text)
    stated = datetime.fromisoformat(text.upper())
    try:
        instant = stated.astimezone(UTC) if stated.tzinfo else stated.replace(tzinfo=UTC)
    except OverflowError:  # a moment before the year 1 or after the year 9999
        raise ValueError(text) from None
    return None if instant == _NONE else instant
