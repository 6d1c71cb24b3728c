"""An expression that a Prometheus-compatible server evaluates, compared with a threshold."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from ...kernel.http import check_url
from .. import rules
from .base import Failed, Field, Outcome
from .web import header_lines, request

SERVER = (
    Field("url", "Prometheus", required=True, help="Its address, such as https://prometheus.example.org."),
    Field("headers", "Headers", "lines", secret=True, help="Name: value, one a line. Kept encrypted."),
)
COMPARISONS = (">", ">=", "<", "<=", "==", "!=")


class Promql:
    """See the module's text."""

    name = "promql"
    label = "PromQL expression"
    fields = (
        *SERVER,
        Field("expression", "Expression", required=True, help="It alerts if any of its series compares so."),
        Field("comparison", "It is bad if it is", default=">", choices=COMPARISONS),
        Field("threshold", "Threshold", "number", required=True, default=0),
        Field("absent", "No data is", default="bad", choices=("bad", "fine")),
    )

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        return check_server(settings)

    async def probe(self, settings: Mapping[str, Any], timeout: float) -> Outcome:
        values, took = await query(settings, settings["expression"], timeout)
        if not values:
            return Outcome(settings.get("absent") == "fine", "there is no data", took)
        comparison, threshold = settings.get("comparison", ">"), float(settings.get("threshold", 0))
        bad = [value for value in values if rules.compare(value, comparison, threshold)]
        shown = ", ".join(f"{value:g}" for value in (bad or values)[:5])
        return Outcome(not bad, f"the value is {shown}" + (f" ({comparison} {threshold:g})" if bad else ""), took)


def check_server(settings: dict[str, Any]) -> dict[str, Any]:
    """:raises Refused: the address or a header is not accepted."""
    settings["url"] = check_url(settings["url"], field="settings.url")
    header_lines(settings.get("headers", ""))
    return settings


async def query(settings: Mapping[str, Any], expression: str, timeout: float) -> tuple[list[float], int]:
    """The values of an instant query, without those that are not numbers.

    :raises Failed: no answer, or the expression is not accepted.
    """
    page = await request(
        "POST",
        f"{settings['url'].rstrip('/')}/api/v1/query",
        headers={"Content-Type": "application/x-www-form-urlencoded", **header_lines(settings.get("headers", ""))},
        content=urlencode({"query": expression}).encode(),
        timeout=timeout,
    )
    try:
        answer = json.loads(page.body)
        if answer.get("status") != "success":
            raise Failed(f"Prometheus says: {str(answer.get('error', page.status))[:200]}")
        result = answer["data"]["result"]
        pairs = [result] if answer["data"]["resultType"] == "scalar" else [each["value"] for each in result]
        values = [float(value) for _, value in pairs]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Failed(f"it did not answer as Prometheus does (status {page.status})") from None
    return [value for value in values if not math.isnan(value)], page.latency_ms


kind = Promql()
