"""The shape of every list."""

from __future__ import annotations

from typing import Generic, TypeVar

from ninja import Schema

T = TypeVar("T")


class Page(Schema, Generic[T]):
    """One page of a list; ``next_cursor`` is null at the end."""

    items: list[T]
    next_cursor: str | None = None
