"""From the gate's answer to the provider: one at a time, many groups a second, and a storm in one group."""

from __future__ import annotations

import json
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

from peers.http import Answer, HttpPeer, Request
from peers.server import Server

from .setting import fill, unread
from .table import percentile, row


class Provider:
    """A local provider that notes when each page came, by the number in its alert's name ("Bench 17")."""

    def __init__(self) -> None:
        self.came: dict[int, float] = {}
        self.calls = 0
        self.peer = HttpPeer().start()
        self.peer.otherwise = self._note

    def _note(self, request: Request) -> Answer:
        now = time.perf_counter()
        self.calls += 1
        for word in request.text.split("Bench ")[1:]:
            number = word.split('"')[0].split("\\")[0].split(" ")[0]
            if number.isdigit():
                self.came.setdefault(int(number), now)
        return Answer()

    def wait(self, count: int, seconds: float) -> None:
        until = time.monotonic() + seconds
        while len(self.came) < count and time.monotonic() < until:
            time.sleep(0.001)


_mine = threading.local()


def _post(server: Server, key: str, alerts: list[dict[str, object]]) -> None:
    """As Prometheus does: each sender keeps its connection."""
    if getattr(_mine, "url", None) != server.url:
        _mine.url, _mine.connection = server.url, HTTPConnection(server.url.partition("://")[2], timeout=30)
    headers = {"Content-Type": "application/json"}
    _mine.connection.request("POST", f"/in/{key}/api/v2/alerts", json.dumps(alerts).encode(), headers)
    answer = _mine.connection.getresponse()
    said = answer.read()
    assert answer.status == 200, said


def _alert(number: int, **labels: str) -> dict[str, object]:
    return {"labels": {"alertname": f"Bench {number}", "severity": "critical", **labels}}


def accept_to_provider(count: int = 200) -> None:
    """One new alert group at a time."""
    provider, server = Provider(), Server(start_timeout=180).start()
    filled = fill(server, f"{provider.peer.url}/page", people=50)
    key, services = filled["key"], filled["services"]
    took: list[float] = []
    for number in range(1, count + 1):
        _post(server, key, [_alert(number, service=f"bench-{number % services}")])
        answered = time.perf_counter()
        provider.wait(number, 10)
        took.append((provider.came.get(number, answered + 10) - answered) * 1000)
    row("accept to provider call, one new alert group at a time, p50", f"{percentile(took[10:], 50):.0f} ms")
    row("accept to provider call, one new alert group at a time, p99", f"{percentile(took[10:], 99):.0f} ms")
    server.stop()
    provider.peer.stop()


def many_groups(a_second: int = 200, seconds: int = 10) -> None:
    """New alert groups at a steady pace, each paged to one of many people."""
    provider, server = Provider(), Server(start_timeout=180).start()
    filled = fill(server, f"{provider.peer.url}/page", people=500)
    key, services = filled["key"], filled["services"]
    _post(server, key, [_alert(0, service="bench-0")])
    provider.wait(1, 20)
    answered: dict[int, float] = {}
    sys.setswitchinterval(0.0005)  # senders and provider share this process, and are not what is measured

    def send(number: int) -> None:
        _post(server, key, [_alert(number, service=f"bench-{number % services}")])
        answered[number] = time.perf_counter()

    began = time.perf_counter()
    with ThreadPoolExecutor(16) as pool:
        for number in range(1, a_second * seconds + 1):
            pause = began + number / a_second - time.perf_counter()
            if pause > 0:
                time.sleep(pause)
            pool.submit(send, number)
    sent_in = time.perf_counter() - began
    provider.wait(len(answered) + 1, 60)
    took = [(provider.came[n] - at) * 1000 for n, at in answered.items() if n in provider.came]
    name = f"accept to provider call at {len(answered) / sent_in:.0f} new alert groups a second"
    row(f"{name}, p50", f"{percentile(took, 50):.0f} ms")
    row(f"{name}, p99", f"{percentile(took, 99):.0f} ms")
    if len(took) < len(answered):
        row("  of them not handed over a minute later", str(len(answered) - len(took)))
    server.stop()
    provider.peer.stop()


def storm(count: int = 10_000, batch: int = 50) -> None:
    """Distinct alerts that all belong to one group, as fast as four senders can."""
    provider, server = Provider(), Server(start_timeout=180).start()
    key = fill(server, f"{provider.peer.url}/page")["key"]
    first = threading.Event()
    began = time.perf_counter()

    def send(start: int) -> None:
        _post(server, key, [_alert(1, instance=f"host-{n}") for n in range(start, start + batch)])
        first.set()

    with ThreadPoolExecutor(4) as pool:
        for start in range(0, count, batch):
            pool.submit(send, start)
    provider.wait(1, 60)
    row(f"a storm of {count:,} alerts in one group: first page after", f"{provider.came[1] - began:.2f} s")
    until = time.monotonic() + 120
    while unread(server) and time.monotonic() < until:
        time.sleep(0.1)
    row("  all of them read and grouped after", f"{time.perf_counter() - began:.1f} s")
    time.sleep(2)
    row("  pages sent for it", str(provider.calls))
    server.stop()
    provider.peer.stop()
