"""What a column can't hold is refused before it reaches the database, by both alike.

PostgreSQL fails at a text that is longer than its column, SQLite stores it; of NUL characters, half surrogate pairs, numbers out of
range, NaN within JSON and times at the end of the calendar one or the other knows nothing, or gives back what nobody can read. So
every column of every model looks at what is to be stored, wherever it comes from: ``save``, ``create``, ``update`` and their
like. Only what goes through ``kernel/db.py`` in bulk is left alone: it is made by Watchroom, and shortened where it is read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import MAXYEAR, MINYEAR
from typing import Any

from django.db import models
from django.db.backends.base.operations import BaseDatabaseOperations

from .asked import sounds_secret
from .errors import Refused

Look = Callable[[Any], None]


def guard(those: Iterable[type[models.Model]]) -> None:
    """Have all columns of these models look at what is to be stored. To be called once, when all models are there."""
    for model in those:
        for column in model._meta.local_concrete_fields:
            if look := _look(column):
                column.get_db_prep_save = _looking(look, column.get_db_prep_save)  # type: ignore[method-assign]


def _looking(look: Look, prepare: Callable[..., Any]) -> Callable[..., Any]:
    def get_db_prep_save(value: Any, connection: Any) -> Any:
        if value is not None and not hasattr(value, "as_sql"):  # an expression is the database's to work out
            look(value)
        return prepare(value, connection=connection)

    return get_db_prep_save


def _look(column: models.Field[Any, Any]) -> Look | None:
    """What is looked at before a value is stored in this column.

    :raises Refused: (what is returned) it can't be; with the column's name, the value, and what there is room for.
    """
    name = column.name
    target = column.target_field if isinstance(column, models.ForeignKey) else column
    kind = target.get_internal_type()
    if isinstance(target, models.CharField) or (kind == "TextField" and type(target) is models.TextField):
        most = target.max_length if isinstance(target, models.CharField) else None
        return lambda value: _text(name, value, most)
    if kind == "JSONField":
        return lambda value: _json(name, value)
    if kind in BaseDatabaseOperations.integer_field_ranges:
        least, largest = BaseDatabaseOperations.integer_field_ranges[kind]
        return lambda value: _number(name, value, least, largest)
    if kind == "FloatField":
        return lambda value: _number(name, value, -math.inf, math.inf)
    if kind in {"DateField", "DateTimeField"}:
        return lambda value: _time(name, value)
    return None


def _text(name: str, value: Any, most: int | None = None) -> None:
    if not isinstance(value, str):
        return
    if most is not None and len(value) > most:
        raise Refused(
            f"That is too long: it has {len(value)} characters.",
            field=name,
            value=_shown(name, value),
            fix=f"Use at most {most} characters.",
        )
    if "\0" in value:
        raise Refused("That has a NUL character in it.", field=name, value=_shown(name, value), fix="Leave it out.")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Refused(
                "That has half a surrogate pair in it, such as \\ud800.",
                field=name,
                value=_shown(name, value),
                fix="Leave it out.",
            ) from None


def _shown(name: str, value: str) -> str:
    """The beginning of what was refused, as far as it can be written; nothing of what may be a secret."""
    start = "" if sounds_secret(name) else value[:40].replace("\0", "\\u0000")
    return start.encode(errors="backslashreplace").decode() + ("…" if start and len(value) > 40 else "")


def _json(name: str, value: Any) -> None:
    left = [value]
    while left:
        part = left.pop()
        if isinstance(part, str):
            _text(name, part)
        elif isinstance(part, float):
            _number(name, part, -math.inf, math.inf)
        elif isinstance(part, dict):
            left += part.keys()
            left += part.values()
        elif isinstance(part, list | tuple):
            left += part


def _number(name: str, value: Any, least: float, largest: float) -> None:
    if not isinstance(value, int | float):
        return
    if isinstance(value, float) and not math.isfinite(value):
        raise Refused("That is not a number.", field=name, value=value, fix="Use a finite number.")
    if not least <= value <= largest:
        raise Refused("That number is out of range.", field=name, value=value, fix=f"Use {least} to {largest}.")


def _time(name: str, value: Any) -> None:
    """Within a day of the calendar's ends, a time leaves it by another zone's clock, and no page could show it."""
    if getattr(value, "year", 2000) in (MINYEAR, MAXYEAR):
        raise Refused(
            "That is further away than the calendar goes.",
            field=name,
            value=value.isoformat(),
            fix="Use a time between the years 1900 and 9000.",
        )
