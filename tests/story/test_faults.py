"""What machines do to us while alerts come in: processes killed again and again, a database that restarts or can't be reached,
a disk that is full. Accepted is stored, each group pages, no step pages twice, and it goes on by itself."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from peers.cut import Cut
from peers.http import HttpPeer
from peers.nursery import Nursery
from peers.postgres import Postgres
from peers.programs import wait_until
from peers.server import Server
from story.installation import fill, post, read, told

pytestmark = [pytest.mark.peer, pytest.mark.slow]
KILLS = 20
PER_SECOND = 25  # a load, not a flood: each of these becomes a group of its own and a page


class Load:
    """Somebody who sends alerts all the time, each with another name, and remembers what was accepted."""

    def __init__(self, server: Server, key: str) -> None:
        self.server, self.key = server, key
        self.accepted: list[str] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send, daemon=True)

    def _send(self) -> None:
        number = 0
        while not self._stop.wait(1 / PER_SECOND):
            number += 1
            if post(self.server, self.key, f"Alert{number}"):
                self.accepted.append(f"Alert{number}")

    def more(self, count: int = 3, seconds: float = 60) -> None:
        """Until so many more have been accepted."""
        wanted = len(self.accepted) + count
        wait_until(lambda: len(self.accepted) >= wanted, seconds, "alerts are accepted")

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


@contextmanager
def installation(hook: HttpPeer, database_url: str = "") -> Iterator[tuple[Server, str, Nursery]]:
    """A database with somebody who is paged at ``hook``, the key to it, and what starts gates and engines for it."""
    server = Server(
        database_url=database_url, WATCHROOM_BUNDLE_PAGES="false"
    )  # one message a page: they can be counted
    try:
        key = fill(server, hook.url, wait_seconds=3600)
        with Nursery(server) as nursery:
            yield server, key, nursery
    finally:
        print(f"--- log\n{server.log[-20_000:]}")
        server.stop()


def sent(hook: HttpPeer) -> Counter[str]:
    """How often each notification reached the provider; a repeat carries the same key."""
    return Counter(request.headers["idempotency-key"] for request in hook.requests)


def paged(hook: HttpPeer) -> set[str]:
    """The alerts that somebody was paged for."""
    return {str(request.json()["title"]) for request in hook.requests}


def the_books_are_right(server: Server, hook: HttpPeer, accepted: list[str], *, seconds: float = 120) -> dict[str, Any]:
    """Whatever was accepted is stored, is one group with one escalation, and has paged; nothing but what was cut off while
    it was being sent came twice, and that under the same key."""
    wait_until(lambda: len(sent(hook)) >= len(accepted), seconds, "each accepted alert has paged somebody")
    found: dict[str, Any] = {}

    def settled() -> bool:
        found.update(read(server))
        return found["pending"] == 0 and found["unsent"] == 0 and len(sent(hook)) == found["groups"]

    wait_until(settled, seconds, "all is read and sent")
    assert set(accepted) <= set(found["alerts"]), "accepted means stored"
    assert len(found["alerts"]) == len(set(found["alerts"])) == found["groups"] == found["escalations"]
    assert found["pages"] == found["groups"] == len({tuple(each) for each in found["steps"]}), "a step paged twice"
    assert found["sent"] == found["pages"]
    twice = {key for key, count in sent(hook).items() if count > 1}
    assert twice <= set(found["tried_again"]), "sent again although nothing had been cut off"
    return found


def test_gate_and_engine_killed_twenty_times_under_load(http_peer: HttpPeer, database_server: str) -> None:
    with installation(http_peer, database_server) as (server, key, nursery):
        with Load(server, key) as load:
            for number in range(KILLS):
                both = nursery.gate(), nursery.engine()
                load.more()
                before = len(http_peer.requests)
                if number % 3:  # most of the time in the middle of sending, else in the middle of starting
                    wait_until(lambda before=before: len(http_peer.requests) > before, 60, "the engine sends")
                nursery.kill9(*both)
            nursery.gate()
            nursery.engine()
            load.more()
        the_books_are_right(server, http_peer, load.accepted)


@pytest.mark.sqlite_only
def test_a_full_disk_is_a_clear_503_and_passes(http_peer: HttpPeer) -> None:
    """No file may grow, as on a disk that is full: nothing is accepted that can't be kept, nobody has to be restarted."""
    with installation(http_peer) as (server, key, nursery):
        both = nursery.gate(), nursery.engine()
        accepted: list[str] = []

        def takes(name: str) -> bool:
            if post(server, key, name):
                accepted.append(name)
            return bool(accepted) and accepted[-1] == name

        wait_until(lambda: takes("Before"), 60, "it takes alerts")
        http_peer.wait_for(lambda request: request.path == "/anna", timeout=60)
        for round in range(2):
            nursery.fill_disk(*both, at=4096)
            statuses = []
            for number in range(5):
                status, headers = told(server, key, f"Full{round}-{number}", seconds=30)
                statuses.append(status)
                assert status == 503 and int(headers["retry-after"]) > 0, statuses
            nursery.fill_disk(*both, at=None)
            wait_until(lambda round=round: takes(f"After{round}"), 60, "it takes alerts again")
        assert all(map(nursery.lives, both))
        found = the_books_are_right(server, http_peer, sorted(set(accepted)))
        assert not any(name.startswith("Full") for name in found["alerts"]), "refused, and stored all the same"


@pytest.mark.postgres_only
def test_a_database_that_starts_again_under_gate_and_engine_loses_nothing(http_peer: HttpPeer) -> None:
    """First by its operator, then after a crash."""
    with Postgres(durable=True) as database, installation(http_peer, database.url()) as (server, key, nursery):
        both = nursery.gate(), nursery.engine()
        with Load(server, key) as load:
            for crash in (False, True):
                load.more(10)
                database.down(crash=crash)
                status, headers = told(server, key, "WhileItIsAway", seconds=30)
                assert status == 503 and int(headers["retry-after"]) > 0
                database.resume()
                load.more(10)
        assert all(map(nursery.lives, both)), "nobody had to be restarted"
        found = the_books_are_right(server, http_peer, load.accepted)
        assert "WhileItIsAway" not in found["alerts"]


@pytest.mark.postgres_only
def test_of_three_engines_one_is_killed_and_one_is_cut_off(http_peer: HttpPeer, database_server: str) -> None:
    """The third takes over within seconds; the one that was cut off goes on when the way is mended."""
    with installation(http_peer, database_server) as (server, key, nursery):
        way = Cut.to(server.env["DATABASE_URL"])
        try:
            nursery.gate()
            killed, cut_off, third = nursery.engine(), nursery.engine(database=way.url), nursery.engine()
            with Load(server, key) as load:
                load.more(10)
                wait_until(lambda: len(http_peer.requests) > 3, 60, "they send")
                nursery.kill9(killed)
                load.more(10)
                way.cut()
                load.more(10)
            the_books_are_right(server, http_peer, load.accepted)
            assert nursery.lives(cut_off) and nursery.lives(third)
            way.mend()
            nursery.kill9(third)  # now only the one that had been cut off is left
            assert post(server, key, "Last")
            accepted = [*load.accepted, "Last"]
            the_books_are_right(server, http_peer, accepted)
        finally:
            way.close()
