"""One of several rows, by its number or its name; and what to say when there is none."""

from __future__ import annotations

import re
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from .errors import NotFound

M = TypeVar("M", bound=Model)


def one(rows: QuerySet[M], what: str, *, fix: str = "", **named: Any) -> M:
    """The one of ``rows``, those that may be seen, that is ``named`` so, by one column; ``what`` it is, for whoever asked for another.

    :raises NotFound: there is none.
    """
    [value] = named.values()
    row = rows.filter(**named).first()
    if row is None:
        raise NotFound(
            f"There is no {what} {value!r}, or you may not see it.",
            field=re.sub(r"\W", "_", what),
            value=value,
            fix=fix or f"See the list of {_several(what)}.",
        )
    return row


def _several(what: str) -> str:
    irregular = {"person": "people", "delivery": "deliveries", "policy": "policies"}
    return irregular.get(what, f"{what}s")
