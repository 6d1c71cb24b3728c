"""An echo request, by the unprivileged datagram socket where the system permits it."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Mapping
from typing import Any

from ...kernel import clock
from .base import Failed, Field, Outcome, check_host, targets


class Icmp:
    """See the module's text."""

    name = "icmp"
    label = "Ping (ICMP)"
    fields = (Field("host", "Host", required=True, help="A name or an address."),)

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        check_host(settings)
        return settings

    async def probe(self, settings: Mapping[str, Any], timeout: float) -> Outcome:
        address = (await targets(settings["host"], 0))[0]
        v6 = ":" in address
        try:
            sock = socket.socket(
                socket.AF_INET6 if v6 else socket.AF_INET,
                socket.SOCK_DGRAM,
                socket.IPPROTO_ICMPV6 if v6 else socket.IPPROTO_ICMP,
            )
        except PermissionError:
            raise Failed("this system does not permit it; see net.ipv4.ping_group_range") from None
        with sock:
            sock.setblocking(False)
            mark = os.urandom(16)
            sock.connect((address, 0))
            began = clock.monotonic()
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(sock, _echo(128 if v6 else 8, mark))
            while mark not in await loop.sock_recv(sock, 2048):
                pass
        return Outcome(True, "it answers", round((clock.monotonic() - began) * 1000))


def _echo(type_: int, payload: bytes) -> bytes:
    header = struct.pack("!BBHHH", type_, 0, 0, 0, 1)
    data = header + payload
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return struct.pack("!BBHHH", type_, 0, ~(total + (total >> 16)) & 0xFFFF, 0, 1) + payload


kind = Icmp()
