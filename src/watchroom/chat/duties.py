"""What the engine does for chats: messages are drawn anew, and answers fetched where they are not sent to us."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from functools import cache

from django.db import close_old_connections, connection

from ..kernel.duty import Duty
from ..workspaces.models import Post, Workspace
from .posting import claim_posts, claim_workspaces, draw, fetch_answers

BATCH = 100
THREADS = 4
MOST_POLLED = 10  # workspaces that one engine listens to at the same time


@cache
def _pool() -> ThreadPoolExecutor:
    """A pool of their own: a slow chat never takes a seat from a page."""
    return ThreadPoolExecutor(THREADS, thread_name_prefix="chat")


_drawing: set[Future[None]] = set()
_listening: set[threading.Thread] = set()


def _draw_in_pool(post: Post) -> None:
    close_old_connections()
    draw(post)


def draw_due() -> int:
    """Draw messages anew, as many as there are seats for. Inside a transaction of a test one after the other."""
    inline = connection.in_atomic_block
    _drawing.difference_update({each for each in _drawing if each.done()})
    free = BATCH if inline else THREADS * 2 - len(_drawing)
    claimed = claim_posts(free) if free > 0 else []
    for post in claimed:
        if inline:
            draw(post)
        else:
            _drawing.add(_pool().submit(_draw_in_pool, post))
    return len(claimed)


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


def _next(model: type[Post] | type[Workspace]) -> Callable[[], datetime | None]:
    def due() -> datetime | None:
        rows = model._default_manager.filter(due_at__isnull=False).order_by("due_at")
        return rows.values_list("due_at", flat=True).first()

    return due


duties = [Duty("chat messages", _next(Post), draw_due), Duty("chat answers", _next(Workspace), listen_due)]
