"""Every page of a company that has used Watchroom for years: what is listed, searched and counted must stay instant."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from peers.server import Server

from .setting import fill, in_django
from .table import row


def grown() -> None:
    """Fill an installation with years of a large company and visit every page and every GET of the API, as an administrator
    and as a member. Large: only when it is named. On SQLite, or on the database of ``DATABASE_URL``."""
    url = os.environ.get("DATABASE_URL", "")
    server = Server(database_url=url, start_timeout=180)
    fill(server)
    subprocess.run([sys.executable, "-m", "watchroom", "demo"], env=server.env, check=True, stdout=subprocess.DEVNULL)
    began = time.monotonic()
    rows = in_django(server, "from bench.growing import grow\nprint(json.dumps(grow()))", timeout=3600)
    row(f"filling it, {'PostgreSQL' if url else 'SQLite'}", f"{time.monotonic() - began:.0f} s")
    for name, count in rows.items():
        row(f"  {name}", f"{count:,}")
    found = in_django(server, "from bench.visiting import report\nprint(json.dumps(report()))", timeout=3600)
    row("addresses visited as an administrator or a member", f"{found['visits']:,}")
    row("  a visit takes (median)", f"{found['median']:.0f} ms")
    row("  a visit takes (p95)", f"{found['p95']:.0f} ms")
    row("  not visited, because there is no such row", f"{len(found['left'])}")
    row("  that fail, take over 200 ms, ask over 60 times or are over 1 MB", f"{len(found['heavy'])}")
    for path, who, status, queries, ms, kb in found["heavy"]:
        row(
            f"    {path} ({who}{'' if status == 200 else f', answered {status}'})",
            f"{ms:.0f} ms",
            f"{kb:,.0f} kB",
            f"{queries} q",
        )
    server.stop()
