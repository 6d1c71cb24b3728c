"""Numbers with units, as people read them."""

from __future__ import annotations

import math
import re

UNITS = {
    "": "A plain number",
    "ratio": "A share from 0 to 1",
    "percent": "Per cent",
    "seconds": "Seconds",
    "milliseconds": "Milliseconds",
    "bytes": "Bytes",
    "per_second": "Per second",
    "bytes_per_second": "Bytes per second",
}


def unit_of(expression: str) -> str:
    """A guess at the unit of a PromQL expression, by the names that Prometheus' conventions give to metrics."""
    rate = re.search(r"\b(rate|irate|increase|deriv|delta)\s*\(", expression)
    if "/" in re.sub(r'"[^"]*"', "", expression):
        return ""
    if re.search(r"_bytes(_total|_sum)?\b", expression):
        return "bytes_per_second" if rate and "increase" not in rate[0] else "bytes"
    if "histogram_quantile" in expression and re.search(r"_seconds(_bucket)?\b", expression):
        return "seconds"
    if not rate and re.search(r"_seconds\b(?!_)", expression):
        return "seconds"
    if rate and rate[1] in {"rate", "irate"} and re.search(r"_(total|count)\b", expression):
        return "per_second"
    return ""


def _short(value: float) -> str:
    """At most four digits, without a needless tail."""
    if value == 0:
        return "0"
    if abs(value) >= 1e12 or abs(value) < 1e-9:
        return f"{value:.2e}"
    digits = max(0, 3 - math.floor(math.log10(abs(value))) - 1) if abs(value) < 1000 else 0
    text = f"{value:.{min(digits, 9)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _scaled(value: float, base: float, names: tuple[str, ...]) -> str:
    place = 0
    while abs(value) >= base * 0.9995 and place < len(names) - 1:
        value /= base
        place += 1
    return f"{_short(value)}{names[place]}"


def said(value: float, unit: str = "") -> str:
    """``value`` for an axis or a sentence: 0.25 ratio is 25 %, 90 seconds are 1.5 min, 1048576 bytes are 1 MiB."""
    if not math.isfinite(value):
        return "no number"
    if unit == "ratio":
        return f"{_short(value * 100)} %"
    if unit == "percent":
        return f"{_short(value)} %"
    if unit in {"seconds", "milliseconds"}:
        return _time(value / 1000 if unit == "milliseconds" else value)
    if unit in {"bytes", "bytes_per_second"}:
        each = "/s" if unit == "bytes_per_second" else ""
        return _scaled(value, 1024, (f" B{each}", f" KiB{each}", f" MiB{each}", f" GiB{each}", f" TiB{each}"))
    text = _plain(value)
    return f"{text}/s" if unit == "per_second" else text


def _plain(value: float) -> str:
    if value and (abs(value) < 1e-6 or abs(value) >= 1e15):
        return f"{value:.2e}"
    return _scaled(value, 1000, ("", " k", " M", " G", " T"))


def _time(seconds: float) -> str:
    size = abs(seconds)
    if size == 0:
        return "0 s"
    if size < 1e-3:
        return f"{_short(seconds * 1e6)} µs"
    if size < 1:
        return f"{_short(seconds * 1e3)} ms"
    if size < 120:
        return f"{_short(seconds)} s"
    if size < 7200:
        return f"{_short(seconds / 60)} min"
    return f"{_short(seconds / 3600)} h" if size < 172_800 else f"{_short(seconds / 86400)} d"
