"""Start, memory, and the pages of a company with a past."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import threading
import time
import urllib.request

from peers.server import Server

from .load import post_alerts
from .setting import fill, memory_mb
from .table import percentile, row

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


def start_and_memory() -> None:
    server = Server(start_timeout=180)
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
    server = Server(start_timeout=180).start()
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


def storm_beside_pages(server: Server, session: str) -> None:
    """A page of the UI while the gate is flooded: what the separate processes are for."""
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
    server = Server(start_timeout=180).start()
    fill(server)  # an installation without people shows strangers its first page only
    subprocess.run([sys.executable, "-m", "watchroom", "demo"], env=server.env, check=True, stdout=subprocess.DEVNULL)
    for path in ("/status/demo-fernweh", "/status/demo-fernweh/api/v2/summary.json"):
        with urllib.request.urlopen(f"{server.url}{path}", timeout=30) as answer:
            assert "Age" in answer.headers, "this is not from the gate's memory"
        done = subprocess.run(
            ["wrk", "-t1", "-c32", "-d5s", f"{server.url}{path}"], capture_output=True, text=True, check=True
        )
        found = next(line.split()[1] for line in done.stdout.splitlines() if line.startswith("Requests/sec"))
        row(f"{path.replace('demo-fernweh', '…')}, requests/s from the gate's memory", f"{float(found):,.0f}")
    server.stop()
