"""The room of an incident with a long log: how fast the server makes it, a browser shows it, and a line travels."""

from __future__ import annotations

import asyncio
import html
import json
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import httpx
from playwright.sync_api import Page

from peers.chromium import Chromium
from peers.server import Server

from .setting import fill

LINES = 5_000
CROWD = 200
RE_READ = 60
_SCRIPT = f"""
import django, json, random
django.setup()
from datetime import timedelta
from watchroom.accounts.actors import acting
from watchroom.accounts.commands import make_token
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
bench = Person.objects.get(email="bench@example.org")
from django.contrib.sessions.backends.db import SessionStore
from watchroom.live import tokens
zones = ("UTC", "Europe/Berlin", "America/New_York")
crowd = Person.objects.bulk_create(
    [Person(email=f"reader{{n}}@example.org", name=f"Reader {{n}}", role=(10, 20)[n % 2], timezone=zones[n % 3], password="!") for n in range({CROWD})]
)
readers = []
for each in crowd:
    session = SessionStore()
    session["_auth_user_id"] = str(each.pk)
    session["_auth_user_backend"] = "allauth.account.auth_backends.AuthenticationBackend"
    session["_auth_user_hash"] = each.get_session_auth_hash()
    session.save()
    readers.append([session.session_key, tokens.token(each.pk, ["*"])])
print(json.dumps({{"incident": incident.pk, "token": make_token(acting(bench), name="bench", scope="admin")[1], "readers": readers}}))
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
    made = json.loads(done.stdout.splitlines()[-1])
    path = f"/incidents/{made['incident']}"
    took = []
    for _ in range(60):
        request = urllib.request.Request(f"{server.url}{path}", headers={"Cookie": f"sessionid={session}"})
        began = time.perf_counter()
        urllib.request.urlopen(request, timeout=30).read()
        took.append((time.perf_counter() - began) * 1000)
    row(f"room with {LINES:,} lines, p95", f"{percentile(took[5:], 95):.0f} ms")
    crowd = asyncio.run(_crowd(server.url, path, session, made["token"], made["readers"]))
    row(f"a line of the log, until each of {CROWD} readers at once has it, p50", f"{percentile(crowd, 50):.0f} ms")
    row("  p95", f"{percentile(crowd, 95):.0f} ms")
    crowd = asyncio.run(_crowd(server.url, path, session, made["token"], made["readers"], storm=RE_READ))
    row(f"the same while {RE_READ} of them re-read the whole room, p95", f"{percentile(crowd, 95):.0f} ms")
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


async def _crowd(
    url: str, path: str, session: str, token: str, readers: list[list[str]], *, storm: int = 0
) -> list[float]:
    """Readers who do what the page does, each a person of their own in one of three time zones: listen, take the lines that
    come along, and ask where only the topic comes. Milliseconds from the writing of each of some lines until each of them
    has it; the readers take their time on the same two cores. ``storm``: so many of them re-read the rest of the room at the
    same time, as after a change of its state."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=CROWD)
    took: list[float] = []
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=60) as client:
        page = html.unescape((await client.get(path, headers={"Cookie": f"sessionid={session}"})).text)
        log = re.search(r'id="log" data-live-log data-incident="(\d+)" data-url="([^"]+)" data-since="([^"]+)"', page)
        assert log, "the page is not what it was"
        topic, address = f'"incident:{log[1]}:log"', log[2]
        written: dict[str, float] = {}
        listening = asyncio.Semaphore(0)

        async def reader(session: str, live: str) -> None:
            since, missing, cookie = log[3], set(range(5)), {"Cookie": f"sessionid={session}"}
            asked = {"token": live, "log": log[1], "since": since}
            async with client.stream("GET", "/live", params=asked, headers=cookie) as stream:
                listening.release()
                async for line in stream.aiter_lines():
                    text = line if '"html"' in line else ""
                    if topic in line or '"*"' in line:
                        headers = {"HX-Request": "true", **cookie}
                        answer = await client.get(address, params={"since": since}, headers=headers)
                        since, text = answer.headers.get("X-Since", since), answer.text
                    for number in [each for each in missing if f"Line for the crowd {storm}.{each}." in text]:
                        took.append((time.perf_counter() - written[str(number)]) * 1000)
                        missing.discard(number)
                    if not missing:
                        return

        tasks = [asyncio.create_task(reader(*each)) for each in readers]
        for _ in range(CROWD):
            await listening.acquire()
        await asyncio.sleep(2)

        async def re_read(session: str) -> None:
            for part in ("top", "side"):
                headers = {"HX-Request": "true", "Cookie": f"sessionid={session}"}
                await client.get(path, params={"part": part}, headers=headers)

        tasks += [asyncio.create_task(re_read(session)) for session, _ in readers[:storm]]
        for number in range(5):
            written[str(number)] = time.perf_counter()
            await client.post(
                f"/api/v1{path}/log",
                json={"kind": "note", "text": f"Line for the crowd {storm}.{number}."},
                headers={"Authorization": f"Bearer {token}"},
            )
            await asyncio.sleep(1 if storm else 3)
        await asyncio.wait_for(asyncio.gather(*tasks), 60)
    return took
