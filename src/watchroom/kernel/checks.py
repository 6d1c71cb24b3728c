"""What many commands ask of a value. What only one of them asks, it says in its own words."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TypeVar

from .errors import Refused

V = TypeVar("V")


def chosen(value: V, among: Collection[V], what: str, *, field: str, fix: str = "") -> V:
    """``value``, which is one ``among`` those; ``what`` they are, such as "kind of mitigation".

    :raises Refused: it is none of them.
    """
    if value not in among:
        shown = value[:80] if isinstance(value, str) else value
        every = ", ".join(str(each) for each in among)
        raise Refused(f"There is no such {what}.", field=field, value=shown, fix=fix or f"Use one of {every}.")
    return value


def within(value: int, least: int, most: int, what: str, *, field: str, unit: str = "", fix: str = "") -> int:
    """``value``, which lies between ``least`` and ``most``, both included.

    :raises Refused: it lies outside.
    """
    if not least <= value <= most:
        span = f"{least} to {most} {unit}".strip()
        raise Refused(f"That {what} is not accepted.", field=field, value=value, fix=fix or f"Use {span}.")
    return value


def written(text: str, needs: str, most: int, *, field: str, fix: str) -> str:
    """``text`` without the white space at its ends, which says something in at most ``most`` characters. ``needs`` begins the
    sentence that says so otherwise: "A route needs a name".

    :raises Refused: it is empty or longer.
    """
    text = text.strip()
    if not 0 < len(text) <= most:
        raise Refused(f"{needs} of at most {most} characters.", field=field, value=text[:40], fix=fix)
    return text


def aware(at: datetime, *, field: str) -> datetime:
    """``at``, which has a time zone.

    :raises Refused: it has none, so that nobody knows when it is.
    """
    if at.tzinfo is None:
        hint = "Write it like 2026-03-02T09:00:00Z."
        raise Refused("That time has no time zone.", field=field, value=at.isoformat(), fix=hint)
    return at
