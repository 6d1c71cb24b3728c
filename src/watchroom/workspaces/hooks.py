"""What a package above lends to chat workspaces. It may not be imported from here; it registers when Django starts."""

from __future__ import annotations

from collections.abc import Callable

from ..accounts.changes import Change
from .base import Part
from .models import Workspace

TakeBack = Callable[[Change, Workspace], list[str]]
OpenParts = Callable[[int], tuple[Part, ...]]
_take_back: list[TakeBack] = []
_open_parts: list[OpenParts] = []


def confirmations_are_taken_back_by(take_back: TakeBack) -> None:
    """``take_back(made, workspace)`` is called inside a change of what proves that an answer comes from ``workspace``:
    nobody acts from it before they have confirmed their account there anew. Returns whose accounts they were, in words."""
    _take_back[:] = [take_back]


def take_back_confirmations(made: Change, workspace: Workspace) -> list[str]:
    """Have the accounts of ``workspace`` confirmed anew."""
    return _take_back[0](made, workspace) if _take_back else []


def parts_come_from(open_parts: OpenParts) -> None:
    """``open_parts(escalation)`` says what waits for somebody's decision in an escalation, by its number."""
    _open_parts[:] = [open_parts]


def open_parts_of(escalation: object) -> tuple[Part, ...]:
    """What stands in a message about an escalation with this number when it is posted; nothing where there is no number."""
    return _open_parts[0](escalation) if _open_parts and isinstance(escalation, int) else ()
