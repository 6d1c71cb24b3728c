"""What the engines and the ways out are doing, in Prometheus' text format; the gate adds it to its own numbers."""

from __future__ import annotations

import hmac
from typing import Any

from django.http import HttpRequest, HttpResponse
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from ..kernel import settings as conf
from ..kernel.errors import NotAllowed
from .queries import health

_LOCAL = ("", "localhost", "127.0.0.1", "::1")  # without an address, or so called: the gate, by its Unix socket


class _Collector:
    """The numbers of one moment."""

    def __init__(self, found: dict[str, Any]) -> None:
        self.found = found

    def collect(self) -> Any:
        found = self.found
        for name, text, value in (
            ("engines_alive", "Engines that have been seen lately.", found["engines"]),
            ("engine_lag_seconds", "Age of the oldest overdue row.", found["lag_seconds"]),
            ("paging_impaired", "Reasons for which pages may not reach people.", len(found["impaired"])),
            ("notifications_failed_day", "Messages that failed for good in 24 hours.", found["failed_notifications"]),
        ):
            yield GaugeMetricFamily(f"watchroom_{name}", text, value=value)
        attempts = GaugeMetricFamily(
            "watchroom_channel_attempts", "Attempts of the last 15 minutes, by channel and outcome.", labels=("channel", "outcome")
        )  # fmt: skip
        for channel, numbers in found["providers"].items():
            attempts.add_metric((channel, "failed"), numbers["failed"])
            attempts.add_metric((channel, "ok"), numbers["attempts"] - numbers["failed"])
        yield attempts
        messages = CounterMetricFamily(
            "watchroom_phone_messages", "Texts and calls, by account and outcome.", labels=("account", "outcome")
        )
        resting = GaugeMetricFamily(
            "watchroom_phone_account_resting", "1 while its circuit is open.", labels=("account",)
        )
        for each in found["phone_accounts"]:
            messages.add_metric((each["account"], "taken"), each["taken"])
            messages.add_metric((each["account"], "failed"), each["failed"])
            resting.add_metric((each["account"],), float(each["state"] == "resting"))
        yield from (messages, resting)


def text() -> bytes:
    """All of it."""
    registry = CollectorRegistry()
    registry.register(_Collector(health()))  # type: ignore[arg-type]
    return generate_latest(registry)


def metrics(request: HttpRequest) -> HttpResponse:
    """``/metrics`` of a web process, guarded like the gate's."""
    token = conf.current().metrics_token
    stated = request.headers.get("Authorization", "")
    if not (
        hmac.compare_digest(stated.encode(), f"Bearer {token}".encode())
        if token
        else request.META.get("REMOTE_ADDR", "") in _LOCAL and "X-Forwarded-For" not in request.headers
    ):
        raise NotAllowed(
            "The metrics need a token, or a request from this machine.", fix="Set WATCHROOM_METRICS_TOKEN."
        )
    return HttpResponse(text(), content_type="text/plain; version=0.0.4; charset=utf-8")
