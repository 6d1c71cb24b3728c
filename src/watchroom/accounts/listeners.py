"""Who wants to hear of what happens: packages above register when Django starts, and are told inside the transaction of
the change, so that what they write down is committed with it or not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models

from .actors import Actor


@dataclass(frozen=True)
class Happened:
    """Something that happened: noun.verb_in_the_past, to what, by whom, the facts of the audit trail and what was said."""

    type: str
    at: datetime
    by: Actor
    subject: models.Model | None = None
    team_id: int | None = None
    data: dict[str, Any] = field(default_factory=dict)


Listener = Callable[[Sequence[Happened]], None]
_listeners: list[Listener] = []


def heard_by(listener: Listener) -> None:
    """Have ``listener`` called with whatever happens. It must be quick: everything waits for it."""
    if listener not in _listeners:
        _listeners.append(listener)


def tell(happened: Sequence[Happened]) -> None:
    """Tell whoever listens. Inside the caller's transaction."""
    for listener in _listeners:
        listener(happened)
