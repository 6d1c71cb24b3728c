"""What the engine does for chats: messages are drawn anew, answers fetched where they are not sent to us, and user groups kept."""

from __future__ import annotations

import threading

from django.db import close_old_connections, connection

from ..kernel.duty import Duty, soonest
from ..kernel.seats import Seats
from ..oncall.models import ChatGroup
from ..workspaces.models import Post, Workspace
from . import groups
from .posting import claim_posts, claim_workspaces, draw, fetch_answers

BATCH = 100
THREADS = 4
MOST_POLLED = 10  # workspaces that one engine listens to at the same time

_drawing = Seats[Post]("chat", THREADS)
_telling = Seats[ChatGroup]("chat-groups", 2)
_listening: set[threading.Thread] = set()


def draw_due() -> int:
    """Draw messages anew, as many as there are seats for."""
    return _drawing.fill(claim_posts, draw, BATCH)


def tell_due() -> int:
    """Tell chats who belongs in their user groups."""
    return _telling.fill(groups.claim, groups.tell, BATCH)


def _listen(workspace: Workspace) -> None:
    close_old_connections()
    try:
        fetch_answers(workspace)
    finally:
        connection.close()


def listen_due() -> int:
    """Fetch answers. Each in a thread that may wait for the server and holds nobody up when the engine ends."""
    inline = connection.in_atomic_block
    _listening.difference_update({each for each in _listening if not each.is_alive()})
    free = MOST_POLLED if inline else MOST_POLLED - len(_listening)
    claimed = claim_workspaces(free) if free > 0 else []
    for workspace in claimed:
        if inline:
            fetch_answers(workspace, seconds=0)
            continue
        thread = threading.Thread(target=_listen, args=(workspace,), name=f"chat-{workspace.pk}", daemon=True)
        _listening.add(thread)
        thread.start()
    return len(claimed)


duties = [
    Duty("chat messages", soonest(Post), draw_due),
    Duty("chat answers", soonest(Workspace), listen_due),
    Duty("who belongs in user groups", soonest(ChatGroup), lambda: groups.look(BATCH)),
    Duty("user groups", soonest(ChatGroup, "send_at"), tell_due),
]
