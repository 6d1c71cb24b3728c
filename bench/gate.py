"""The gate beside Alertmanager: same machine, same run, same client, in turn."""

from __future__ import annotations

import statistics
import time

from peers.alertmanager import Alertmanager
from peers.server import Server

from .load import Result, post_alerts
from .setting import cpu_seconds, fill, unread
from .table import row

CONNECTIONS = (32, 64, 128, 256)
ROUNDS = 3


def ingest() -> None:
    """Alerts a second, one alert a request with more and more senders, and in batches."""
    server, peer = Server(start_timeout=180).start(), Alertmanager().start()
    path = f"/in/{fill(server)['key']}/api/v2/alerts"
    refused, best_of_ours, best_of_theirs = 0, 0.0, 0.0
    for batch, connections in (*((1, each) for each in CONNECTIONS), (64, 32)):
        post_alerts(server.url, path, batch=batch, seconds=1)
        post_alerts(peer.url, "/api/v2/alerts", batch=batch, seconds=1)
        ours: list[Result] = []
        theirs: list[Result] = []
        for _ in range(ROUNDS):  # in turn, so that a change of the machine's speed hits both
            theirs.append(post_alerts(peer.url, "/api/v2/alerts", batch=batch, seconds=4, connections=connections))
            ours.append(post_alerts(server.url, path, batch=batch, seconds=4, connections=connections))
        our, their = (statistics.median(each.alerts_a_second for each in side) for side in (ours, theirs))
        refused += sum(each.refused for each in ours)
        what = "single-alert requests/s" if batch == 1 else f"alerts/s in batches of {batch}"
        row(f"gate: {what}, {connections} connections", f"{our:,.0f}", f"{their:,.0f}", f"{our / their:.2f}")
        row("  p99 under that load", f"{max(e.p99_ms for e in ours):.1f} ms", f"{max(e.p99_ms for e in theirs):.1f} ms")
        if batch == 1:
            best_of_ours, best_of_theirs = max(best_of_ours, our), max(best_of_theirs, their)
        if batch == 1 and connections == 128:
            _half(server, peer, path, our, their)
    row(
        "gate: single-alert requests/s, each with the connections that suit it best",
        f"{best_of_ours:,.0f}",
        f"{best_of_theirs:,.0f}",
        f"{best_of_ours / best_of_theirs:.2f}",
    )
    if refused:
        row("  answers of ours that were not 2xx", str(refused))
    peer.stop()
    server.stop()


def _half(server: Server, peer: Alertmanager, path: str, our: float, their: float) -> None:
    """The same senders with pauses between their requests, so that they send half of what was taken at most."""
    time.sleep(2)
    ours = post_alerts(server.url, path, batch=1, seconds=5, connections=128, rate=our / 2)
    theirs = post_alerts(peer.url, "/api/v2/alerts", batch=1, seconds=5, connections=128, rate=their / 2)
    row(
        f"  p99 at half of that ({ours.alerts_a_second:,.0f} and {theirs.alerts_a_second:,.0f} a second)",
        f"{ours.p99_ms:.1f} ms",
        f"{theirs.p99_ms:.1f} ms",
    )


def known_and_new() -> None:
    """What an alert costs, from the socket until the engine has read it: processor time of all processes."""
    server = Server(start_timeout=180).start()
    path = f"/in/{fill(server)['key']}/api/v2/alerts"
    post_alerts(server.url, path, batch=16, seconds=1, distinct=1000)
    costs = {}
    for what, distinct in (("known", 1000), ("new", 0)):
        _until_read(server)
        before = cpu_seconds(server)
        sent = post_alerts(server.url, path, batch=16, seconds=3, connections=4, distinct=distinct, rate=150)
        _until_read(server)
        costs[what] = (cpu_seconds(server) - before) / (sent.alerts_a_second * 3) * 1e6
    row("processor time of a new alert, read and grouped", f"{costs['new']:.0f} µs")
    row(
        "processor time of a known alert that fires on (peer column: a new one)",
        f"{costs['known']:.0f} µs",
        f"{costs['new']:.0f} µs",
        f"{costs['known'] / costs['new']:.2f}",
    )
    server.stop()


def _until_read(server: Server, seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while unread(server) and time.monotonic() < until:
        time.sleep(0.1)
