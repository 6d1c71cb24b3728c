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
import stat
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path

from .errors import Refused
from .settings import current

CHANNEL = "watchroom_wake"
DUE = "due"  # the topic that means: the engine has something to do
SIGNALS = "signals"  # the topic that means: there are signals to read, and nothing else
PAGES = "pages"  # the topic that means: somebody is to be paged, and nothing else is due
FOR_ENGINES = frozenset({DUE, SIGNALS, PAGES})
_LIMIT_BYTES = 7_000  # PostgreSQL's NOTIFY payload ends at 8,000 bytes
_MOST_PAYLOADS = 8


def directory() -> Path:
    """Where the sockets of this installation's processes are. Short, since a Unix socket's path ends at 107 bytes.

    :raises Refused: it is somebody else's, or others may write into it: who can put a socket there is sent what people ask the
        web process, with their passwords.
    """
    path = _directory_for(current().sqlite_path)
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise Refused(
            f"Others may write into {path}, where Watchroom's processes find each other.",
            field="TMPDIR",
            value=str(path),
            fix="Look who made it, remove it, and start again; or set TMPDIR to a directory of Watchroom's own.",
        )
    return path


@lru_cache(maxsize=8)
def _directory_for(database: Path) -> Path:
    name = hashlib.sha256(str(database).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"watchroom-{os.getuid()}-{name}"


def pack(topics: Iterable[str]) -> list[str]:
    """Topics as a few payloads; where they are too many, ``*``, which stands for everything."""
    payloads: list[list[str]] = [[]]
    length = 0
    for topic in sorted(set(topics)):
        size = len(topic.encode()) + 1
        if length + size > _LIMIT_BYTES:
            payloads, length = [*payloads, []], 0
        payloads[-1].append(topic)
        length += size
    return [" ".join(each) for each in payloads] if len(payloads) <= _MOST_PAYLOADS else [f"* {DUE}"]


def unpack(payload: str) -> frozenset[str]:
    """The topics of one payload made by :func:`pack`."""
    return frozenset(payload.split())


class _Ears:
    """The sockets of the processes that listen, as the directory names them. It is read again when it has changed:
    this is done for every commit, and reading it costs ten times as much as sending."""

    def __init__(self) -> None:
        self._seen: tuple[Path, int] | None = None
        self._paths: list[str] = []
        self.sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sender.setblocking(False)

    def paths(self) -> list[str]:
        where = _directory_for(current().sqlite_path)
        try:
            seen = where, where.stat().st_mtime_ns
            if seen == self._seen:
                return self._paths
            found = [entry.path for entry in os.scandir(where) if entry.name.endswith(".wake")]
        except FileNotFoundError:  # nobody has listened yet
            return []
        # Two changes within a tick of the file system's clock look like one, so a fresh one is looked at once more.
        self._paths, self._seen = found, seen if time.time_ns() - seen[1] > _TICK_NANOSECONDS else None
        return found


_TICK_NANOSECONDS = 100_000_000


_ears = _Ears()


def send_datagrams(topics: Iterable[str]) -> None:
    """Wake every process on this machine that listens for one of ``topics``. Never blocks, never fails."""
    topics = frozenset(topics)
    for_engines = topics & FOR_ENGINES or (topics if "*" in topics else frozenset())
    for_pages = topics - FOR_ENGINES
    own = f"/{os.getpid()}-"  # this process's engine has been told (`tell_here`)
    for path in _ears.paths():
        if path.endswith(_ENGINE) and own in path and _here:
            continue
        _send(path, for_engines if path.endswith(_ENGINE) else for_pages)


def _send(path: str, topics: frozenset[str]) -> None:
    try:
        for payload in pack(topics) if topics else ():
            _ears.sender.sendto(payload.encode(), path)
    except (ConnectionRefusedError, FileNotFoundError):
        with contextlib.suppress(OSError):  # its process has gone
            Path(path).unlink()
    except OSError:
        pass  # its buffer is full: it has enough to wake up for


def somebody_listens() -> bool:
    """Whether a process of this installation runs on this machine. What dead ones have left behind does not count."""
    for path in _directory_for(current().sqlite_path).glob("*.wake"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
            probe.connect(str(path))
            return True
    return False


_ENGINE = ".engine.wake"
_here: list[Callable[[frozenset[str]], object]] = []


def listen_here(heard: Callable[[frozenset[str]], object]) -> None:
    """``heard(topics)`` is called for what this very process makes due: its own engine need not wait for a wake that
    goes out and comes back."""
    _here[:] = [heard]


def tell_here(topics: Iterable[str]) -> None:
    """Tell this process's own engine, if it is one."""
    for heard in _here:
        heard(frozenset(topics))


class Ear:
    """A datagram socket on which one process hears wakes: an engine those that are for engines, any other the rest."""

    def __init__(self, *, engine: bool = False) -> None:
        self.path = directory() / f"{os.getpid()}-{os.urandom(4).hex()}{_ENGINE if engine else '.wake'}"
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
