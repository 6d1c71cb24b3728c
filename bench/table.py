"""The table of results: printed as it grows, and written as docs/benchmarks.md."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

from .setting import cores

ROWS: list[tuple[str, str, str, str]] = []


def row(what: str, ours: str, peer: str = "", ratio: str = "") -> None:
    """One line of the table, printed at once."""
    ROWS.append((what, ours, peer, ratio))
    print(f"{what:<72} {ours:>16} {peer:>14} {ratio:>8}", flush=True)


def percentile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1] if len(values) > 1 else values[0]


def _large_parts(page: Path) -> str:
    """What was put into the page by hand."""
    text = page.read_text() if page.exists() else ""
    start, end = text.find("## The large parts"), text.find("## How to read it")
    return text[start:end] if 0 <= start < end else ""


def write(failed: Sequence[str]) -> None:
    """Write docs/benchmarks.md; parts that failed are named there, too."""
    table = "\n".join(f"| {what} | {ours} | {peer} | {ratio} |" for what, ours, peer, ratio in ROWS)
    missing = f"\nNot measured this time, because they failed: {', '.join(failed)}.\n" if failed else ""
    page = Path("docs/benchmarks.md")
    page.write_text(f"""# Benchmarks
Made by `make bench` (it needs `wrk`; Debian: `apt-get install wrk`). {cores()} cores shared by client, server and peer, SQLite with
`synchronous=FULL`: every 2xx of Watchroom is sent after a durable commit. The peer is Debian's `prometheus-alertmanager`, which
keeps alerts in memory; both are measured in turn in the same run by the same client (`wrk`, one thread). Look at the ratios rather
than at the numbers: machines differ.

| what | Watchroom | peer | ratio / queries |
| --- | ---: | ---: | ---: |
{table}
{missing}
{_large_parts(page)}## How to read it
The gate's figures are those of the whole product under `watchroom serve`, the engine reading the same signals at the same time.
A request waits for its commit (the disk's own time, for all that came meanwhile together), which the peer does not have: it keeps
nothing. With few senders it is not the disk that sets the pace: here a bare loop of 8 KiB and `fdatasync` takes 0.1 ms (median), and a
commit of 16 signals 0.16 ms, which would do for 100,000 signals a second. But 32 senders who all wait for their answers make commits of
some 14 signals each; a commit costs as much computing as writing nine signals more, and two changes of threads, on two cores that client,
gate and engine share. While the gate is flooded, pages of the UI stay fast, which is what the separate processes are for.

## How to repeat it
`make bench` runs everything above and rewrites this page; `make bench ARGS="ingest storm"` runs parts of it and writes nothing.
Some parts are large, run only when they are named, and print their rows:

| part | what |
| --- | --- |
| `signals` | cost of storing, reading and forgetting with 10,000, 1,000,000 and 10,000,000 signals stored (`BENCH_SIGNALS` limits it; 10 GB of disk) |
| `escalations` | 10,000 escalations due in the same second, two engines; with `scripts/with-postgres --durable make bench ARGS=escalations` on PostgreSQL |
| `grown` | fills years of a large company (some ten minutes) and visits every page and every GET of the API; with `scripts/with-postgres make bench ARGS=grown` on PostgreSQL |
| `waiting` | what 1,000,000 waiting escalations cost an idle engine |
""")
