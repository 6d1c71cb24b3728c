"""What a gate has to look up at a sender's before it may take a signal: the certificate that it was signed with, and the
visit that a sender wants to see first. Everything goes through the guard of `kernel/http.py`, on a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ...kernel import clock, http
from ...kernel.errors import WatchroomError
from ...sources.base import Certified, Inbound

Fetch = Callable[[str], http.Answer]

_KEPT, _KEPT_SECONDS = 64, 3_600.0
_CERTIFICATE_LIMIT = 20_000  # bytes
_AT_ONCE = 4


class NotReached(Exception):
    """It could not be looked up: whoever sends shall come back."""


def _get(url: str) -> http.Answer:
    return http.fetch("GET", url)


class Visits:
    """Fetches, a few at a time, and remembers certificates for an hour."""

    def __init__(self, fetch: Fetch = _get) -> None:
        self._fetch = fetch
        self._certificates: dict[str, tuple[float, str]] = {}
        self._free = asyncio.Semaphore(_AT_ONCE)

    async def certificate(self, source: Certified, inbound: Inbound) -> dict[str, str]:
        """The certificate of a signal, as a header to be kept with it; none where its source asks for none.

        :raises NotReached: it is not to be had at the moment.
        """
        address = source.certificate_address(inbound)
        if not address:
            return {}
        kept = self._certificates.get(address)
        if kept is None or kept[0] < clock.monotonic():
            text = (await self._visit(address)).decode(errors="replace").replace("\0", "")[:_CERTIFICATE_LIMIT]
            if len(self._certificates) >= _KEPT:
                self._certificates.clear()
            kept = self._certificates[address] = (clock.monotonic() + _KEPT_SECONDS, text)
        return {source.certificate_header: kept[1]}

    async def confirm(self, source: Certified, inbound: Inbound) -> None:
        """Pay the visit that a signal without problems asks for, if it asks for one.

        :raises NotReached: it could not be paid.
        """
        if not source.parse(inbound).problems and (address := source.confirmation_address(inbound)):
            await self._visit(address)

    async def _visit(self, address: str) -> bytes:
        async with self._free:
            try:
                answer = await asyncio.to_thread(self._fetch, address)
            except WatchroomError as error:
                raise NotReached(error.message) from None
        if not answer.ok:
            raise NotReached(f"{http.origin(address)} answered {answer.status}.")
        return answer.body
