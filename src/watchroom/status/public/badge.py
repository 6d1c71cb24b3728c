"""The state of a page as a small picture for other sites. Drawn for this purpose alone; no font is loaded."""

from __future__ import annotations

from html import escape

# White text on each has a contrast of 4.5 or more.
_COLOURS = {
    "operational": "#1a7f37",
    "under_maintenance": "#0b62b8",
    "degraded_performance": "#8a5a00",
    "partial_outage": "#b45000",
    "major_outage": "#b3261e",
}


def badge(name: str, words: str, state: str) -> str:
    """An SVG of 20 pixels' height: ``name`` on dark, ``words`` on the state's colour."""
    name = name if len(name) <= 40 else f"{name[:39]}…"
    left, right = (round(len(text) * 6.6) + 16 for text in (name, words))
    text = 'font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" fill="#fff" text-anchor="middle"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" '
        f'aria-label="{escape(name)}: {escape(words)}"><title>{escape(name)}: {escape(words)}</title>'
        f'<rect width="{left + right}" height="20" rx="3" fill="#3b424c"/>'
        f'<path d="M{left} 0h{right - 3}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-{right - 3}z" fill="{_COLOURS[state]}"/>'
        f'<text x="{left / 2}" y="14" {text} textLength="{left - 16}">{escape(name)}</text>'
        f'<text x="{left + right / 2}" y="14" {text} textLength="{right - 16}">{escape(words)}</text></svg>'
    )
