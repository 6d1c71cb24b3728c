"""Lengths of time in words."""

from __future__ import annotations

from datetime import timedelta


def duration(span: timedelta | float | int | None) -> str:
    """``4 s``, ``12 min``, ``3 h 20 min``, ``5 d 2 h``: the two largest units that matter."""
    if span is None:
        return ""
    seconds = abs(int(span.total_seconds() if isinstance(span, timedelta) else span))
    if seconds < 60:
        return f"{seconds} s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes < 60:
        return f"{minutes} min"
    if hours < 24:
        rest = minutes % 60
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    rest = hours % 24
    return f"{days} d {rest} h" if rest and days < 14 else f"{days} d"
