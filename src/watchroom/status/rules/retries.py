"""When a message that could not be delivered is tried again."""

from __future__ import annotations

from datetime import timedelta

_PAUSES = tuple(timedelta(seconds=each) for each in (30, 120, 600, 3600, 3 * 3600))


def again_after(tried: int, asked: timedelta | None = None) -> timedelta | None:
    """The pause after ``tried`` failures; ``asked``: what the other side wants at least. None: enough is enough."""
    if tried > len(_PAUSES):
        return None
    pause = _PAUSES[max(tried, 1) - 1]
    return max(pause, asked) if asked else pause
