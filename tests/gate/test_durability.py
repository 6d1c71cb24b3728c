"""Accepted means durable: a 2xx is given only after the commit, whatever happens then."""

from __future__ import annotations

import http.client
import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from django.db import connections, router

from gate.running import Running, alert, running_gate
from peers.programs import Program, answers, free_port, wait_until
from watchroom.intake.gate import postgresql, sqlite
from watchroom.intake.gate.sqlite import spool_of
from watchroom.intake.models import Integration, Signal
from watchroom.kernel.settings import current

Make = Callable[..., tuple[Integration, str]]


def test_every_2xx_survives_kill_9(integration: Make, on_postgres: bool, tmp_path: Path) -> None:
    _, key = integration()
    accepted: set[str] = set()
    lay_there = on_postgres
    for round in range(3):
        port = free_port()
        gate = Program(
            [sys.executable, "-m", "watchroom", "gate", "--host", "127.0.0.1", "--port", str(port)],
            log=tmp_path / "gate.log",
        )
        gate.wait_until(lambda port=port: answers(f"http://127.0.0.1:{port}/readyz"))
        enough = threading.Event()
        before = len(accepted)

        def send(
            sender: int, round: int = round, port: int = port, enough: threading.Event = enough, before: int = before
        ) -> None:
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            for number in range(10_000):
                name = f"{round}-{sender}-{number}"
                try:
                    client.request("POST", f"/in/{key}/api/v2/alerts", json.dumps([alert(name)]))
                    answer = client.getresponse()
                    answer.read()
                except (OSError, http.client.HTTPException):
                    return  # killed
                if answer.status == 200:
                    accepted.add(name)
                if len(accepted) - before > 300:
                    enough.set()

        senders = [threading.Thread(target=send, args=(number,)) for number in range(8)]
        for sender in senders:
            sender.start()
        assert enough.wait(60), gate.tail()
        gate.kill()  # in the middle of it
        for sender in senders:
            sender.join()
        if not on_postgres:
            lay_there |= spool_of(current().journal_path).stat().st_size > 0
    with running_gate():  # what the last one had accepted goes into the journal now
        pass
    stored = {
        json.loads(bytes(body))[0]["labels"]["alertname"] for body in Signal.objects.values_list("body", flat=True)
    }
    assert lay_there  # it was killed while something was in the spool, or had just been
    assert len(accepted) > 900
    assert accepted <= stored


def test_503_while_the_table_is_locked(
    integration: Make, on_postgres: bool, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (postgresql, sqlite):
        monkeypatch.setattr(module, "LOCK_WAIT_SECONDS", 0.3)
    gate: Running = request.getfixturevalue("gate")
    _, key = integration()
    assert gate.send(key, [alert("Before")]).status == 200
    with connections[router.db_for_write(Signal) or "default"].cursor() as cursor:
        cursor.execute("BEGIN" if on_postgres else "BEGIN IMMEDIATE")
        if on_postgres:
            cursor.execute("LOCK TABLE intake_signal IN ACCESS EXCLUSIVE MODE")
        answer = gate.send(key, [alert("During")])
        cursor.execute("ROLLBACK")
    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert gate.send(key, [alert("After")]).status == 200
    assert Signal.objects.count() == 2


@pytest.mark.sqlite_only
def test_503_while_the_file_is_away(gate: Running, integration: Make) -> None:
    _, key = integration()
    assert gate.send(key, [alert()]).status == 200
    path = current().journal_path
    path.rename(path.with_suffix(".away"))
    try:
        assert gate.send(key, [alert()]).status == 503
        wait_until(lambda: gate.ask("GET", "/readyz").status == 503, 60, "it is not ready")
        assert gate.ask("GET", "/healthz").status == 200
    finally:
        path.with_suffix(".away").rename(path)
    assert gate.send(key, [alert()]).status == 200
    wait_until(lambda: gate.ask("GET", "/readyz").status == 200, 60, "it is ready again")
    assert Signal.objects.count() == 2


@pytest.mark.sqlite_only
def test_a_full_disk_is_503(integration: Make, gate: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    _, key = integration()
    assert gate.send(key, [alert()]).status == 200
    opened = sqlite.File.open

    def tiny(self: sqlite.File) -> object:
        made = opened(self)
        made.execute("PRAGMA max_page_count = 1")  # SQLite's own way to be full
        return made

    with monkeypatch.context() as patch:
        patch.setattr(sqlite.File, "open", tiny)
        assert gate.send(key, b"[]".ljust(4_000_000)).status == 503
    assert gate.send(key, b"[]".ljust(4_000_000)).status == 200
    assert Signal.objects.count() == 2


@pytest.mark.postgres_only
def test_it_finds_the_server_again(gate: Running, integration: Make) -> None:
    _, key = integration()
    assert gate.send(key, [alert()]).status == 200
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'watchroom gate'"
        )
    accepted = 1 + sum(gate.send(key, [alert()]).status == 200 for _ in range(3))
    assert gate.send(key, [alert()]).status == 200
    assert Signal.objects.count() == accepted + 1


def test_a_full_queue_is_503(gate: Running, integration: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    from watchroom.intake.gate.store import Full, Store

    def full(self: Store, signal: object, done: object) -> None:
        raise Full

    _, key = integration()
    assert gate.send(key, [alert()]).status == 200
    with monkeypatch.context() as patch:
        patch.setattr(Store, "submit", full)
        answer = gate.send(key, [alert()])
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    assert Signal.objects.count() == 1
