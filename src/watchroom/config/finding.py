"""The thing that a file means by a kind and a key."""

from __future__ import annotations

from typing import Any

from ..kernel.errors import Refused
from .kinds import KINDS


def find(kind: str, key: str | None) -> Any:
    """The thing with this key; None of none.

    :raises Refused: there is no such thing.
    """
    if key is None:
        return None
    found = KINDS[kind].find(key)
    if found is None:
        raise Refused(
            f"There is no {kind.replace('_', ' ')} entry {key!r}.",
            field=kind,
            value=key,
            fix="Add it to the file, or correct the name.",
        )
    return found
