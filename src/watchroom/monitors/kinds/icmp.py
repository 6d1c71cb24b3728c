"""An echo request (RFC 792, RFC 4443), by the unprivileged datagram socket where the system permits it, else by a raw one."""

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
        with _socket(v6) as sock:
            sock.setblocking(False)
            mark = os.urandom(16)
            sock.connect((address, 0))
            began = clock.monotonic()
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(sock, echo(128 if v6 else 8, mark))
            while not answers(await loop.sock_recv(sock, 2048), mark, v6, sock.type):
                pass
        return Outcome(True, "it answers", round((clock.monotonic() - began) * 1000))


def _socket(v6: bool) -> socket.socket:
    """A socket for echoes. A raw one needs a privilege (CAP_NET_RAW), a datagram one the system's leave."""
    family, protocol = (socket.AF_INET6, socket.IPPROTO_ICMPV6) if v6 else (socket.AF_INET, socket.IPPROTO_ICMP)
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            return socket.socket(family, kind, protocol)
        except PermissionError:
            continue
    raise Failed("this system does not permit it; see net.ipv4.ping_group_range, or give Watchroom CAP_NET_RAW")


def answers(packet: bytes, mark: bytes, v6: bool, kind: int) -> bool:
    """Whether this is the answer to the request with ``mark``. A raw socket is given its IPv4 header, too, and on this very
    machine the request itself."""
    start = (packet[0] & 0x0F) * 4 if kind == socket.SOCK_RAW and not v6 and packet else 0
    return packet[start : start + 1] == (b"\x81" if v6 else b"\x00") and mark in packet


def echo(type_: int, payload: bytes) -> bytes:
    """A message of this type, with its checksum, that carries ``payload``."""
    header = struct.pack("!BBHHH", type_, 0, 0, 0, 1)
    data = header + payload
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return struct.pack("!BBHHH", type_, 0, ~(total + (total >> 16)) & 0xFFFF, 0, 1) + payload


kind = Icmp()
