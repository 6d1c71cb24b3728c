"""Sources, channels, monitor kinds and connectors are found by entry point; ours use the same door as third parties'.

A package announces ``[project.entry-points."watchroom.channels"] ntfy = "watchroom.channels.ntfy:channel"``.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from typing import Any

from .errors import Refused


@cache
def all_of(group: str) -> dict[str, Any]:
    """Every plugin of ``group`` (such as ``watchroom.channels``) by name, in alphabetical order."""
    found = sorted(entry_points(group=group), key=lambda point: point.name)
    return {point.name: point.load() for point in found}


def one_of(group: str, name: str) -> Any:
    """The plugin ``name`` of ``group``.

    :raises Refused: no such plugin is installed.
    """
    plugins = all_of(group)
    if name not in plugins:
        kind = group.rpartition(".")[2]
        raise Refused(
            f"There is no {kind.removesuffix('s')} called {name!r}.",
            field="kind",
            value=name,
            fix=f"Use one of: {', '.join(plugins)}.",
        )
    return plugins[name]
