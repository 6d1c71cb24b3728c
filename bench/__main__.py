"""Run every benchmark and write docs/benchmarks.md."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from peers.alertmanager import Alertmanager
from peers.http import HttpPeer
from peers.server import Server

from . import room as rooms
from .load import post_alerts
from .setting import cores, fill, memory_mb

ROWS: list[tuple[str, str, str, str]] = []
PAGES = (
    "/",
    "/alerts",
    "/alerts/{group}",
    "/incidents",
    "/incidents/{incident}",
    "/schedules",
    "/services",
    "/postmortems",
    "/actions",
)


def row(what: str, ours: str, peer: str = "", ratio: str = "") -> None:
    """One line of the table, printed at once."""
    ROWS.append((what, ours, peer, ratio))
    print(f"{what:<58} {ours:>18} {peer:>18} {ratio:>8}", flush=True)


def percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1] if len(values) > 1 else values[0]


def start_and_memory() -> None:
    server = Server()
    server.start()  # the first start makes the database
    server.end()
    took = []
    for _ in range(3):
        began = time.monotonic()
        server.start()
        took.append(time.monotonic() - began)
        if len(took) < 3:
            server.end()
    row("cold start to ready (median of 3)", f"{statistics.median(took):.1f} s")
    row("memory at rest, all processes", f"{memory_mb(server):.0f} MB")
    server.stop()


def ingest() -> None:
    for batch in (1, 64):
        server = Server().start()
        key = fill(server)["key"]
        peer = Alertmanager().start()
        post_alerts(server.url, f"/in/{key}/api/v2/alerts", batch=batch, seconds=2)
        post_alerts(peer.url, "/api/v2/alerts", batch=batch, seconds=2)
        ours, theirs = [], []
        for _ in range(3):  # in turn, so that a change of the machine's speed hits both
            theirs.append(post_alerts(peer.url, "/api/v2/alerts", batch=batch, seconds=5))
            ours.append(post_alerts(server.url, f"/in/{key}/api/v2/alerts", batch=batch, seconds=5))
        our, their = (statistics.median(each.alerts_a_second for each in side) for side in (ours, theirs))
        refused = sum(each.refused for each in ours)
        name = "single-alert requests/s" if batch == 1 else f"alerts/s in batches of {batch}"
        row(f"gate: {name}, durable (Alertmanager: in memory)", f"{our:,.0f}", f"{their:,.0f}", f"{our / their:.2f}")
        row("  p99 under that load", f"{max(e.p99_ms for e in ours):.1f} ms", f"{max(e.p99_ms for e in theirs):.1f} ms")
        if refused:
            row("  answers that were not 2xx", str(refused))
        server.stop()
        peer.stop()


def accept_to_provider(count: int = 200) -> None:
    hook = HttpPeer().start()
    server = Server().start()
    key = fill(server, f"{hook.url}/page")["key"]
    took: list[float] = []
    for number in range(count):
        seen = len(hook.requests)
        body = json.dumps([{"labels": {"alertname": f"Bench {number}", "severity": "critical"}}]).encode()
        request = urllib.request.Request(
            f"{server.url}/in/{key}/api/v2/alerts", data=body, headers={"Content-Type": "application/json"}
        )
        began = time.perf_counter()
        urllib.request.urlopen(request, timeout=10).read()
        while len(hook.requests) == seen:
            time.sleep(0.0005)
        if number >= 10:
            took.append((time.perf_counter() - began) * 1000)
    row("accept to provider call, new alert group, p50", f"{percentile(took, 50):.0f} ms")
    row("accept to provider call, new alert group, p99", f"{percentile(took, 99):.0f} ms")
    server.stop()
    hook.stop()


_QUERIES = """
import django, json, sys
django.setup()
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from watchroom.accounts.models import Person
from watchroom.incidents.models import Incident
from watchroom.intake.models import AlertGroup
client = Client(HTTP_HOST="127.0.0.1")
client.force_login(Person.objects.get(email="bench@example.org"), backend="allauth.account.auth_backends.AuthenticationBackend")
ids = {"group": AlertGroup.objects.order_by("-id")[5].pk, "incident": Incident.objects.order_by("-id").first().pk}
found = {}
for page in json.loads(sys.argv[1]):
    path = page.format(**ids)
    client.get(path)
    with CaptureQueriesContext(connection, ) as seen:
        assert client.get(path).status_code == 200, path
    found[path] = len(seen)
