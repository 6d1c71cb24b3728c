"""Which incident is meant when none is named."""

from __future__ import annotations

import os
from pathlib import Path

import click

from ..kernel.errors import Refused
from ..kernel.numbers import whole
from .client import Api


def _place() -> Path:
    return Path(click.get_app_dir("watchroom")) / "incident"


def choose(id: int) -> int:
    """Remember ``id`` for the next command on this machine."""
    try:
        _place().parent.mkdir(parents=True, exist_ok=True)
        _place().write_text(str(id))
    except OSError:
        pass  # a home that can't be written to: the next command has to name it
    return id


def chosen(api: Api) -> int:
    """``WATCHROOM_INCIDENT``; else the one chosen last, while it is open; else the only one that is open.

    :raises Refused: none is open, or it is not clear which one is meant.
    """
    if (named := whole(os.environ.get("WATCHROOM_INCIDENT", "").strip())) is not None:
        return named
    open_ones = api.get("/incidents", status="open")["items"]
    ids = [each["id"] for each in open_ones]
    try:
        last = int(_place().read_text())
    except (OSError, ValueError):
        last = 0
    if last in ids:
        return last
    if len(ids) == 1:
        return int(ids[0])
    if not ids:
        raise Refused(
            "No incident is open.", field="incident", fix="Name one, or declare one: watchroom declare TITLE."
        )
    names = ", ".join(f"{each['id']} ({each['title'][:40]})" for each in open_ones[:5])
    raise Refused(f"{len(ids)} incidents are open: {names}.", field="incident", fix="Name one: watchroom log ID TEXT.")
