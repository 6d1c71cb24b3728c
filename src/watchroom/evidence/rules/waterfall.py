"""A trace as rows of a waterfall: each span under the one that called it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MOST_ROWS = 120


@dataclass(frozen=True)
class Work:
    """One span, as it was found."""

    id: str
    parent: str
    name: str
    service: str
    start_ms: float
    duration_ms: float
    failed: bool = False


@dataclass(frozen=True)
class Row:
    """One row: where it lies (in per mille of the whole), how deep, and by whom."""

    name: str
    service: str
    depth: int
    left: float
    width: float
    start_ms: float
    duration_ms: float
    failed: bool
    look: int

    @property
    def x(self) -> str:
        return f"{self.left / 10:.2f}%"

    @property
    def w(self) -> str:
        return f"{self.width / 10:.2f}%"


def rows_of(spans: Sequence[Work], most: int = MOST_ROWS) -> list[Row]:
    """The rows, callers before the called, by time among siblings. Survives spans without parents and circles.

    With more than ``most`` spans, the failed and the longest are kept, in place.
    """
    if not spans:
        return []
    known = {span.id for span in spans}
    below: dict[str, list[Work]] = {}
    roots: list[Work] = []
    for span in spans:
        if span.parent and span.parent in known and span.parent != span.id:
            below.setdefault(span.parent, []).append(span)
        else:
            roots.append(span)
    first = min(span.start_ms for span in spans)
    total = max(max(span.start_ms + span.duration_ms for span in spans) - first, 0.001)
    ordered: list[tuple[Work, int]] = []
    seen: set[int] = set()

    def walk(starts: Sequence[Work]) -> None:
        waiting = [(span, 0) for span in sorted(starts, key=_order, reverse=True)]
        while waiting:
            span, depth = waiting.pop()
            if id(span) in seen:
                continue
            seen.add(id(span))
            ordered.append((span, depth))
            waiting += [(each, depth + 1) for each in sorted(below.get(span.id, ()), key=_order, reverse=True)]

    walk(roots)
    for span in sorted(spans, key=_order):  # circles have no root
        if id(span) not in seen:
            walk([span])
    if len(ordered) > most:
        weight = sorted(ordered, key=lambda each: (each[1] > 0, not each[0].failed, -each[0].duration_ms))[:most]
        chosen = {id(span) for span, _ in weight}
        ordered = [each for each in ordered if id(each[0]) in chosen]
    looks = {name: place % 8 for place, name in enumerate(dict.fromkeys(span.service for span, _ in ordered))}
    rows = []
    for span, depth in ordered:
        left = min((span.start_ms - first) / total * 1000, 998.0)
        width = min(max(span.duration_ms / total * 1000, 2.0), 1000.0 - left)
        rows.append(
            Row(
                span.name,
                span.service,
                min(depth, 12),
                left,
                width,
                span.start_ms - first,
                span.duration_ms,
                span.failed,
                looks[span.service],
            )
        )
    return rows


def _order(span: Work) -> tuple[float, float]:
    return (span.start_ms, -span.duration_ms)
