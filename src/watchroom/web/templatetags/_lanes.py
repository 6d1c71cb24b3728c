"""Rows of spans over one stretch of time: who is on call, what happened when. Drawn as SVG in percent, so that it fits
any width without script, and so that its text keeps its size."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime, time, timedelta

from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from watchroom.kernel.clock import now

Span = tuple[datetime, datetime, str] | tuple[datetime, datetime, str, str] | tuple[datetime, datetime, str, str, str]
Row = tuple[str, Iterable[Span]] | tuple[str, Iterable[Span], str]


def _ticks(start: datetime, end: datetime) -> Iterator[tuple[datetime, str]]:
    """Midnights of the reader's zone, or every six hours when there are only two days."""
    first, last = timezone.localtime(start), timezone.localtime(end)
    midnight = datetime.combine(first.date(), time.min, first.tzinfo)
    days = (last.date() - first.date()).days + 1
    every = max(1, days // 14)
    hours = (0, 6, 12, 18) if end - start <= timedelta(days=2) else (0,)
    for day in range(0, days, every):
        for hour in hours:
            at = midnight + timedelta(days=day, hours=hour)  # wall time: local midnights whatever the clock change
            if start < at < end:
                yield at, f"{at:%a} {at.day}" if hour == 0 else f"{at:%H:%M}"


def _span(span: Span, start: datetime, end: datetime) -> SafeString:
    begins, ends, text = span[:3]
    look = (span[3] if len(span) > 3 else "") or ("person" if text else "gap")
    detail = f". {span[4]}" if len(span) > 4 and span[4] else ""
    total = (end - start).total_seconds()
    left = max(0.0, (begins - start).total_seconds()) / total * 100
    width = min(100.0, (ends - start).total_seconds() / total * 100) - left
    if width <= 0:
        return SafeString()
    text = text or "Nobody"
    paint = f"span h{zlib.crc32(text.encode()) % 8}" if look == "person" else "span gap" if look == "gap" else "span"
    tone = format_html(' data-tone="{}"', look) if look not in {"person", "gap"} else ""
    when = f"{timezone.localtime(begins):%a %Y-%m-%d %H:%M} to {timezone.localtime(ends):%a %Y-%m-%d %H:%M}"
    return format_html(
        '<svg x="{}%" width="{}%" height="32" class="{}"{}><title>{}: {}{}</title>'
        '<rect x="1" y="2" width="100%" height="28" rx="5"/><text x="8" y="21">{}</text></svg>',
        f"{left:.3f}",
        f"{width:.3f}",
        paint,
        tone,
        text,
        when,
        detail,
        _short(text, width) if look == "person" else text,
    )


def _short(name: str, width: float) -> str:
    """As much of a name as a span of this width, in percent of the line, holds also on a phone: all, the first name,
    initials, nothing."""
    letters = (width - 4) / 2.3
    for text in (name, name.split()[0], "".join(word[0] for word in name.split()[:2])):
        if len(text) <= letters:
            return text
    return "".join(word[0] for word in name.split()[:2]) if width >= 6 else ""


def _name(name: str, url: str = "") -> SafeString:
    return format_html('<a href="{}">{}</a>', url, name) if url else format_html("{}", name)


def lanes(rows: Iterable[Row], start: datetime, end: datetime, label: str) -> SafeString:
    """Rows ``(name, spans)``, or ``(name, spans, address of what is named)``; a span is ``(from, to, text)`` coloured by its text, with an empty text for a gap, or
    ``(from, to, text, tone)``, perhaps with words for whoever points at it as a fifth. Say the same in words or a table nearby for those who can't see it."""
    total = (end - start).total_seconds()

    def at(moment: datetime) -> str:
        return f"{(moment - start).total_seconds() / total * 100:.3f}%"

    ticks = list(_ticks(start, end))
    lines = format_html_join(
        "", '<line class="tick" x1="{}" x2="{}" y1="0" y2="32"/>', ((at(tick), at(tick)) for tick, _ in ticks)
    )
    axis = format_html_join("", '<text x="{}" y="14">{}</text>', ((at(tick), name) for tick, name in ticks))
    present = (
        format_html('<line class="now" x1="{0}" x2="{0}" y1="0" y2="32"/>', at(now()))
        if start < now() < end
        else SafeString()
    )
    drawn = format_html_join(
        "",
        '<div class="lane"><span class="lane-name">{}</span><svg class="lane-spans" height="32" role="img" aria-label="{}: {}">{}{}{}</svg></div>',
        (
            (
                _name(name, *url),
                label,
                name,
                lines,
                SafeString("".join(_span(span, start, end) for span in spans)),
                present,
            )
            for name, spans, *url in rows
        ),
    )
    return format_html(
        '<div class="lanes"><div class="lane" aria-hidden="true"><span class="lane-name"></span><svg class="lane-axis" height="20">{}</svg></div>{}</div>',
        axis,
        drawn,
    )
