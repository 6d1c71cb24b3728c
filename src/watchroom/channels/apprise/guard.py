"""Watches what the apprise library does with the network while it works for us.

Apprise opens its own sockets, by several libraries, so :mod:`watchroom.kernel.http` can't do it for it. Python tells
audit hooks (PEP 578) about every connection just before it is made, with the address that will be used. Inside
:func:`watching` each such address is judged by the same rule as in ``kernel.http``; a forbidden one is refused as
if the network had refused it. This holds for redirects and for names that change their answer, too. Apprise's own
log lines are caught at the same time, since they are its only words about a failure.

What it does not see: connections that a thread of a plugin's own makes, and sockets opened outside Python.
"""

from __future__ import annotations

import errno
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from ...kernel import http


@dataclass
class Watch:
    """What was seen. ``only_private``: permit nothing but the networks of WATCHROOM_PRIVATE_TARGETS."""

    networks: tuple[http.Network, ...]
    only_private: bool = False
    refused: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def permits(self, address: Any) -> bool:
        """Whether this socket address may be used. Unix sockets and names that are not yet resolved may not."""
        try:
            found = http.parse_address(address[0])
        except (ValueError, TypeError, IndexError, AttributeError):
            return False
        return http.is_inside(found, self.networks) or (not self.only_private and http.is_public(found))


_current: ContextVar[Watch | None] = ContextVar("watchroom_apprise", default=None)


class _Lines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if (watch := _current.get()) is not None:
            watch.lines.append(record.getMessage())


@cache
def install() -> None:
    """Keep apprise inside its walls. Once per process, where it is used: an audit hook can't be taken away again."""
    connecting = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
    starting = frozenset({"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn"})
    # What the hook needs is bound here: it is also called while the interpreter takes its modules down.
    current, error, code = _current, PermissionError, errno.EACCES

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event not in connecting and event not in starting:
            return
        watch = current.get()
        if watch is None:
            return
        if event in connecting and (args[1] is None or watch.permits(args[1])):
            return  # a socket without an address has been connected, hence judged, before
        target = str(args[1][0]) if event in connecting and isinstance(args[1], tuple) else "this machine"
        watch.refused.append(target)
        raise error(code, "Watchroom does not permit this target")

    sys.addaudithook(hook)
    logger = logging.getLogger("apprise")
    # Its log lines may hold tokens: none goes to the process's log, and the chatty levels are not made at all.
    logger.addHandler(_Lines())
    logger.propagate = False
    logger.setLevel(logging.WARNING)
    logging.getLogger("urllib3").setLevel(logging.INFO)  # at DEBUG it logs paths, which hold tokens


@contextmanager
def watching(*, only_private: bool = False) -> Iterator[Watch]:
    """Judge every connection made in this block, in this thread and in those that copy its context.

    :raises Refused: WATCHROOM_PRIVATE_TARGETS can't be read.
    """
    install()
    watch = Watch(http.private_targets(), only_private)
    token = _current.set(watch)
    try:
        yield watch
    finally:
        _current.reset(token)
