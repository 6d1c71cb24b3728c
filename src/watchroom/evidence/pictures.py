"""What was found, ready to be shown: from the kept form to what a template writes. The same for live and kept."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from django.utils import timezone

from .rules import charts, units, waterfall

TRACE_ID = re.compile(r"[A-Za-z0-9_-]{1,200}")


def shown(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    """The context of a template for ``data`` of this kind of snapshot."""
    if kind == "chart":
        return {"chart": chart(data, timezone.get_current_timezone())}
    if kind == "trace":
        return {"rows": rows(data), "total": _milliseconds(data)}
    if kind == "logs":
        return {"lines": [{**each, "when": _when(each["at"])} for each in data["lines"]]}
    if kind == "traces":
        longest = max((each["duration_ms"] for each in data["traces"]), default=0) or 1
        return {
            "traces": [
                {
                    **each,
                    "when": _when(each["at"]),
                    "has_page": bool(TRACE_ID.fullmatch(each["id"])),
                    "took": units.said(each["duration_ms"], "milliseconds"),
                    "share": f"{max(each['duration_ms'] / longest * 100, 1):.1f}%",
                }
                for each in data["traces"]
            ]
        }
    if kind == "changes":
        return {"changes": [{**each, "when": _when(each["at"])} for each in data["changes"]]}
    return dict(data)


def _when(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def chart(data: dict[str, Any], zone: tzinfo) -> charts.Chart:
    """A chart with its times in the reader's zone."""
    marks = [(float(at), str(kind), str(title)) for at, kind, title in data.get("marks", [])]
    start_at = next((at for at, kind, _ in marks if kind == "start"), None)
    offset = (_when(data["start"]).astimezone(zone).utcoffset() or timedelta()).total_seconds()
    made = charts.chart_of(
        [(each["name"], [(at, value) for at, value in each["points"]]) for each in data["series"]],
        start=data["start"],
        end=data["end"],
        unit=data.get("unit", ""),
        thresholds=[(sign, value) for sign, value in data.get("thresholds", [])],
        marks=marks,
        alert_at=start_at,
        offset=offset,
        not_drawn=data.get("not_drawn", 0),
    )
    days = data["end"] - data["start"] > 86400
    ticks = []
    for tick in made.x_ticks:
        local = _when(tick.value).astimezone(zone)
        ticks.append(replace(tick, text=f"{local:%d %b %H:%M}" if days else f"{local:%H:%M}"))
    return replace(made, x_ticks=ticks)


def rows(data: dict[str, Any]) -> list[dict[str, Any]]:
    """A trace's waterfall with its durations in words."""
    found = waterfall.rows_of([waterfall.Work(**each) for each in data["spans"]])
    return [{"row": each, "took": units.said(each.duration_ms, "milliseconds")} for each in found]


def _milliseconds(data: dict[str, Any]) -> str:
    ends = [each["start_ms"] + each["duration_ms"] for each in data["spans"]]
    return units.said(max(ends, default=0.0), "milliseconds")
