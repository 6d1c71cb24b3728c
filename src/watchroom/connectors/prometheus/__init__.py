"""Prometheus and what speaks its HTTP API: VictoriaMetrics, Thanos, Mimir, Cortex, and the like.

https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries
"""

from __future__ import annotations

import math
from typing import Any
from urllib.parse import quote

from .. import base
from ..base import EvidenceFailed, Series, SeriesFound, Settings, Window


class Prometheus:
    """See the module's text."""

    name = "prometheus"
    label = "Prometheus"
    summary = "Metrics, also from VictoriaMetrics, Thanos and Mimir: the alert's own expression and your indicators as charts."
    fields = (base.URL, *base.AUTH, base.TENANT, base.PUBLIC)

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        return dict(base.check(settings, self.fields))

    def describe(self, settings: Settings) -> str:
        return base.describe(settings)

    def try_it(self, settings: Settings) -> str:
        body = base.ask(settings, "/api/v1/query", {"query": "count(up)"})
        result = _result(base.read(body))[0]
        count = result[0].get("value", [0, "0"])[1] if result and isinstance(result[0], dict) else "0"
        return f"It answers queries and knows {count} targets."

    def query_range(self, settings: Settings, expression: str, window: Window, step_seconds: float) -> SeriesFound:
        body = base.ask(
            settings,
            "/api/v1/query_range",
            {
                "query": expression,
                "start": f"{window.start.timestamp():.3f}",
                "end": f"{window.end.timestamp():.3f}",
                "step": f"{step_seconds:g}",
                "timeout": f"{base.TIMEOUT_SECONDS:g}s",
                "limit": base.MOST_SERIES + 1,
            },
            form=True,
        )
        result, notes = _result(base.read(body))
        series = [_series(each) for each in result]
        found = [each for each in series if each.points]
        return SeriesFound(found[: base.MOST_SERIES], max(0, len(found) - base.MOST_SERIES), notes)

    def link(self, settings: Settings, expression: str, window: Window) -> str:
        """Its own page with the same question."""
        url = str(settings.get("public_url") or settings.get("url", "")).rstrip("/")
        minutes = max(1, math.ceil(window.seconds / 60))
        end = quote(f"{window.end:%Y-%m-%d %H:%M:%S}")
        return f"{url}/graph?g0.expr={quote(expression, safe='')}&g0.tab=0&g0.range_input={minutes}m&g0.end_input={end}"


def _result(answer: dict[str, Any]) -> tuple[list[Any], list[str]]:
    if answer.get("status") == "error":
        raise EvidenceFailed(f"It did not accept the expression: {base.words_of(_again(answer))}.")
    data = answer.get("data")
    result = data.get("result") if isinstance(data, dict) else None
    if not isinstance(result, list):
        raise base.malformed()
    warnings = answer.get("warnings")
    return result, [str(each)[:200] for each in warnings[:3]] if isinstance(warnings, list) else []


def _again(answer: dict[str, Any]) -> bytes:
    return str(answer.get("error", "no reason given")).encode()


def _series(found: Any) -> Series:
    """:raises EvidenceFailed: it is not a series."""
    try:
        points = []
        for at, text in found["values"]:
            value = float(text)
            if math.isfinite(value):
                points.append((float(at), value))
        return Series(base.text_map(found.get("metric", {})), points)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise base.malformed() from None


connector = Prometheus()
