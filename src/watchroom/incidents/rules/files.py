"""Which files are taken, and as what they are given out again. Judged by their first bytes, never by what is claimed."""

from __future__ import annotations

import re

LARGEST = 10 * 1024 * 1024  # bytes

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png", ".png"),
    (b"\xff\xd8\xff", "image/jpeg", ".jpg"),
    (b"GIF87a", "image/gif", ".gif"),
    (b"GIF89a", "image/gif", ".gif"),
    (b"%PDF-", "application/pdf", ".pdf"),
    (b"PK\x03\x04", "application/zip", ".zip"),
    (b"\x1f\x8b", "application/gzip", ".gz"),
)
_ENDING = {type: ending for _, type, ending in _MAGIC} | {"image/webp": ".webp", "text/plain": ".txt"}


def type_of(content: bytes) -> str | None:
    """The media type, or None for what is not taken. Anything that is text (HTML and SVG, too) is plain text."""
    for magic, type, _ in _MAGIC:
        if content.startswith(magic):
            return type
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    try:
        content.decode()
    except UnicodeDecodeError:
        return None
    return None if b"\0" in content else "text/plain"


def name_for(given: str, type: str) -> str:
    """A name that is safe in a header and on a disk: the last part of a path, without control characters."""
    last = re.split(r"[/\\]", given.strip())[-1]
    clean = re.sub(r"[\x00-\x1f\x7f\"]", "", last).strip(". ")[:120]
    return clean or f"pasted{_ENDING.get(type, '')}"
