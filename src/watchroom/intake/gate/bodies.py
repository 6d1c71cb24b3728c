"""The body of a request: read, unpacked, and held to what its source allows; or its sender is told what is wrong with it."""

from __future__ import annotations

from ...sources.base import Source
from . import limits
from .asgi import Headers, Receive, Scope, Send, header, problem
from .database import Integration
from .excess import Excess
from .metrics import Metrics

_CLOSE: Headers = [(b"connection", b"close")]


class Bodies:
    """Reads bodies."""

    def __init__(self, excess: Excess, numbers: Metrics) -> None:
        self._excess, self._numbers = excess, numbers

    async def read(
        self, scope: Scope, receive: Receive, send: Send, source: Source, integration: Integration | None = None
    ) -> bytes | None:
        """The body of a signal; ``None`` when it is not to be had, and its sender has been told so."""
        encoding = header(scope, b"content-encoding").strip().lower()
        if encoding not in (b"", b"identity", b"gzip", b"x-gzip"):
            self._numbers.count(source.name, "encoded")
            await problem(
                send, 415, "Encoding not accepted", f"Content-Encoding {encoding.decode('latin-1')!r} is not accepted.", "Send the body as it is, or compressed with gzip."
            )  # fmt: skip
            return None
        most, complete = limits.most_bytes(source), False
        try:
            body = await limits.read_body(scope, receive, limit_bytes=most)
            complete = True
            return limits.unpacked(body, most) if encoding.endswith(b"gzip") else body
        except limits.Unreadable:
            self._numbers.count(source.name, "encoded")
            await problem(
                send, 400, "Not gzip", "The body says that it is compressed with gzip, and is not.", "Send it as it is."
            )
        except limits.TooLarge:
            self._numbers.count(source.name, "too_large")
            if integration is not None:
                self._excess.too_large(integration, source)
            if not complete:
                await limits.discard(receive)
            await problem(
                send, 413, "Too large", f"A signal may have {limits.in_words(source)}.", "Send fewer alerts at a time.", _CLOSE
            )  # fmt: skip
        except limits.TooSlow:
            self._numbers.count(source.name, "too_slow")
            await problem(
                send, 408, "Too slow", f"The body was not complete after {limits.BODY_SECONDS:g} seconds.", "Send it again.", _CLOSE
            )  # fmt: skip
        except limits.Gone:
            self._numbers.count(source.name, "gone")
        return None
