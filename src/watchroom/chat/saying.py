"""What somebody is told who has pressed or written something in a chat."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Said:
    """What to tell the one who did it. ``ok``: it was done."""

    text: str
    ok: bool = True
