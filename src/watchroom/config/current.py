"""The configuration that is in the database, in the form of a file. A constant number of queries."""

from __future__ import annotations

from .difference import State
from .kinds import KINDS
from .schema import Document


def read() -> State:
    """Everything that a file can say, by kind and key, in the order of a file."""
    return {kind: KINDS[kind].read() for kind in Document.model_fields if kind in KINDS}
