"""What a package above lends to incidents: who is told of an update. Registered when Django starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .models import Update

Tell = Callable[[Update, Sequence[str] | None], list[str]]
_tell: list[Tell] = []


def updates_are_told_by(tell: Tell) -> None:
    """``tell(update, lists)`` has lists of stakeholders told, inside the caller's transaction: those named by slug, or
    (None) all that hear of its incident. Returns their names."""
    _tell[:] = [tell]


def tell(update: Update, lists: Sequence[str] | None) -> list[str]:
    """Have an update told."""
    return _tell[0](update, lists) if _tell else []
