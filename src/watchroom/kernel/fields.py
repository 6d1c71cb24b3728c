"""Model fields that more than one package needs."""

from __future__ import annotations

from typing import Any

from django.db import models

from . import secrets


class EncryptedJSON(models.TextField):  # type: ignore[type-arg]
    """Any JSON-like value, encrypted at rest. Cannot be searched by value."""

    def from_db_value(self, value: str | None, expression: object, connection: object) -> Any:
        return None if value in (None, "") else secrets.unseal(value)

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else secrets.seal(value)

    def to_python(self, value: Any) -> Any:
        return value
