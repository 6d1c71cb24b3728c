"""How Alertmanager's API writes times and reads flags."""

from __future__ import annotations

from datetime import datetime

from django.http import QueryDict

from ....kernel.errors import Refused
from ....kernel.times import rfc3339


def shown_time(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds."""
    return rfc3339(at, "milliseconds")


def flag(given: QueryDict, name: str) -> bool:
    """A boolean of the query; true when it is not there.

    :raises Refused: it is something else.
    """
    text = given.get(name, "true").lower()
    if text not in {
        "true",
        "false",
        "1",
        "0",
        "yes",
        "no",
        "ok",
        "y",
        "on",
        "t",
        "checked",
        "selected",
        "f",
        "n",
        "off",
    }:
        raise Refused("That is neither true nor false.", field=name, value=text, fix="Use true or false.")
    return text in {"true", "1", "yes", "ok", "y", "on", "t", "checked", "selected"}