print(json.dumps(found))
"""


def pages() -> None:
    server = Server().start()
    session = fill(server)["session"]
    began = time.monotonic()
    server.cli("demo")
    row("filling the made-up company", f"{time.monotonic() - began:.1f} s")
    done = subprocess.run(
        [sys.executable, "-c", _QUERIES, json.dumps(PAGES)],
        capture_output=True,
        text=True,
        env={**server.env, "DJANGO_SETTINGS_MODULE": "watchroom.settings"},
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    for path, queries in json.loads(done.stdout.splitlines()[-1]).items():
        took = []
        for _ in range(40):
            request = urllib.request.Request(f"{server.url}{path}", headers={"Cookie": f"sessionid={session}"})
            began = time.perf_counter()
            urllib.request.urlopen(request, timeout=30).read()
            took.append((time.perf_counter() - began) * 1000)
        row(f"page {path} (made-up company), p95", f"{percentile(took[5:], 95):.0f} ms", "", f"{queries} q")
    storm_beside_pages(server, session)
    server.stop()


def room() -> None:
    rooms.room(row, percentile)


def storm_beside_pages(server: Server, session: str) -> None:
    """A page of the UI while the gate is flooded: what the separate processes are for."""
    import threading

    key_of = subprocess.run(
        [
            sys.executable,
            "-c",
            "import django; django.setup()\nfrom watchroom.intake.commands import rotate_key\n"
            "from watchroom.intake.models import Integration\nfrom watchroom.accounts.actors import SYSTEM\n"
            "print(rotate_key(SYSTEM, Integration.objects.get(slug='bench')))",
        ],
        env={**server.env, "DJANGO_SETTINGS_MODULE": "watchroom.settings"},
        capture_output=True,
        text=True,
        check=True,
    )
    key = key_of.stdout.split()[-1]
    time.sleep(1)
    storm = threading.Thread(
        target=post_alerts, args=(server.url, f"/in/{key}/api/v2/alerts"), kwargs={"batch": 8, "seconds": 8}
    )
    storm.start()
    time.sleep(1)
    took = []
    while storm.is_alive() and len(took) < 200:
        request = urllib.request.Request(f"{server.url}/alerts", headers={"Cookie": f"sessionid={session}"})
        began = time.perf_counter()
        urllib.request.urlopen(request, timeout=30).read()
        took.append((time.perf_counter() - began) * 1000)
    storm.join()
    row("page /alerts during a storm at the gate, p95", f"{percentile(took, 95):.0f} ms")


def readers() -> None:
    """A public status page under as many readers as one load thread makes; on one core, where the machine lets us."""
    server = Server().start()
    subprocess.run([sys.executable, "-m", "watchroom", "demo"], env=server.env, check=True, stdout=subprocess.DEVNULL)
    for path in ("/status/demo-fernweh", "/status/demo-fernweh/api/v2/summary.json"):
        urllib.request.urlopen(f"{server.url}{path}", timeout=30).read()
        done = subprocess.run(
            ["wrk", "-t1", "-c32", "-d5s", f"{server.url}{path}"], capture_output=True, text=True, check=True
        )
        found = next(line.split()[1] for line in done.stdout.splitlines() if line.startswith("Requests/sec"))
        row(f"{path.replace('demo-fernweh', '…')}, requests/s from the gate's memory", f"{float(found):,.0f}")
    server.stop()


def write() -> None:
    table = "\n".join(f"| {what} | {ours} | {peer} | {ratio} |" for what, ours, peer, ratio in ROWS)
    Path("docs/benchmarks.md").write_text(f"""# Benchmarks
Made by `make bench` (it needs `wrk`; Debian: `apt-get install wrk`). {cores()} cores shared by client, server and peer, SQLite with
`synchronous=FULL`: every 2xx of Watchroom is sent after a durable commit. The peer is Debian's `prometheus-alertmanager`, which
keeps alerts in memory; both are measured in turn in the same run by the same client (one thread, 32 connections). Look at the
ratios rather than at the numbers: machines differ.

| what | Watchroom | Alertmanager | ratio / queries |
| --- | ---: | ---: | ---: |
{table}

The gate's figures are those of the whole product under `watchroom serve`, the engine reading the same signals at the same time.
Single requests wait for their commit (some two milliseconds on this disk, for all that came meanwhile together), which the peer
does not have: it keeps nothing. While the gate is flooded, pages of the UI stay fast (last line), which is what the separate
processes are for.
""")


if __name__ == "__main__":
    for part in (start_and_memory, ingest, accept_to_provider, pages, room, readers):
        if len(sys.argv) < 2 or part.__name__ in sys.argv[1:]:
            part()
    if len(sys.argv) < 2:
        write()
