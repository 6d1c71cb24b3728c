"""What is said in a room to Watchroom, for a package above that knows whose room it is."""

from __future__ import annotations

from collections.abc import Callable

from ..accounts.actors import Actor
from ..workspaces.base import Heard
from ..workspaces.models import Workspace

Listener = Callable[[Actor, Workspace, Heard], str | None]
_listeners: list[Listener] = []


def heard_by(listener: Listener) -> None:
    """``listener(by, workspace, heard)`` does what was said, and answers in words; None: it is none of its business."""
    _listeners[:] = [listener]


def say(by: Actor, workspace: Workspace, heard: Heard) -> str | None:
    """What came of something that was said in a room."""
    return _listeners[0](by, workspace, heard) if _listeners and heard.message is not None else None
