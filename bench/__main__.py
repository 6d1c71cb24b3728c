"""Run the benchmarks. Without arguments: all but the large ones, and docs/benchmarks.md is written."""

from __future__ import annotations

import sys
import traceback

from . import oncall
from . import room as rooms
from .gate import ingest, known_and_new
from .grown import grown
from .pages import pages, readers, start_and_memory
from .paging import accept_to_provider, many_groups, storm
from .scale import active_alerts, escalations, signals, waiting
from .table import percentile, row, write


def schedules() -> None:
    for each in oncall.results():
        row(*each)


def room() -> None:
    rooms.room(row, percentile)


USUAL = (
    start_and_memory,
    ingest,
    known_and_new,
    accept_to_provider,
    many_groups,
    storm,
    active_alerts,
    pages,
    readers,
    schedules,
    room,
)
LARGE = (signals, escalations, waiting, grown)


def main(names: list[str]) -> int:
    """Run the parts with these names (all the usual ones without any). One that fails costs the others nothing."""
    parts = {part.__name__: part for part in (*USUAL, *LARGE)}
    if unknown := [name for name in names if name not in parts]:
        print(f"There is no part {', '.join(unknown)}. There are: {', '.join(parts)}.", file=sys.stderr)
        return 2
    failed = []
    for name in names or [part.__name__ for part in USUAL]:
        try:
            parts[name]()
        except Exception:
            traceback.print_exc()
            failed.append(name)
    if not names:
        write(failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
