"""A message as plain words, the same in every channel that has no form of its own."""

from __future__ import annotations

import re
import unicodedata

from .base import Message


def one_line(text: str, limit: int = 250) -> str:
    """``text`` without line breaks and control characters, cut to ``limit`` characters."""
    flat = "".join(" " if unicodedata.category(each) in {"Cc", "Zl", "Zp", "Cs"} else each for each in text)
    flat = re.sub(r" +", " ", flat).strip()
    return flat if len(flat) <= limit else f"{flat[: limit - 1]}…"


def title(message: Message) -> str:
    """The subject on one line. A drill says so first, in every channel."""
    subject = one_line(message.subject) or "Message from Watchroom"
    return f"[Drill] {subject}" if message.drill and not subject.lower().startswith("[drill]") else subject


def announced(message: Message) -> str:
    """All that somebody hears or sees who gets one line only: a drill, how late it is, and what it is."""
    return f"{message.late}: {title(message)}" if message.late else title(message)


def opens(message: Message) -> str:
    """What the link to where it is about is called."""
    return "Status page" if message.for_strangers else "Open in Watchroom"


def plain(message: Message) -> str:
    """The body, then every link on its own line. Never empty."""
    links = [f"{one_line(link.label)}: {link.url}" for link in message.actions]
    if message.url:
        links.append(f"{opens(message)}: {message.url}")
    parts = [message.body.strip() or title(message), "\n".join(links)]
    return "\n\n".join(part for part in parts if part)
