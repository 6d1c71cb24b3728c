"""More than an integration may send: what its sender is told, and the signal of ours that tells its owner."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import msgspec

from ...kernel import clock
from ...sources.base import Limited, Reply, Source
from . import limits
from .database import Integration, Signal
from .metrics import Metrics
from .rates import LIMITED_PATH, OURSELVES, TOO_LARGE_PATH, Rates
from .store import Full, Store
from .taking import problem_reply

log = logging.getLogger("watchroom.gate")


class Excess:
    """Holds every integration to its rate, and reports now and then that one sends too much."""

    def __init__(self, rates: Rates, store: Store, numbers: Metrics) -> None:
        self._rates, self._store, self._numbers = rates, store, numbers

    def limited(self, integration: Integration, source: Source) -> Reply | None:
        """Take one signal from what this integration may send; what is to be answered when that is used up."""
        limit = self._rates.limit_of(integration.rate_per_minute)
        if limit <= 0:
            return None
        now = clock.monotonic()
        seconds = self._rates.take(integration.id, integration.rate_per_minute, now)
        if not seconds:
            return None
        self._numbers.count(source.name, "limited")
        if self._rates.is_news(integration.id, now):
            fix = "Some signals were answered with 429. Slow the sender down, or raise the limit of this integration."
            what = {"field": "rate", "value": f"more than {limit} a minute", "fix": fix}
            self._report(integration, LIMITED_PATH, {"per_minute": limit}, what)
        if isinstance(source, Limited):
            told = source.limited(seconds)
        else:
            told = problem_reply(
                429, "Too many signals", f"This integration may send {limit} signals a minute.",
                f"Send it again in {seconds} seconds; put more alerts into one request, or have the limit raised.",
            )  # fmt: skip
        return replace(told, headers=(*told.headers, ("retry-after", str(seconds))))

    def too_large(self, integration: Integration, source: Source) -> None:
        """A body was too large, and its sender has been told."""
        if not self._rates.is_news_of_size(integration.id, clock.monotonic()):
            return
        allowed = limits.in_words(source)
        fix = "A signal was answered with 413. Have the sender put fewer alerts into one request."
        what = {"field": "body", "value": f"more than {allowed}", "fix": fix}
        self._report(integration, TOO_LARGE_PATH, {"allowed": allowed}, what)

    def _report(self, integration: Integration, path: str, said: dict[str, Any], what: dict[str, str]) -> None:
        """Put a signal of ours among those of the integration: its page shows it, and the engine can raise an alert."""
        signal = Signal(
            integration_id=integration.id,
            received_at=clock.now(),
            path=path,
            query="",
            content_type="application/json",
            headers="{}",
            body=msgspec.json.encode(said),
            remote=OURSELVES,
            refused=False,
            problems=msgspec.json.encode([what]).decode(),
        )
        try:
            self._store.submit(signal, lambda error: None)
        except Full:
            log.warning("The integration %r loses signals, and even that can't be stored.", integration.name)
