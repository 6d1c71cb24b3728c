"""One HTTP request in the loop, through the guard."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx

from ...kernel import clock, http
from ...kernel.errors import Refused
from .base import Failed, targets

BODY_LIMIT = 512 * 1024


class _Guarded(httpcore.AsyncNetworkBackend):
    def __init__(self) -> None:
        self.inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        failure: Exception = httpcore.ConnectError("no address")
        for address in await targets(host, port):
            try:
                return await self.inner.connect_tcp(address, port, timeout, None, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def sleep(self, seconds: float) -> None:
        await self.inner.sleep(seconds)


@dataclass(frozen=True)
class Page:
    """An answer, how long it took, and for how many days its certificate is valid."""

    status: int
    body: bytes
    latency_ms: int
    certificate_days: float | None


async def request(
    method: str, url: str, *, headers: Mapping[str, str] | None = None, content: bytes = b"", timeout: float
) -> Page:
    """Send one request. Redirects are answers; the time is limited by the caller too.

    :raises Failed: no answer.
    """
    target = httpx.URL(http.check_url(url, field="settings.url"))
    sent = httpx.Request(
        method,
        target.copy_with(userinfo=None),
        headers={"User-Agent": "Watchroom", "Accept": "*/*", "Connection": "close", **(headers or {})},
        content=content,
    )
    if target.userinfo:
        auth = httpx.BasicAuth(target.username, target.password)
        sent = next(auth.auth_flow(sent))
    began = clock.monotonic()
    limits = {"connect": timeout, "read": timeout, "write": timeout, "pool": timeout}
    try:
        async with (
            httpcore.AsyncConnectionPool(ssl_context=httpx.create_ssl_context(), network_backend=_Guarded()) as pool,
            pool.stream(
                method,
                httpcore.URL(
                    scheme=sent.url.raw_scheme,
                    host=sent.url.raw_host,
                    port=sent.url.port,
                    target=sent.url.raw_path,
                ),
                headers=sent.headers.raw,
                content=content or None,
                extensions={"timeout": limits},
            ) as answer,
        ):
            days = _days(answer.extensions.get("network_stream"))
            body = bytearray()
            async for chunk in answer.aiter_stream():
                body += chunk
                if len(body) >= BODY_LIMIT:
                    break
    except httpcore.TimeoutException:
        raise Failed(f"no answer within {timeout:g} s") from None
    except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError, OSError) as error:
        raise Failed(str(error) or type(error).__name__) from None
    return Page(answer.status, bytes(body[:BODY_LIMIT]), round((clock.monotonic() - began) * 1000), days)


def _days(stream: Any) -> float | None:
    tls = stream.get_extra_info("ssl_object") if stream is not None else None
    certificate = tls.getpeercert() if tls is not None else None
    if not certificate:
        return None
    return (ssl.cert_time_to_seconds(certificate["notAfter"]) - clock.now().timestamp()) / 86_400


def header_lines(text: str) -> dict[str, str]:
    """``Name: value``, one a line.

    :raises Refused: a line is none.
    """
    found = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        name, colon, value = line.partition(":")
        if not colon or not name.strip().replace("-", "").isalnum() or not name.isascii() or not value.isascii():
            raise Refused(
                "That is not a header.", field="settings.headers", value=name[:40], fix="Write Name: value, one a line."
            )
        found[name.strip()] = value.strip()
    return found
