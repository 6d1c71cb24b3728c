"""Model fields that more than one package needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

from . import secrets

if TYPE_CHECKING:
    _Text = models.TextField[Any, Any]
else:  # Django's own class takes no type arguments
    _Text = models.TextField


class EncryptedJSON(_Text):
    """Any JSON-like value, encrypted at rest. Cannot be searched by value."""

    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def from_db_value(self, value: str | None, expression: object, connection: object) -> Any:
        return None if value in (None, "") else secrets.unseal(value)

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else secrets.seal(value)

    def to_python(self, value: Any) -> Any:
        return value
