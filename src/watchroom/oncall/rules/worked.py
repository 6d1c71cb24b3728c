"""What was worked: where a correction cuts it, and where nobody was on call."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from .quality import joined

Span = tuple[datetime, datetime]


def cut(span: Span, start: datetime, end: datetime) -> tuple[Span | None, Span | None, Span | None]:
    """What of ``span`` lies before, within and after the time from ``start`` up to ``end``."""
    a, b = span

    def part(x: datetime, y: datetime) -> Span | None:
        return (x, y) if x < y else None

    return part(a, min(b, start)), part(max(a, start), min(b, end)), part(max(a, end), b)


def holes(spans: Iterable[Span], start: datetime, end: datetime) -> list[Span]:
    """The time between ``start`` and ``end`` that lies in none of these spans."""
    found: list[Span] = []
    at = start
    for a, b in joined(span for span in spans if span[0] < span[1]):
        if at < a:
            found.append((at, min(a, end)))
        at = max(at, b)
        if at >= end:
            return found
    return [*found, (at, end)] if at < end else found
