"""Markdown as people write it, as HTML that is safe to show."""

from __future__ import annotations

import re
from html import unescape

import nh3
from django.utils.html import strip_tags
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

_URL = re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?*_)\]]", re.IGNORECASE)


def _link_addresses(state: StateCore) -> None:
    """An address that stands in a text is a link, as people expect who read on a phone."""
    for block in state.tokens:
        depth, made = 0, []
        for token in block.children or ():
            depth += token.nesting if token.type in {"link_open", "link_close"} else 0
            made += [token] if depth or token.type != "text" else _pieces(token)
        if block.children:
            block.children = made


def _pieces(text: Token) -> list[Token]:
    found, at = [], 0
    for match in _URL.finditer(text.content):
        before = Token("text", "", 0, content=text.content[at : match.start()])
        opened = Token("link_open", "a", 1, attrs={"href": match[0]})
        found += [before, opened, Token("text", "", 0, content=match[0]), Token("link_close", "a", -1)]
        at = match.end()
    return [*found, Token("text", "", 0, content=text.content[at:])] if found else [text]


_reader = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table").enable("strikethrough")
_reader.core.ruler.push("link_addresses", _link_addresses)


_COPY = '</pre><button type="button" class="button" data-copy>Copy</button></div>'


def to_html(text: str, *, copyable: bool = False) -> SafeString:
    """``text`` as HTML: raw HTML in it is shown as text, and only harmless elements and links remain. ``copyable``: each
    block of code has a button that copies it."""
    safe = nh3.clean(_reader.render(text)).replace("<pre>", '<pre tabindex="0">')  # scrolls, so keys must reach it
    if copyable:
        safe = safe.replace("<pre ", '<div class="copy"><pre ').replace("</pre>", _COPY)
    return mark_safe(safe)  # noqa: S308 - nh3 has cleaned it


def plain_text(markdown: str) -> str:
    """What ``markdown`` says, without its signs: for one line in a list."""
    return unescape(strip_tags(to_html(markdown))).strip()
