"""The configuration that is in the database, in the form of a file. A constant number of queries."""

from __future__ import annotations

from collections.abc import Iterator

from .difference import Fields, State
from .kinds import KINDS
from .schema import Document


def read_each() -> Iterator[tuple[str, dict[str, Fields]]]:
    """Everything that a file can say, one kind after the other, by key, in the order of a file."""
    for kind in Document.model_fields:
        if kind in KINDS:
            yield kind, KINDS[kind].read()


def read() -> State:
    """Everything that a file can say, by kind and key, in the order of a file."""
    return dict(read_each())
