"""Whole numbers that somebody wrote: into an address, a form, a chat or a file."""

from __future__ import annotations

from collections.abc import Iterable

DIGITS = 18  # as many as always fit into a column of 64 bits


def whole(text: str, digits: int = DIGITS) -> int | None:
    """The number that ``text`` writes with at most ``digits`` ASCII digits and nothing else; None: it writes none.

    ``str.isdigit`` alone is no such check: it also accepts "³", which ``int`` refuses, and more digits than ``int`` reads
    or a database holds.
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None


def wholes(texts: Iterable[str]) -> list[int]:
    """The numbers among ``texts``, in their order; what writes none is left out."""
    return [number for number in map(whole, texts) if number is not None]
