"""Charts as data: ticks, scales, thinning out, paths. A template writes the SVG.

The picture is 1000 wide and 1000 high whatever its size on the screen; its texts are laid over it, so that they never
shrink with it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from .units import said

Point = tuple[float, float]

SIZE = 1000.0
MOST_POINTS = 400
MOST_DRAWN = 8
_TIME_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800)


def step_for(seconds: float, *, points: int = 240, least: float = 1.0) -> float:
    """The distance of points, in seconds, so that a window has about ``points`` of them."""
    wanted = max(seconds / points, least)
    return float(next((step for step in _TIME_STEPS if step >= wanted), math.ceil(wanted / 86400) * 86400))


def nice_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers (1, 2 or 5 times a power of ten) from at or below ``low`` to at or above ``high``."""
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError("ticks need finite numbers")
    low, high = min(low, high), max(low, high)
    # Flat, or so nearly that floating point can't tell ticks apart.
    if high - low <= max(abs(low), abs(high)) * 1e-9:
        room = abs(high) * 0.5 or 1.0
        low, high = (0.0, high + room) if high > 0 else (low - room, 0.0 if low < 0 else room)
    raw = high / max(most - 1, 1) - low / max(most - 1, 1)
    power = math.floor(math.log10(raw)) if raw > 0 else -300
    for step in (factor * 10.0**exponent for exponent in (power, power + 1, power + 2) for factor in (1, 2, 5)):
        if step <= 0:
            continue
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        if last - first + 1 <= most + 1:
            return [
                round(place * step, 12) if abs(place * step) < 1e3 and step > 1e-9 else place * step
                for place in range(first, last + 1)
            ]
    return [low, high]


def time_ticks(start: float, end: float, *, most: int = 6, offset: float = 0.0) -> list[float]:
    """Round times between ``start`` and ``end`` (Unix seconds) on a clock that is ``offset`` seconds ahead of UTC."""
    if end <= start:
        return []
    step = (
        next((each for each in _TIME_STEPS if (end - start) / each <= most), 0)
        or math.ceil((end - start) / most / 86400) * 86400
    )
    first = math.ceil((start + offset) / step) * step - offset
    found: list[float] = []
    while first <= end and len(found) <= most + 1:
        found.append(max(first, start))
        first += step
    return found


