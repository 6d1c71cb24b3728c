"""The mail as HTML: self-contained, no picture, no script, nothing to load; readable in any mail program."""

from __future__ import annotations

import re
from html import escape

from ..base import Link, Message
from ..wording import one_line, opens, title

_INK, _QUIET, _PAPER, _LINE, _URGENT, _CALM = "#1c2430", "#5b6675", "#f4f6f8", "#dde2e8", "#b3261e", "#1f5fbf"
_FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"


def render(message: Message) -> str:
    """The page. All text is escaped; only http(s) links are made."""
    links = [link for link in message.actions if _is_web(link.url)]
    accent = _URGENT if message.urgent and message.purpose != "resolved" else _CALM
    heading = escape(title(message))
    body = _linked(message.body.strip()).replace("\n", "<br>\n")
    blocks = [f'<h1 style="margin:0 0 12px;font-size:20px;line-height:1.35;color:{_INK}">{heading}</h1>']
    if message.drill:
        blocks.insert(0, f'<p style="margin:0 0 8px;font-size:13px;color:{_QUIET}">This is a drill.</p>')
    if body:
        blocks.append(f'<p style="margin:0 0 20px;font-size:15px;line-height:1.5;color:{_INK}">{body}</p>')
    if links:
        blocks.append(_button(links[0], accent))
    rest = [*links[1:], *([Link(opens(message), message.url)] if _is_web(message.url) else [])]
    if rest:
        blocks.append(
            f'<p style="margin:0;font-size:14px;line-height:1.8">{" &nbsp;·&nbsp; ".join(map(_link, rest))}</p>'
        )
    inner = "\n".join(blocks)
    foot = "" if message.for_strangers else "Sent by Watchroom."
    if links:
        foot += " Whoever has this mail can use its links: do not forward it."
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{heading}</title></head>
<body style="margin:0;padding:24px 12px;background:{_PAPER};{_FONT}">
<div style="max-width:560px;margin:0 auto;padding:24px;background:#ffffff;border:1px solid {_LINE};\
border-top:4px solid {accent};border-radius:8px">
{inner}
</div>
<p style="max-width:560px;margin:12px auto 0;font-size:12px;color:{_QUIET}">{foot}</p>
</body></html>
"""


_ADDRESS = re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]]")


def _linked(text: str) -> str:
    """``text`` escaped, with its web addresses as links that show where they lead."""
    parts, at = [], 0
    for found in _ADDRESS.finditer(text):
        parts += [escape(text[at : found.start()]), _link(Link(found[0], found[0]))]
        at = found.end()
    return "".join([*parts, escape(text[at:])])


def _is_web(url: str) -> bool:
    return url.lower().startswith(("https://", "http://"))


def _button(link: Link, colour: str) -> str:
    return (
        f'<p style="margin:0 0 20px"><a href="{escape(link.url)}" style="display:block;padding:16px 20px;'
        f"background:{colour};color:#ffffff;font-size:18px;font-weight:600;text-align:center;text-decoration:none;"
        f'border-radius:6px">{escape(one_line(link.label))}</a></p>'
    )


def _link(link: Link) -> str:
    return f'<a href="{escape(link.url)}" style="color:{_CALM}">{escape(one_line(link.label))}</a>'
