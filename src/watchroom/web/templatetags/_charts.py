"""Small pictures drawn on the server: no script, no inline style, readable on paper and by a screen reader."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from . import _badges


def _open(kind: str, width: float, height: float, label: str) -> SafeString:
    return format_html(
        '<svg class="chart {}" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">',
        kind,
        f"{width:g}",
        f"{height:g}",
        label,
    )


def _summary(label: str, numbers: Sequence[float]) -> str:
    """The accessible text: what it is, the latest value and the range."""
    if not numbers:
        return f"{label}: no data"
    return f"{label}: latest {numbers[-1]:g}, lowest {min(numbers):g}, highest {max(numbers):g}".removeprefix(": ")


def sparkline(values: Iterable[float | None], label: str) -> SafeString:
    """A line 120 x 32 without axes; missing values are skipped."""
    numbers = [float(value) for value in values if value is not None]
    drawn = numbers * 2 if len(numbers) == 1 else numbers
    low, high = (min(drawn), max(drawn)) if drawn else (0.0, 0.0)
    span, step = (high - low) or 1.0, 120 / max(len(drawn) - 1, 1)
    points = " ".join(f"{i * step:.1f},{30 - (value - low) / span * 28:.1f}" for i, value in enumerate(drawn))
    line = format_html(
        '<path class="area" d="M0,32 L{} L120,32 Z"/><polyline class="line" points="{}"/>', points, points
    )
    return (
        _open("sparkline", 120, 32, _summary(label, numbers)) + (line if drawn else SafeString()) + SafeString("</svg>")
    )


def bars(
    values: Iterable[float | None], label: str, names: Sequence[object] = (), ends: Sequence[object] = ()
) -> SafeString:
    """Columns from zero, 48 high, beside a scale; each says its own name and value on hover. ``ends`` stand below the
    first and the last column.
    """
    numbers = [float(value or 0) for value in values]
    highest = max(numbers, default=0)
    top = highest or 1.0
    columns = format_html_join(
        "",
        '<g><rect class="track" x="{}" y="0" width="8" height="48"/><rect class="column" x="{}" y="{}" width="8" height="{}"/><title>{}</title></g>',
        (
            (
                i * 10,
                i * 10,
                f"{48 - value / top * 48:.1f}",
                f"{value / top * 48:.1f}",
                f"{names[i]}: {value:g}" if i < len(names) else f"{value:g}",
            )
            for i, value in enumerate(numbers)
        ),
    )
    picture = (
        _open("bars", max(len(numbers) * 10 - 2, 1), 48, _summary(label, numbers)) + columns + SafeString("</svg>")
    )
    # The picture itself says all of this to a screen reader.
    return format_html(
        '<div class="plot"><span class="scale" aria-hidden="true">{}<span>0</span></span>{}{}</div>',
        format_html("<span>{}</span>", f"{highest:g}") if highest else SafeString("<span></span>"),
        picture,
        format_html('<span class="span" aria-hidden="true"><span>{}</span><span>{}</span></span>', ends[0], ends[-1])
        if ends
        else "",
    )


# A day's state also shows as the height of its bar, so that the picture does not depend on colour.
_HEIGHTS = {"ok": 22, "silenced": 6}


def uptime(days: Iterable[tuple[object, str, str]], label: str) -> SafeString:
    """One bar per day from ``(date, state, text)``, as on a status page; a bad day is taller than a good one."""
    rows = [(day, _badges.state(state).tone, text) for day, state, text in days]
    columns = format_html_join(
        "",
        '<rect class="column"{} x="{}" y="{}" width="3" height="{}"><title>{}: {}</title></rect>',
        (
            (
                format_html(' data-tone="{}"', tone) if tone != "ok" else "",
                i * 5,
                32 - _HEIGHTS.get(tone, 32),
                _HEIGHTS.get(tone, 32),
                day,
                text,
            )
            for i, (day, tone, text) in enumerate(rows)
        ),
    )
    bad = sum(tone not in _HEIGHTS for _, tone, _ in rows)
    spoken = f"{label}: {bad} of {len(rows)} days with trouble"
    return _open("uptime", max(len(rows) * 5 - 2, 1), 32, spoken) + columns + SafeString("</svg>")
