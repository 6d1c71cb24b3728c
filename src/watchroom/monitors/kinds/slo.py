"""A service level objective, with multi-window multi-burn-rate alerting after Google's SRE workbook, chapter 5."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from ...kernel.errors import Refused
from .. import rules
from .base import Failed, Field, Outcome
from .promql import SERVER, check_server, query


class Slo:
    """See the module's text."""

    name = "slo"
    label = "Service level objective"
    fields = (
        *SERVER,
        Field("target", "Target (%)", "number", required=True, default=99.9),
        Field("window_days", "Window (days)", "number", default=30),
        Field("error_ratio", "Share of errors", help="With $window, such as: sum(rate(errors[$window])) / …"),
        Field("good", "Good", help="Instead of the share of errors: sum(rate(good[$window]))"),
        Field("total", "All", help="sum(rate(all[$window]))"),
    )

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        check_server(settings)
        if not 0 < float(settings["target"]) < 100:
            raise Refused("That target can't be.", field="settings.target", value=settings["target"], fix="Below 100.")
        if not 1 <= float(settings.get("window_days", 30)) <= 366:
            raise Refused(
                "That window can't be.",
                field="settings.window_days",
                value=settings["window_days"],
                fix="Use 1 to 366 days.",
            )
        if not settings.get("error_ratio") and not (settings.get("good") and settings.get("total")):
            raise Refused(
                "Say what an error is.",
                field="settings.error_ratio",
                value="",
                fix="Give the share of errors, or good and all.",
            )
        if "$window" not in expression(settings, "$window"):
            raise Refused(
                "The expression needs $window.",
                field="settings.error_ratio",
                value=settings.get("error_ratio", ""),
                fix="Write rate(errors_total[$window]).",
            )
        return settings

    async def probe(self, settings: Mapping[str, Any], timeout: float) -> Outcome:
        days, target = float(settings.get("window_days", 30)), float(settings["target"])
        windows = sorted({window for pair in rules.burns(days) for window in (pair.long, pair.short)})
        answers = await asyncio.gather(*(query(settings, expression(settings, each), timeout) for each in windows))
        ratios = {window: max(values) for window, (values, _) in zip(windows, answers, strict=True) if values}
        took = max(took for _, took in answers)
        if not ratios:
            raise Failed("there is no data")
        pair = rules.too_fast(ratios, target, days)
        if pair is None:
            return Outcome(True, "the error budget lasts", took)
        rate = ratios[pair.long] / (1 - target / 100)
        return Outcome(False, f"the error budget burns {rate:.1f} times too fast over {pair.long}", took)


def expression(settings: Mapping[str, Any], window: str) -> str:
    """The share of errors over ``window``."""
    if settings.get("error_ratio"):
        text = settings["error_ratio"]
    else:
        text = f"1 - (({settings.get('good', '')}) / ({settings.get('total', '')}))"
    return str(text).replace("$window", window)


kind = Slo()
