"""A TCP port: it accepts a connection, and if asked for, says something."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from ...kernel import clock
from .base import Failed, Field, Outcome, check_host, targets


class Tcp:
    """See the module's text."""

    name = "tcp"
    label = "TCP port"
    fields = (
        Field("host", "Host", required=True, help="A name or an address."),
        Field("port", "Port", "number", required=True, help="1 to 65535."),
        Field("expect", "It says", help="Text that must be in its first words, such as 220."),
    )

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        check_host(settings)
        return settings

    async def probe(self, settings: Mapping[str, Any], timeout: float) -> Outcome:
        began = clock.monotonic()
        failure = ""
        for address in await targets(settings["host"], int(settings["port"])):
            try:
                reader, writer = await asyncio.open_connection(address, int(settings["port"]))
            except OSError as error:
                failure = error.strerror or str(error)
                continue
            try:
                took = round((clock.monotonic() - began) * 1000)
                if expect := settings.get("expect", ""):
                    said = (await reader.read(4096)).decode(errors="replace")
                    if expect not in said:
                        raise Failed(f"it says “{said[:80]}”")
                return Outcome(True, "connected", took)
            finally:
                writer.close()
        raise Failed(f"no connection: {failure}")


kind = Tcp()