def thin(points: Sequence[Point], most: int = MOST_POINTS) -> list[Point]:
    """At most ``most`` of ``points``: the lowest and highest of each stretch, so that no spike is lost, and both ends."""
    if len(points) <= max(most, 4):
        return list(points)
    stretches = (most - 2) // 2
    inner = points[1:-1]
    kept = [points[0]]
    for number in range(stretches):
        part = inner[number * len(inner) // stretches : (number + 1) * len(inner) // stretches]
        if part:
            low, high = min(part, key=lambda p: p[1]), max(part, key=lambda p: p[1])
            kept += [low] if low == high else sorted((low, high))
    return [*kept, points[-1]]


def path_of(points: Iterable[Point], *, gap: float) -> str:
    """SVG path data through ``points`` (x, y, already scaled); where x leaps by more than ``gap`` the line is broken.

    A point that stands alone is a short stroke, so that it can be seen.
    """
    runs: list[list[Point]] = []
    for x, y in points:
        if runs and x - runs[-1][-1][0] <= gap:
            runs[-1].append((x, y))
        else:
            runs.append([(x, y)])
    parts = []
    for run in runs:
        parts.append(f"M{_at(run[0])}")
        if len(run) == 1:
            parts.append("h2")
        else:
            parts += [f"L{_at(point)}" for point in run[1:]]
    return "".join(parts)


def _at(point: Point) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"


@dataclass(frozen=True)
class Tick:
    """A place on an axis, from 0 to 1000, and what stands there."""

    place: float
    text: str
    value: float

    @property
    def percent(self) -> str:
        return f"{self.place / 10:.2f}%"

    @property
    def anchor(self) -> str:
        """Which end of its text stands at the place, so that none is cut off."""
        return "start" if self.place < 40 else "end" if self.place > 960 else "middle"


@dataclass(frozen=True)
class Mark:
    """Something that happened: a stroke across the chart."""

    place: float
    kind: str
    title: str
    at: float

    @property
    def percent(self) -> str:
        return f"{self.place / 10:.2f}%"


@dataclass(frozen=True)
class Drawn:
    """One series as it is drawn, with its numbers in words."""

    name: str
    path: str
    look: int
    latest: str
    lowest: str
    highest: str
    at_start: str
    highest_at: float


@dataclass(frozen=True)
class Chart:
    """Everything that a template needs."""

    series: list[Drawn] = field(default_factory=list)
    y_ticks: list[Tick] = field(default_factory=list)
    x_ticks: list[Tick] = field(default_factory=list)
    limits: list[Tick] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    not_drawn: int = 0
    summary: str = ""


def chart_of(
    series: Sequence[tuple[str, Sequence[Point]]],
    *,
    start: float,
    end: float,
    unit: str = "",
    thresholds: Sequence[tuple[str, float]] = (),
    marks: Sequence[tuple[float, str, str]] = (),
    alert_at: float | None = None,
    offset: float = 0.0,
    not_drawn: int = 0,
) -> Chart:
    """The chart of ``series`` (name, points) between two Unix times.

    ``thresholds`` are (sign, value), ``marks`` (Unix time, kind, title).
    """
    end = max(end, start + 1)
    within = [
        (name, [(at, v) for at, v in points if start <= at <= end and math.isfinite(v)]) for name, points in series
    ]
    within = [(name, sorted(points)) for name, points in within if points]
    # The ones that went highest are what one looks for.
    within.sort(key=lambda each: -max(value for _, value in each[1]))
    shown = within[:MOST_DRAWN]
    values = [value for _, points in shown for _, value in points]
    limits = [value for _, value in thresholds if math.isfinite(value)]
    every = values + limits or [0.0, 1.0]
    low, high = min(every), max(every)
    # Zero belongs to the picture unless all lies far from it: a wiggle must not look like a cliff.
    if low > 0 and low < high * 0.8:
        low = 0.0
    ticks = nice_ticks(low, high)
    bottom, top = ticks[0], ticks[-1]

    def x(at: float) -> float:
        return (min(max(at, start), end) - start) / (end - start) * SIZE

    def y(value: float) -> float:
        height = top - bottom
        return SIZE - (value - bottom) / height * SIZE if height > 0 and math.isfinite(height) else SIZE / 2

    drawn = []
    for look, (name, points) in enumerate(shown):
        steps = sorted(b[0] - a[0] for a, b in pairwise(points))
        usual = steps[len(steps) // 2] if steps else 0
        kept = thin(points)
        wide = max(usual * 2.5, (end - start) / MOST_POINTS * 6 if len(kept) < len(points) else 0)
        path = path_of(((x(at), y(value)) for at, value in kept), gap=wide / (end - start) * SIZE + 0.01)
        peak = max(points, key=lambda p: p[1])
        before = [value for at, value in points if alert_at is not None and at <= alert_at]
        drawn.append(
            Drawn(
                name=name,
                path=path,
                look=look,
                latest=said(points[-1][1], unit),
                lowest=said(min(v for _, v in points), unit),
                highest=said(peak[1], unit),
                at_start=said(before[-1], unit) if before else "",
                highest_at=peak[0],
            )
        )
    return Chart(
        series=drawn,
        y_ticks=[Tick(y(tick), said(tick, unit), tick) for tick in ticks],
        x_ticks=[Tick(x(tick), "", tick) for tick in time_ticks(start, end, offset=offset)],
        limits=[
            Tick(y(value), f"{sign} {said(value, unit)}", value) for sign, value in thresholds if math.isfinite(value)
        ],
        marks=[Mark(x(at), kind, title, at) for at, kind, title in sorted(marks) if start <= at <= end],
        not_drawn=not_drawn + len(within) - len(shown),
        summary=_summary(drawn, thresholds, unit),
    )


def _summary(drawn: Sequence[Drawn], thresholds: Sequence[tuple[str, float]], unit: str) -> str:
    """The picture in a sentence or three."""
    if not drawn:
        return "No data in this time."
    parts = [
        f"{each.name + ': ' if each.name else ''}latest {each.latest}, lowest {each.lowest}, highest {each.highest}"
        for each in drawn[:3]
    ]
    if len(drawn) > 3:
        parts.append(f"and {len(drawn) - 3} more")
    limits = ", ".join(f"{sign} {said(value, unit)}" for sign, value in thresholds)
    return "; ".join(parts) + (f". The alert fires when it is {limits}." if limits else ".")


def names_of(labels: Sequence[dict[str, str]]) -> list[str]:
    """Names for series by the labels in which they differ; a single one needs none."""
    if len(labels) <= 1:
        return [""] * len(labels)
    keys = sorted({key for each in labels for key in each})
    telling = [key for key in keys if len({each.get(key) for each in labels}) > 1]
    return [", ".join(f"{key}={each[key]}" for key in telling if key in each) or "(no labels)" for each in labels]
