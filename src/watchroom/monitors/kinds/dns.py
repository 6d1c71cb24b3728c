"""A name in the DNS: it resolves, and to what it should."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...kernel import clock
from ...kernel.errors import Refused
from .base import Failed, Field, Outcome, check_host, targets

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "MX": 15, "TXT": 16, "AAAA": 28}
_CODES = {1: "format error", 2: "server failure", 3: "no such name", 5: "refused"}


class Dns:
    """See the module's text."""

    name = "dns"
    label = "DNS name"
    fields = (
        Field("name", "Name", required=True, help="Such as shop.example.org."),
        Field("type", "Record", default="A", choices=tuple(TYPES)),
        Field("expect", "One answer is", help="Without it, any answer will do."),
        Field("server", "Ask this server", help="Without it, the system's own."),
        Field("port", "Port of the server", "number", default=53),
    )

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        try:
            question(0, settings["name"], 1)
        except ValueError:
            raise Refused(
                "That is not a name.", field="settings.name", value=settings["name"], fix="Such as shop.example.org."
            ) from None
        if "server" in settings:
            check_host(settings, "server")
        return settings

    async def probe(self, settings: Mapping[str, Any], timeout: float) -> Outcome:
        port = int(settings.get("port", 53))
        server = (await targets(settings["server"], port))[0] if "server" in settings else _system()
        type_ = TYPES[settings.get("type", "A")]
        began = clock.monotonic()
        number = struct.unpack("!H", os.urandom(2))[0]
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bytes] = loop.create_future()
        transport, _ = await loop.create_datagram_endpoint(lambda: _One(answer, number), remote_addr=(server, port))
        try:
            transport.sendto(question(number, settings["name"], type_))
            values = read(await answer, type_)
        finally:
            transport.close()
        took = round((clock.monotonic() - began) * 1000)
        if not values:
            raise Failed("it has no such record")
        expect = settings.get("expect", "")
        if expect and expect.rstrip(".").lower() not in {value.lower() for value in values}:
            return Outcome(False, f"it is {', '.join(values)[:150]}", took)
        return Outcome(True, ", ".join(values)[:150], took)


class _One(asyncio.DatagramProtocol):
    def __init__(self, answer: asyncio.Future[bytes], number: int) -> None:
        self.answer, self.number = answer, number

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if not self.answer.done() and len(data) >= 12 and struct.unpack("!H", data[:2])[0] == self.number:
            self.answer.set_result(data)

    def error_received(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(Failed(f"the server can't be reached: {error}"))


def _system() -> str:
    """The resolver that the system itself uses; whoever runs Watchroom has chosen it."""
    try:
        for line in Path("/etc/resolv.conf").read_text(errors="replace").splitlines():
            if line.startswith("nameserver "):
                return line.split()[1]
    except (OSError, IndexError):
        pass
    return "127.0.0.1"


def question(number: int, name: str, type_: int) -> bytes:
    """A query with recursion.

    :raises ValueError: that is not a name.
    """
    labels = [label.encode("idna") if not label.isascii() else label.encode() for label in name.rstrip(".").split(".")]
    if not all(0 < len(label) < 64 for label in labels) or sum(map(len, labels)) + len(labels) > 254:
        raise ValueError(name)
    packed = b"".join(bytes([len(label)]) + label for label in labels)
    return struct.pack("!HHHHHH", number, 0x0100, 1, 0, 0, 0) + packed + b"\0" + struct.pack("!HH", type_, 1)


def read(message: bytes, type_: int) -> list[str]:
    """The values of the answers of ``type_``.

    :raises Failed: the server says that it has none, or makes no sense.
    """
    try:
        _, flags, questions, answers, _, _ = struct.unpack("!HHHHHH", message[:12])
        if code := flags & 0xF:
            raise Failed(f"the server says: {_CODES.get(code, f'code {code}')}")
        at, found = 12, []
        for _ in range(questions):
            at = _name(message, at)[1] + 4
        for _ in range(answers):
            at = _name(message, at)[1]
            this, _, _, length = struct.unpack("!HHIH", message[at : at + 10])
            at += 10
            data = message[at : at + length]
            if this == type_:
                found.append(_value(this, message, at, data))
            at += length
    except (struct.error, IndexError, ValueError):
        raise Failed("the server's answer can't be read") from None
    return found


def _value(type_: int, message: bytes, at: int, data: bytes) -> str:
    if type_ in (1, 28):
        return str(ipaddress.ip_address(data))
    if type_ == 15:
        return _name(message, at + 2)[0]
    if type_ == 16:
        text, place = b"", 0
        while place < len(data):
            text += data[place + 1 : place + 1 + data[place]]
            place += 1 + data[place]
        return text.decode(errors="replace")
    return _name(message, at)[0]


def _name(message: bytes, at: int) -> tuple[str, int]:
    labels: list[str] = []
    end = 0
    for _ in range(130):  # a name has at most 127 labels; pointers in a circle end here
        length = message[at]
        if length >= 0xC0:
            end = end or at + 2
            at = (length & 0x3F) << 8 | message[at + 1]
        elif length == 0:
            return ".".join(labels), end or at + 1
        else:
            labels.append(message[at + 1 : at + 1 + length].decode(errors="replace"))
            at += 1 + length
    raise ValueError("a circle")


kind = Dns()
