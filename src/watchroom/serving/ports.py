"""Taking the port, or saying in one line why that can't be done."""

from __future__ import annotations

import errno
import socket
import time

from ..kernel import clock
from ..kernel.errors import WatchroomError

_BACKLOG = 2048


class CannotListen(WatchroomError):
    """Watchroom can't listen on that address."""

    title = "Can't listen"
    code = "cannot_listen"


def listen(host: str, port: int, *, patience_seconds: float = 3.0) -> socket.socket:
    """A listening socket. A port that is in use may be becoming free at this moment, so it is tried for a while.

    :raises CannotListen: the port is in use, or the address is not ours.
    """
    deadline = clock.monotonic() + patience_seconds
    while True:
        try:
            return _listen(host, port)
        except OSError as error:
            if error.errno == errno.EADDRINUSE and clock.monotonic() < deadline:
                time.sleep(0.1)
                continue
            raise _explain(host, port, error) from None


def _listen(host: str, port: int) -> socket.socket:
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)  # "::" means IPv4 too
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _explain(host: str, port: int, error: OSError) -> CannotListen:
    where = f"{host or '*'}:{port}"
    if error.errno == errno.EADDRINUSE:
        return CannotListen(
            f"Port {port} is in use ({where}).",
            field="port",
            value=port,
            fix="Stop what listens there, or use --port with another number.",
        )
    if error.errno == errno.EACCES:
        return CannotListen(
            f"This user may not listen on {where}.", field="port", value=port, fix="Use a port above 1023."
        )
    return CannotListen(
        f"Watchroom can't listen on {where}: {error.strerror or error}.",
        field="host",
        value=host,
        fix="Use --host with an address of this machine, such as 127.0.0.1 or 0.0.0.0.",
    )
