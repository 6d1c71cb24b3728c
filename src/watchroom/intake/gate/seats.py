"""Who may be connected by mail at once: so many in all, and so few from one address that nobody can shut out the others."""

from __future__ import annotations

import ipaddress
from collections import Counter

from . import addresses

CONNECTIONS = 100
PER_SENDER = 20  # as many as Postfix opens to one destination


class Seats:
    """The connections that are open. Not for more than one thread."""

    def __init__(self, trusted: tuple[addresses.Network, ...] = ()) -> None:
        """``trusted``: proxies of ours, behind which are many senders."""
        self._trusted = trusted
        self._taken: Counter[str] = Counter()

    def take(self, peer: str) -> str:
        """A seat for ``peer``; :meth:`leave` gives it back.

        :raises Full: there is none, and whose fault that is.
        """
        sender = self._sender(peer)
        if sender and self._taken[sender] >= PER_SENDER:
            raise Full("Too many connections from your address")
        if self._taken.total() >= CONNECTIONS:
            raise Full("Too many connections")
        self._taken[sender] += 1
        return sender

    def leave(self, sender: str) -> None:
        self._taken[sender] -= 1
        if not self._taken[sender]:
            del self._taken[sender]

    def _sender(self, peer: str) -> str:
        """Whose seat it is: an address, of IPv6 the network that one household or host has; empty: a proxy's."""
        if addresses.is_trusted(peer, self._trusted):
            return ""
        found = addresses.address(peer)
        if isinstance(found, ipaddress.IPv6Address):
            return str(ipaddress.ip_network((found, 64), strict=False))
        return str(found or peer)


class Full(Exception):
    """There is no seat."""
