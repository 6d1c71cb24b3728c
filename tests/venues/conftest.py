"""Connected chats, as the tests of chats have them."""

from __future__ import annotations

from chat.conftest import connect, our_address, reached

__all__ = ["connect", "our_address", "reached"]
