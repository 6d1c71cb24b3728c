"""Markdown as people write it, as HTML that is safe to show."""

from __future__ import annotations

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

_reader = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table").enable("strikethrough")


def to_html(text: str) -> SafeString:
    """``text`` as HTML: raw HTML in it is shown as text, and only harmless elements and links remain."""
    safe = nh3.clean(_reader.render(text)).replace("<pre>", '<pre tabindex="0">')  # scrolls, so keys must reach it
    return mark_safe(safe)  # noqa: S308 - nh3 has cleaned it
