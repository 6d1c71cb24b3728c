"""The supervisor with children that do nothing, and the ports."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from peers.programs import Program, free_port, wait_until
from watchroom.serving.ports import CannotListen, listen

CHILD = """
import os, signal, sys, time
from watchroom.serving.parent import die_with_parent
die_with_parent()
def end(*_):
    open(sys.argv[1] + ".ended", "a").write(f"{time.monotonic_ns()}\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
open(sys.argv[1] + ".pids", "a").write(f"{os.getpid()}\\n")
while True:
    time.sleep(60)
"""
PARENT = """
import logging, sys
from watchroom.serving.serve import Supervisor
logging.basicConfig(level=logging.INFO)
sys.exit(Supervisor({name: [sys.executable, "-c", sys.argv[2], sys.argv[1] + "/" + name] for name in ("gate", "web")}).run())
"""


def pids(home: Path, name: str) -> list[int]:
    path = home / f"{name}.pids"
    return [int(line) for line in path.read_text().splitlines()] if path.exists() else []


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Program]:
    program = Program([sys.executable, "-c", PARENT, str(tmp_path), CHILD], log=tmp_path / "log")
    wait_until(lambda: bool(pids(tmp_path, "gate") and pids(tmp_path, "web")), 60, "both have started")
    yield program
    program.stop()


def test_who_dies_is_started_again(supervisor: Program, tmp_path: Path) -> None:
    (first,) = pids(tmp_path, "web")
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: len(pids(tmp_path, "web")) == 2, 60, "web has started again")
    assert len(pids(tmp_path, "gate")) == 1
    assert f"web (process {first}) was ended by SIGKILL" in supervisor.tail()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_its_children_the_gate_first(supervisor: Program, tmp_path: Path, number: signal.Signals) -> None:
    os.kill(supervisor.pid, number)
    assert supervisor.process.wait(60) == 0
    gate, web = (int((tmp_path / f"{name}.ended").read_text()) for name in ("gate", "web"))
    assert gate < web


def test_nobody_outlives_it(supervisor: Program, tmp_path: Path) -> None:
    children = pids(tmp_path, "gate") + pids(tmp_path, "web")
    os.kill(supervisor.pid, signal.SIGKILL)
    supervisor.process.wait(60)
    wait_until(lambda: not any(map(is_running, children)), 60, "they have ended too")


def test_a_port_in_use_is_said_in_one_line() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen, match=f"Port {port} is in use"):
            listen("127.0.0.1", port, patience_seconds=0)
        for command in ("serve", "gate", "web"):
            done = subprocess.run(
                [sys.executable, "-m", "watchroom", command, "--host", "127.0.0.1", "--port", str(port)],
                capture_output=True, text=True, timeout=60,
            )  # fmt: skip
            assert done.returncode == 1
            assert f"Port {port} is in use" in done.stderr
            assert "Traceback" not in done.stderr


def test_a_port_that_becomes_free_is_taken() -> None:
    port = free_port()
    import threading

    taken = listen("127.0.0.1", port)
    threading.Timer(0.3, taken.close).start()
    listen("127.0.0.1", port, patience_seconds=20).close()


def test_an_address_of_somebody_else() -> None:
    with pytest.raises(CannotListen, match="can't listen"):
        listen("192.0.2.1", 0)
    with listen("::", 0) as both, socket.create_connection(("127.0.0.1", both.getsockname()[1]), 5):
        pass


def test_the_gate_does_without_django() -> None:
    code = (
        "import sys; from watchroom.serving.gate import build; from watchroom.serving import serve, web, engine; "
        "from watchroom.live.hub import Hub; from watchroom.kernel.settings import current; build(current(), Hub()); "
        "sys.exit('django' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
