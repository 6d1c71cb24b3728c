"""Somebody, briefly."""

from __future__ import annotations

from ninja import Schema

from ...accounts.models import Person


class Who(Schema):
    """A person, briefly."""

    id: int
    name: str

    @classmethod
    def of(cls, row: Person) -> Who:
        """Of a person."""
        return cls(id=row.pk, name=row.name)
