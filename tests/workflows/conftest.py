"""Connected chats, as in the tests of chats."""

from __future__ import annotations

from chat.conftest import connect as connect
from chat.conftest import our_address as our_address
