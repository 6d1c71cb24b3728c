"""Lists are read page by page with a cursor: however long the list, a page costs the same."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Annotated, Any, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from ninja import Query

from ..kernel.checks import within
from ..kernel.errors import Refused

M = TypeVar("M", bound=Model)
MOST = 200
Cursor = Annotated[str | None, Query(description="`next_cursor` of the page before; without it, the first page.")]
Limit = Annotated[int, Query(ge=1, le=MOST, description="How many there are on a page.")]


def page(
    queryset: QuerySet[M], *, cursor: str | None = None, limit: int = 50, key: str = "-id"
) -> tuple[list[M], str | None]:
    """One page of ``queryset`` in the order of ``key`` (a field, ``-`` for descending; ties by id) and the cursor of the
    next one, None at the end. New rows never shift a page that has been read.

    :raises Refused: the limit or the cursor is not accepted.
    """
    within(limit, 1, MOST, "limit", field="limit")
    falling, name = key.startswith("-"), key.lstrip("-")
    order = [key] if name in {"id", "pk"} else [key, "-id" if falling else "id"]
    if cursor:
        after, last = _read(queryset.model, name, cursor)
        sign = "lt" if falling else "gt"
        beyond = Q(**{f"{name}__{sign}": after})
        queryset = queryset.filter(beyond if name in {"id", "pk"} else beyond | Q(**{name: after, f"id__{sign}": last}))
    rows = list(queryset.order_by(*order)[: limit + 1])
    if len(rows) <= limit:
        return rows, None
    final = rows[limit - 1]
    return rows[:limit], _write(getattr(final, name), final.pk)


def _write(value: Any, pk: int) -> str:
    text = value.isoformat() if hasattr(value, "isoformat") else value
    return base64.urlsafe_b64encode(json.dumps([text, pk]).encode()).decode().rstrip("=")


def _read(model: type[Model], name: str, cursor: str) -> tuple[Any, int]:
    try:
        value, pk = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if isinstance(value, str) and (
            "\0" in value or not value.encode()
        ):  # half a surrogate pair is a ValueError, too
            raise ValueError
        field = model._meta.pk if name == "pk" else model._meta.get_field(name)
        after = field.to_python(value)  # type: ignore[union-attr]
        if after is None:
            raise ValueError
        return after, int(pk)
    except (ValueError, TypeError, OverflowError, binascii.Error, ValidationError):
        raise Refused(
            "That cursor is not accepted.", field="cursor", value=cursor, fix="Use next_cursor of the page before."
        ) from None
