"""`watchroom serve` as its users run it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from peers.postgres import Postgres, new_database
from peers.programs import Program, answers, free_port, wait_until

if TYPE_CHECKING:
    from peers.server import Server

_PATIENT_SECONDS = 150  # whole programs, on a machine that may have other work


@pytest.mark.peer
@pytest.mark.slow
def test_each_process_comes_back_and_all_end(start_server: Callable[..., Server]) -> None:
    server = start_server(fresh=True)
    assert len(server.processes()) >= 4
    for part in ("watchroom web", "watchroom engine", "watchroom gate"):
        (killed,) = server.kill9(part)
        wait_until(
            lambda part=part, killed=killed: any(
                part in command and pid != killed for pid, command in server.processes().items()
            ),
            60,
            f"{part} runs again",
        )
        wait_until(lambda: answers(f"{server.url}/readyz"), 60, "it is ready again")
    assert server.end() == 0
    assert not server.processes()


@pytest.mark.peer
@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="only Linux lets a program say where it runs")
def test_only_the_gate_stays_on_one_processor(start_server: Callable[..., Server]) -> None:
    server = start_server(fresh=True)
    ours = os.sched_getaffinity(0)
    where = {command: os.sched_getaffinity(pid) for pid, command in server.processes().items()}
    for command, processors in where.items():
        if "watchroom gate" in command:
            assert len(processors) == 1 and processors <= ours
        else:
            assert processors == ours


@pytest.mark.peer
@pytest.mark.slow
@pytest.mark.sqlite_only
def test_it_begins_while_the_database_is_away_and_looks_at_it_when_it_is_back(tmp_path: Path) -> None:
    """Status pages are answered from what the gate has kept, also after a restart in the middle of an outage; nothing
    else begins before somebody has looked whether the tables are those of this version."""
    with Postgres() as postgres:
        refused = watchroom("serve", "--port", str(free_port()), database=postgres.url("nobody_made_it"), data=tmp_path)
        assert refused.process.wait(_PATIENT_SECONDS) == 1  # a database that does not let us in is no outage
        assert "can't be used" in refused.tail() and '"nobody_made_it" does not exist' in refused.tail()
        assert "is away" not in refused.tail() and "Traceback" not in refused.tail()

        fresh = new_database(postgres.url(), "fresh")
        postgres.down()
        port = free_port()
        server = watchroom("serve", "--port", str(port), database=fresh, data=tmp_path)
        try:
            server.wait_until(lambda: answers(f"http://127.0.0.1:{port}/healthz"), _PATIENT_SECONDS)
            assert "The database is away" in server.tail()
            postgres.resume()
            # Web and engine each say it, end, and begin by themselves once somebody has migrated.
            server.wait_until(
                lambda: server.tail().count("Run `watchroom migrate` on one node first.") >= 2, _PATIENT_SECONDS
            )
            assert "The engine runs" not in server.tail()
            assert "Traceback" not in server.tail()
        finally:
            server.stop()


def watchroom(*arguments: str, database: str, data: Path) -> Program:
    env = {**os.environ, "DATABASE_URL": database, "WATCHROOM_DATA": str(data), "XDG_RUNTIME_DIR": str(data)}
    command = [sys.executable, "-m", "watchroom", *arguments]
    return Program(command, log=data / f"{free_port()}.log", env=env)
