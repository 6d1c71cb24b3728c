"""The wake: telling the engine and the open pages of every process that something has changed.

On PostgreSQL it is ``NOTIFY``; on SQLite it is a datagram to each process that listens on this machine. It carries
topics (keys such as ``incident:42``), never data. It may be lost: whoever listens also looks by itself now and then.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import select
import socket
import tempfile
from collections.abc import Iterable
from pathlib import Path

from .settings import current

CHANNEL = "watchroom_wake"
DUE = "due"  # the topic that means: the engine has something to do
_LIMIT_BYTES = 7_000  # PostgreSQL's NOTIFY payload ends at 8,000 bytes


def directory() -> Path:
    """Where the sockets of this installation's processes are. Short, since a Unix socket's path ends at 107 bytes."""
    name = hashlib.sha256(str(current().sqlite_path).encode()).hexdigest()[:12]
    path = Path(tempfile.gettempdir()) / f"watchroom-{os.getuid()}-{name}"
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def pack(topics: Iterable[str]) -> str:
    """Topics as one payload; where they don't fit, ``*``, which stands for everything."""
    text = " ".join(sorted(set(topics)))
    return text if len(text.encode()) <= _LIMIT_BYTES else f"* {DUE}"


def unpack(payload: str) -> frozenset[str]:
    """The topics of a payload made by :func:`pack`."""
    return frozenset(payload.split())


def send_datagrams(topics: Iterable[str]) -> None:
    """Wake every listening process on this machine. Never blocks, never fails."""
    payload = pack(topics).encode()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        for path in directory().iterdir():  # a glob costs ten times as much, and this is done for every commit
            if path.suffix != ".wake":
                continue
            try:
                sender.sendto(payload, str(path))
            except (ConnectionRefusedError, FileNotFoundError):
                with contextlib.suppress(OSError):  # its process has gone
                    path.unlink()
            except OSError:
                pass  # its buffer is full: it has enough to wake up for


class Ear:
    """A datagram socket on which one process hears wakes."""

    def __init__(self) -> None:
        self.path = directory() / f"{os.getpid()}-{os.urandom(4).hex()}.wake"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind(str(self.path))

    def drain(self) -> frozenset[str]:
        """All topics that have arrived; empty when there are none."""
        topics: set[str] = set()
        with contextlib.suppress(BlockingIOError):
            while True:
                topics |= unpack(self.socket.recv(65_536).decode(errors="replace"))
        return frozenset(topics)

    def wait(self, timeout_seconds: float) -> frozenset[str]:
        """Sleep until a wake arrives or the time is over; the topics that came."""
        ready, _, _ = select.select([self.socket], [], [], max(0.0, timeout_seconds))
        return self.drain() if ready else frozenset()

    def close(self) -> None:
        self.socket.close()
        self.path.unlink(missing_ok=True)
