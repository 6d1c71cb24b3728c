"""`kill -9` at any point and a restart: nothing that was accepted is lost, and no step pages anybody twice."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

import pytest

from peers.http import HttpPeer
from peers.programs import wait_until
from peers.server import Server
from story.installation import fill, later, post, read

pytestmark = [pytest.mark.peer, pytest.mark.slow]
KILLS = 2  # of all of `watchroom serve`; test_faults.py kills gate and engine twenty times


def keys(hook: HttpPeer) -> Counter[str]:
    """How often each notification reached the provider; a repeat carries the same key."""
    return Counter(request.headers["idempotency-key"] for request in hook.requests)


def test_all_processes_killed_again_and_again_under_load(
    start_server: Callable[..., Server], http_peer: HttpPeer
) -> None:
    server = start_server(WATCHROOM_BUNDLE_PAGES="false")  # one message a page, so that messages can be counted
    key = fill(server, http_peer.url, wait_seconds=3600)
    accepted: list[str] = []
    stop = threading.Event()

    def send() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            if post(server, key, f"Alert{number}"):
                accepted.append(f"Alert{number}")
            stop.wait(0.02)  # a load, not a flood: each of these becomes a group of its own and a page

    sender = threading.Thread(target=send)
    sender.start()
    for _ in range(KILLS):
        before = len(accepted)
        wait_until(lambda before=before: len(accepted) > before + 5, 60, "the gate accepts alerts")
        server.kill9()
        server.restart()
    stop.set()
    sender.join()
    wait_until(lambda: read(server)["pending"] == 0, 60, "the engine has read all signals")
    found = read(server)
    assert set(accepted) <= set(found["alerts"])  # accepted means durable
    assert found["groups"] == found["escalations"] == len(set(found["alerts"]))
    # A message that was on its way when the process died is tried again, under the same key, when its lease is over.
    wait_until(lambda: len(keys(http_peer)) == found["groups"], 120, "every group has paged somebody")
    repeated = [name for name, times in keys(http_peer).items() if times > 1]
    assert len(repeated) <= KILLS * 32  # only what was being sent at a kill, never a step taken again


def test_an_engine_killed_between_two_steps_goes_on_where_it_was(
    start_server: Callable[..., Server], http_peer: HttpPeer
) -> None:
    server = start_server()
    key = fill(server, http_peer.url, wait_seconds=3600)
    assert post(server, key, "CheckoutSlow")
    http_peer.wait_for(lambda request: request.path == "/anna")
    wait_until(lambda: read(server)["unsent"] == 0, 60, "the first message is in the book")
    server.kill9()
    later(server, 3600)
    server.restart()
    http_peer.wait_for(lambda request: request.path == "/ben", timeout=60)
    assert [request.path for request in http_peer.requests] == ["/anna", "/ben"]


def test_the_engine_alone_is_started_again_by_serve(start_server: Callable[..., Server], http_peer: HttpPeer) -> None:
    server = start_server()
    key = fill(server, http_peer.url, wait_seconds=3600)
    server.kill9("watchroom engine")
    assert post(server, key, "WhileItIsAway")
    http_peer.wait_for(lambda request: request.path == "/anna", timeout=60)
