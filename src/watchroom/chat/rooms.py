"""What is said in a room to Watchroom, and which messages are marked there, for a package above that knows whose room it is."""

from __future__ import annotations

from collections.abc import Callable

from ..accounts.actors import Actor
from ..workspaces.base import Heard
from ..workspaces.models import Workspace

Listener = Callable[[Actor, Workspace, Heard], str | None]
Noter = Callable[[Workspace, Heard], None]
_listeners: list[Listener] = []
_noters: list[Noter] = []


def heard_by(listener: Listener, noter: Noter) -> None:
    """``listener(by, workspace, heard)`` does what was said, and answers in words; None: it is none of its business.
    ``noter(workspace, heard)`` is told which messages are marked; nobody is asked for who they are before that."""
    _listeners[:], _noters[:] = [listener], [noter]


def note(workspace: Workspace, heard: Heard) -> None:
    """A message was marked, or no longer is."""
    if _noters and heard.message is not None:
        _noters[0](workspace, heard)


def say(by: Actor, workspace: Workspace, heard: Heard) -> str | None:
    """What came of something that was said in a room."""
    return _listeners[0](by, workspace, heard) if _listeners and heard.message is not None else None
