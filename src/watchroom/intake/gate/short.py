"""The short way, for what comes most: a POST under a known key, with a body of stated and allowed size.

It goes from the socket to the store and back without ASGI (`serving/protocol.py`). What a head means is worked out once:
a route for each address, and for each head that has been parsed, its very bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from ...kernel import signing
from ...kernel.numbers import DIGITS
from ...sources.base import Certified, Probed, Source
from . import addresses, limits
from .asgi import Headers
from .database import Integration
from .excess import Excess
from .keys import Keys
from .taking import Answered, Sending, Taker, sending

_NOT_SHORT = {b"content-encoding", b"transfer-encoding", b"expect", b"upgrade"}
_ROUTES_LIMIT = 4_096
_HEADS_LIMIT, _HEAD_BYTES = 8_192, 1_024
Known = tuple[int, Sending, bytes]  # the body's length, what the head means, and what proxies say of its sender
_Route = tuple[object, Integration, Source, str, bytes]  # first: which reading of the keys it stands on
_Head = tuple[object, Known]  # the same first


class Short:
    """Knows which requests may go the short way, and takes them."""

    def __init__(
        self,
        keys: Keys,
        sources: Mapping[str, Source],
        taker: Taker,
        excess: Excess,
        trusted: tuple[addresses.Network, ...],
    ) -> None:
        self._keys, self._sources, self._taker, self._excess, self._trusted = keys, sources, taker, excess, trusted
        self._routes: dict[bytes, _Route] = {}
        self._heads: dict[bytes, _Head] = {}

    def way(self, url: bytes, headers: Headers, peer: str) -> Callable[[bytes, Answered], None] | None:
        """What is to be called with the body of a request. None: it has to go the usual way."""
        route = self._route(url)
        if route is None:
            return None
        _, integration, source, path, query = route
        length = b""
        for name, value in headers:
            if name == b"content-length":
                length = value
            elif name in _NOT_SHORT:
                return None
        if not length.isdigit() or len(length) > DIGITS or int(length) > limits.most_bytes(source):
            return None
        sent = sending(integration, source, path, query, headers)
        return partial(self._take, sent, self._forwarded(headers), peer)

    def remember(self, head: bytes, url: bytes, headers: Headers, length: int) -> None:
        """A request that went the short way: one with the very same bytes up to its body means the same, and need not
        be parsed again."""
        route = self._routes.get(url)
        if route is None or len(head) > _HEAD_BYTES:
            return
        if len(self._heads) >= _HEADS_LIMIT:
            self._heads.clear()
        keys, integration, source, path, query = route
        self._heads[head] = keys, (length, sending(integration, source, path, query, headers), self._forwarded(headers))

    def again(self, head: bytes) -> Known | None:
        """What is known of a request with this head. None: it has to be parsed."""
        known = self._heads.get(head)
        return known[1] if known is not None and known[0] is self._keys.known else None

    def take_again(self, known: Known, peer: str, body: bytes, answered: Answered) -> None:
        """Take the body that follows a head that is known."""
        self._take(known[1], known[2], peer, body, answered)

    def _take(self, sent: Sending, forwarded: bytes, peer: str, body: bytes, answered: Answered) -> None:
        if (told := self._excess.limited(sent.integration, sent.source)) is not None:
            return answered(told)
        remote = peer
        if self._trusted:
            remote = addresses.client(peer, forwarded.decode("latin-1"), self._trusted)[:64]
        self._taker.take(sent, remote, body, answered)

    def _forwarded(self, headers: Headers) -> bytes:
        if not self._trusted:
            return b""
        return b",".join(value for name, value in headers if name == b"x-forwarded-for")

    def _route(self, url: bytes) -> _Route | None:
        known = self._routes.get(url)
        if known is not None and known[0] is self._keys.known:
            return known
        target, _, query = url.partition(b"?")
        if not target.startswith(b"/in/") or b"%" in target:
            return None
        key, slash, rest = target.removeprefix(b"/in/").decode("latin-1").partition("/")
        path, integrations = slash + rest, self._keys.known
        integration = integrations.get(signing.fingerprint(key)) if integrations else None
        source = self._sources.get(integration.source) if integration else None
        if integration is None or source is None or integration.paused or not source.accepts("POST", path):
            return None
        if isinstance(source, Certified) or (isinstance(source, Probed) and source.probe("POST", path) is not None):
            return None
        if len(self._routes) >= _ROUTES_LIMIT:
            self._routes.clear()
        found = self._routes[url] = (integrations, integration, source, path, query)
        return found
