"""A real Prometheus is asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from peers.programs import wait_until
from peers.prometheus import Prometheus
from watchroom.connectors.base import EvidenceFailed, Window
from watchroom.connectors.prometheus import connector

pytestmark = [pytest.mark.peer, pytest.mark.slow]


def test_a_real_prometheus_shows_what_it_scraped(
    prometheus: Callable[..., Prometheus], configured: Callable[..., None]
) -> None:
    configured(WATCHROOM_PRIVATE_TARGETS="127.0.0.0/8")
    server = prometheus("http://127.0.0.1:9")
    server.set(7)
    settings = connector.check({"url": server.url})

    def values() -> list[float]:
        now = datetime.now(UTC)  # noqa: TID251
        found = connector.query_range(settings, "test_value", Window(now - timedelta(minutes=2), now), 1)
        return [value for series in found.series for _, value in series.points]

    wait_until(lambda: 7 in values(), 60, "it has been scraped")
    assert "1 targets" in connector.try_it(settings)
    now = datetime.now(UTC)  # noqa: TID251
    with pytest.raises(EvidenceFailed, match="parse error"):
        connector.query_range(settings, "((", Window(now - timedelta(minutes=2), now), 1)
