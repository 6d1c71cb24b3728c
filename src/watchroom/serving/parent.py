"""A child of `watchroom serve` never outlives it, even if that is killed without warning."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time

from ..kernel.numbers import whole

VARIABLE = "WATCHROOM_PARENT"  # the process id that a child expects above itself
_PR_SET_PDEATHSIG = 1
_LOOK_SECONDS = 1.0


def die_with_parent() -> None:
    """End this process when the supervisor that started it has ended. Nothing happens where there is no supervisor."""
    parent = whole(os.environ.pop(VARIABLE, ""))
    if parent is None:
        return
    if not _told_by_kernel():
        threading.Thread(target=_watch, args=(parent,), name="parent-watch", daemon=True).start()
    if os.getppid() != parent:  # it ended before we asked to be told
        os._exit(1)


def _told_by_kernel() -> bool:
    if not sys.platform.startswith("linux"):
        return False
    try:
        return bool(ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) == 0)
    except (OSError, AttributeError):
        return False


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os._exit(1)
