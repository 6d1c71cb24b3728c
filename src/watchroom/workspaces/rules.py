"""Pure decisions about chat messages."""

from __future__ import annotations

import hashlib

from .base import Card


def mark_of(card: Card) -> str:
    """The same for cards that look the same: a message that already looks so need not be drawn anew."""
    # Links hold times, so they differ each time.
    drawn = (card.title, card.text, card.state, card.tone, card.buttons, card.parts)
    return hashlib.sha256(repr(drawn).encode(errors="replace")).hexdigest()
