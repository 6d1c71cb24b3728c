"""What the gate does with a mail that its listener (`mail.py`) has taken off a connection."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from ...sources.base import Reply, Source
from .asking import Asking
from .database import Integration
from .excess import Excess
from .keys import Keys
from .taking import Taker, sending

MAIL_PATH = "/smtp"  # of a signal that came as a mail


class Letters:
    """Takes mails as signals, pings heartbeats, and hands over what answers a page or declares an incident."""

    def __init__(self, keys: Keys, sources: Mapping[str, Source], taker: Taker, excess: Excess, asking: Asking) -> None:
        self._keys, self._sources, self._taker, self._excess = keys, sources, taker, excess
        self.ping, self.hand_over = asking.ping, asking.hand_over

    async def integration(self, key: str) -> Integration | None:
        """The integration with this key.

        :raises Unavailable: the database does not answer.
        """
        return await self._keys.find(key)

    async def take_mail(self, integration: Integration, body: bytes, query: str, remote: str) -> Reply:
        """Take a mail for an integration as a signal of it; the answer comes after the commit."""
        source = self._sources[integration.source]
        if (told := self._excess.limited(integration, source)) is not None:
            return told
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        headers = [(b"content-type", b"message/rfc822")]
        sent = sending(integration, source, MAIL_PATH, query.encode("latin-1", "replace"), headers)
        self._taker.take(sent, remote, body, lambda reply: None if answer.done() else answer.set_result(reply))
        return await answer
