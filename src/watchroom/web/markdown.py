"""Markdown as people write it, as HTML that is safe to show."""

from __future__ import annotations

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

_reader = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table").enable("strikethrough")


_COPY = '</pre><button type="button" class="button" data-copy>Copy</button></div>'


def to_html(text: str, *, copyable: bool = False) -> SafeString:
    """``text`` as HTML: raw HTML in it is shown as text, and only harmless elements and links remain. ``copyable``: each
    block of code has a button that copies it."""
    safe = nh3.clean(_reader.render(text)).replace("<pre>", '<pre tabindex="0">')  # scrolls, so keys must reach it
    if copyable:
        safe = safe.replace("<pre ", '<div class="copy"><pre ').replace("</pre>", _COPY)
    return mark_safe(safe)  # noqa: S308 - nh3 has cleaned it
