"""The room of an incident with a long log: how fast the server makes it, a browser shows it, and a line travels."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

from peers.chromium import Chromium
from peers.server import Server

from .setting import fill

LINES = 5_000
_SCRIPT = f"""
import django, json, random
django.setup()
from datetime import timedelta
from watchroom.accounts.models import Person
from watchroom.incidents.models import Incident, LogEntry
from watchroom.kernel import clock
incident, people, chance = Incident.objects.order_by("-id").first(), list(Person.objects.all()[:8]), random.Random(1)
begun = clock.now() - timedelta(hours=5)
kinds = ("note", "action", "result", "symptom", "decision", "system")
LogEntry.objects.bulk_create(
    (
        LogEntry(incident=incident, kind=chance.choice(kinds), text=f"Line {{n}}: the pool is at {{chance.randint(40, 99)}} %",
            author=chance.choice(people), at=at, written_at=at, changed_at=at)
        for n in range({LINES}) for at in [begun + timedelta(seconds=3 * n)]
    ),
    batch_size=500,
)
for n in range(12):
    LogEntry.objects.create(incident=incident, kind="hypothesis", text=f"Idea {{n}}", author=people[0], at=begun,
        written_at=begun, standing=("open", "testing", "confirmed", "ruled_out")[n % 4])
print(json.dumps({{"incident": incident.pk}}))
"""


def room(row: Callable[..., None], percentile: Callable[[list[float], int], float]) -> None:
    """Three lines of the table."""
    server = Server().start()
    session = fill(server)["session"]
    server.cli("demo")
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT],
        capture_output=True,
        text=True,
        check=True,
        env={**server.env, "DJANGO_SETTINGS_MODULE": "watchroom.settings"},
    )
    path = f"/incidents/{json.loads(done.stdout.splitlines()[-1])['incident']}"
    took = []
    for _ in range(60):
        request = urllib.request.Request(f"{server.url}{path}", headers={"Cookie": f"sessionid={session}"})
        began = time.perf_counter()
        urllib.request.urlopen(request, timeout=30).read()
        took.append((time.perf_counter() - began) * 1000)
    row(f"room with {LINES:,} lines, p95", f"{percentile(took[5:], 95):.0f} ms")
    chromium = Chromium(Path("artifacts")).start()
    try:
        _in_browser(chromium, server, session, path, row, percentile)
    finally:
        chromium.stop()
        server.stop()


def _in_browser(
    chromium: Chromium,
    server: Server,
    session: str,
    path: str,
    row: Callable[..., None],
    percentile: Callable[[list[float], int], float],
) -> None:
    def person() -> Page:
        context = chromium.context(server.url)
        context.add_cookies([{"name": "sessionid", "value": session, "url": server.url}])
        return context.new_page()

    writer, reader = person(), person()
    session_of = writer.context.new_cdp_session(writer)
    session_of.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    painted = []
    for _ in range(7):
        writer.goto(path, wait_until="load")
        painted.append(writer.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"))
    row("room, first contentful paint, CPU slowed down 4x, median of 7", f"{sorted(painted)[3]:.0f} ms")
    session_of.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    reader.goto(path)
    reader.wait_for_selector("[data-connection][data-state=live]", state="attached")
    # Both pages share the clock of this machine.
    seen = """(text) => new Promise((done) => {
        const log = document.getElementById("log"), look = () => log.textContent.includes(text) && done(Date.now());
        new MutationObserver(look).observe(log, { childList: true });
    })"""
    took = []
    for number in range(20):
        text = f"Travelling line {number}."
        reader.evaluate(f"window.waiting = ({seen})({json.dumps(text)}); null")
        writer.fill("#compose-text", text)
        began = writer.evaluate(
            "() => { const now = Date.now(); document.getElementById('compose').requestSubmit(); return now; }"
        )
        took.append(float(reader.evaluate("window.waiting")) - began)
    row("a line of the log, from writing to another reader's screen, p50", f"{percentile(took, 50):.0f} ms")
    row("a line of the log, from writing to another reader's screen, p95", f"{percentile(took, 95):.0f} ms")
