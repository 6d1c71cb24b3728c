"""Lengths of time as they are written on a command line."""

from __future__ import annotations

import re

import click


def minutes(_: click.Context, __: click.Parameter, value: str | None) -> int | None:
    """``30m``, ``2h`` or ``1d`` in minutes."""
    if value is None:
        return None
    found = re.fullmatch(r"(\d+)([mhd])", value.strip())
    if not found:
        raise click.BadParameter(f"{value!r} is no duration; write 30m, 2h or 1d.")
    return int(found[1]) * {"m": 1, "h": 60, "d": 1440}[found[2]]
