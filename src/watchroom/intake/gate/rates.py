"""How much an integration may send: a token bucket each. Pure: whoever asks says what time it is."""

from __future__ import annotations

import math
from dataclasses import dataclass

NOTICE_SECONDS = 600.0  # a storm is reported once in so long
LIMITED_PATH = "/-/limited"  # of the signal that reports it
TOO_LARGE_PATH = "/-/too-large"  # and of the one that reports a body that was too large
_ROUNDING = 1e-6  # who waited as told must not be a millionth of a signal too early
OURSELVES = "watchroom"  # where that comes from; no sender has such an address


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float
    per_minute: int
    noticed_at: float = -math.inf


class Rates:
    """The buckets of all integrations. A bucket holds a minute's worth and is full at first; none costs another."""

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._buckets: dict[int, _Bucket] = {}
        self._large: dict[int, float] = {}  # when a body that was too large was last reported

    def limit_of(self, own: int | None) -> int:
        """Signals a minute for an integration that has a limit of its ``own``, or none; 0 is no limit."""
        return self.per_minute if own is None else own

    def take(self, integration: int, own: int | None, now: float) -> int:
        """Take one signal at ``now`` (monotonic seconds): 0, or after how many seconds there is room for another."""
        limit = self.limit_of(own)
        if limit <= 0:
            self._buckets.pop(integration, None)
            return 0
        bucket = self._buckets.get(integration)
        if bucket is None:
            bucket = self._buckets[integration] = _Bucket(float(limit), now, limit)
        elif bucket.per_minute != limit:  # somebody has changed it
            bucket.tokens, bucket.per_minute = min(bucket.tokens, float(limit)), limit
        if now > bucket.at:
            bucket.tokens = min(float(limit), bucket.tokens + (now - bucket.at) * limit / 60)
            bucket.at = now
        if bucket.tokens >= 1 - _ROUNDING:
            bucket.tokens = max(0.0, bucket.tokens - 1)
            return 0
        return max(1, math.ceil((1 - bucket.tokens) * 60 / limit))

    def is_news(self, integration: int, now: float) -> bool:
        """Whether that this integration was limited at ``now`` is to be reported: once per storm and ten minutes."""
        bucket = self._buckets.get(integration)
        if bucket is None or now - bucket.noticed_at < NOTICE_SECONDS:
            return False
        bucket.noticed_at = now
        return True

    def is_news_of_size(self, integration: int, now: float) -> bool:
        """The same of a body that was too large."""
        if now - self._large.get(integration, -math.inf) < NOTICE_SECONDS:
            return False
        self._large[integration] = now
        return True
