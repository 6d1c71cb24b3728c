"""What the gate counts, in Prometheus' text format."""

from __future__ import annotations

import hmac
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from . import addresses
from .asgi import Scope, header

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_FORWARDED = (b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-real-ip", b"forwarded")


class _Signals(Collector):
    """The requests, counted without the lock that the library's own counters take each time."""

    def __init__(self, counts: Mapping[tuple[str, str], int]) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily(
            "watchroom_signals", "Requests with a signal, by how they ended.", labels=["source", "outcome"]
        )
        for labels, count in sorted(self._counts.items()):
            family.add_metric(labels, count)
        yield family


class Metrics:
    """The numbers of one gate."""

    def __init__(self, queue_length: Callable[[], float]) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._counts: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._registry.register(_Signals(self._counts))
        self._batch = Histogram(
            "watchroom_gate_batch_signals", "Signals that were committed together.",
            buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000), registry=self._registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "watchroom_gate_commit_seconds", "How long a commit took.",
            buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5), registry=self._registry,
        )  # fmt: skip
        queue = Gauge("watchroom_gate_queue_signals", "Signals that wait for their commit.", registry=self._registry)
        queue.set_function(queue_length)

    def count(self, source: str, outcome: str) -> None:
        """Count one request; on the event loop, which is the only one to count."""
        self._counts[source, outcome] += 1

    def committed(self, signals: int, seconds: float) -> None:
        """Count one commit."""
        self._batch.observe(signals)
        self._seconds.observe(seconds)

    def text(self) -> bytes:
        return generate_latest(self._registry)


def may_read(scope: Scope, token: str) -> bool:
    """Whether this request may see the numbers: it has the token, or, where there is none, it comes from this machine."""
    if token:
        stated = header(scope, b"authorization")
        return hmac.compare_digest(stated, b"Bearer " + token.encode())
    # A reverse proxy on this machine makes strangers look local.
    forwarded = any(name in _FORWARDED for name, _ in scope["headers"])
    return not forwarded and addresses.is_loopback((scope.get("client") or ("", 0))[0])
